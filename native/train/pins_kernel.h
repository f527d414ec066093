// Kernels of pins that choose among candidate wires, for values of any kind: plain data and function
// pointers, as in kernel.h and for the same reason.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "train/tile_shape.h"

namespace gategrad::train {

struct PinWires {
  const int32_t* candidates;  // (n, k)
  size_t k;
};

template <typename S>
struct PinKernels {
  // wires[p] = the candidate of the largest of k logits, the first of equal ones, pins [begin, end).
  void (*choose)(const PinWires&, const S* logits, size_t begin, size_t end, int32_t* wires);
  // The row of each pin in [begin, end) = sum over k of share[p, k] * tile[candidate[p, k]].
  void (*mix)(const PinWires&, const S* share, const TileShape&, const S* tile, size_t begin,
              size_t end, S* rows);
  // Adds the products of the pins' rows with each of their candidates to sums (n, k), pins
  // [begin, end).
  void (*products)(const PinWires&, const TileShape&, const S* tile, const S* rows, size_t begin,
                   size_t end, S* sums);
  // In place of the products d of pins [begin, end): q (d - sum q d), q being their shares.
  void (*through_softmax)(const S* share, size_t k, size_t begin, size_t end, S* d);
  // Adds share[p, k] * the pin's row to tile[candidate[p, k]], pins [0, n); shares are 1 where null.
  void (*scatter)(const PinWires&, const S* share, const TileShape&, const S* rows, size_t n,
                  S* tile);
};

}  // namespace gategrad::train
