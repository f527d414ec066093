// Kernels of gates that choose among slots of a function and two wires: plain data and function
// pointers, as in kernel.h and for the same reason.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "train/tile_shape.h"

namespace gategrad::train {

struct Slots {
  const int64_t* wires;   // (2, n, k)
  const int64_t* tables;  // (n, k), truth tables below 16
  size_t n, k;
};

template <typename S>
struct SlotKernels {
  // Wires (2, n) and tables (n) of the slots of the largest of k logits, the first of equal ones,
  // gates [begin, end).
  void (*choose)(const Slots&, const S* logits, size_t begin, size_t end, int64_t* wires,
                 int64_t* tables);
  // The row of each gate in [begin, end) = sum over k of share[g, k] * the slot's value; shares are 1
  // where null.
  void (*mix)(const Slots&, const S* share, const TileShape&, const S* tile, size_t begin, size_t end,
              S* rows);
  // Adds the products of the gates' rows with the values of each of their slots to sums (n, k),
  // gates [begin, end).
  void (*products)(const Slots&, const TileShape&, const S* tile, const S* rows, size_t begin,
                   size_t end, S* sums);
  // In place of the products d of gates [begin, end): q (d - sum q d), q being their shares.
  void (*through_softmax)(const S* share, size_t k, size_t begin, size_t end, S* d);
  // Adds share[g, k] * the gate's row * the derivatives of the slot's value, at the values of `tile`,
  // to the rows of `grad` that both wires name, all gates; shares are 1 where null.
  void (*scatter)(const Slots&, const S* share, const TileShape&, const S* tile, const S* rows,
                  S* grad);
};

}  // namespace gategrad::train
