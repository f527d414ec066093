// Kernels of what is chosen among by logits, for values of any kind: plain data and function pointers.
//
// Each of n items, pins or gates, has k terms. An item is the mixture of its terms by their shares,
// or the term of its largest logit. All kernels are one code for each kind of term.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "train/choice/tile_shape.h"

namespace gategrad::train {

// Terms that are rows: what a pin can be wired to.
struct Candidates {
  int32_t* wires;  // (n, k)
  size_t n, k;
};

// Terms that are functions of two rows.
struct Slots {
  int64_t* wires;   // (2, n, k)
  int64_t* tables;  // (n, k), truth tables below 16
  size_t n, k;
};

template <typename S, typename Terms>
struct ChoiceKernels {
  // chosen = the terms of the largest of k logits, the first of equal ones, items [begin, end).
  void (*choose)(const Terms&, const S* logits, size_t begin, size_t end, const Terms& chosen);
  // The row of each item in [begin, end) = sum over k of share[i, k] * term k's row; shares are 1
  // where null.
  void (*mix)(const Terms&, const S* share, const TileShape&, const S* tile, size_t begin,
              size_t end, S* rows);
  // Adds the products of the items' rows with each of their terms to sums (n, k), items [begin, end).
  void (*products)(const Terms&, const TileShape&, const S* tile, const S* rows, size_t begin,
                   size_t end, S* sums);
  // In place of the products d of items [begin, end): q (d - sum q d), q being their shares.
  void (*through_softmax)(const S* share, size_t k, size_t begin, size_t end, S* d);
  // Adds share[i, k] * the item's row * the derivatives of its term k at the values of `tile` to the
  // rows of `grad` that the term reads, all items; shares are 1 where null. Terms that are rows read
  // no values: `tile` may be null for them.
  void (*scatter)(const Terms&, const S* share, const TileShape&, const S* tile, const S* rows,
                  S* grad);
};

}  // namespace gategrad::train
