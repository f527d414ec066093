// Layers of gates that choose among slots of a function and two wires: forward and backward.
#pragma once

#include <cstddef>
#include <cstdint>

#include "train/slots_kernel.h"
#include "train/tiles.h"

namespace gategrad::train {

template <typename S>
struct SlotLayer {
  const SlotKernels<S>* kernels;
  Slots slots;
  size_t n_in, batch, threads;

  size_t width() const { return tile_width(n_in, batch, sizeof(S)); }
};

// The slots that gates chose, one a gate.
struct ChosenSlots {
  int64_t *wires, *tables;  // (2, n) and (n); null where slots are mixed
};

// out (n, batch) of rows (n_in, batch): the slots mixed by share (n, k), or where that is null those
// of the largest of logits (n, k), which are written to `chosen`. Raises std::out_of_range where a
// wire is not below n_in or a table not below 16.
template <typename S>
void slots_forward(const SlotLayer<S>& layer, const S* share, const S* logits, const S* rows,
                   const ChosenSlots& chosen, S* out);

// From grad (n, batch): grad_logits (n, k) of the mixture by share (n, k), the softmax of the logits;
// and grad_rows (n_in, batch), through all slots by their share, or through the `chosen` ones. Both
// are overwritten; null: not wanted.
template <typename S>
void slots_backward(const SlotLayer<S>& layer, const S* share, const ChosenSlots& chosen,
                    const S* rows, const S* grad, S* grad_logits, S* grad_rows);

}  // namespace gategrad::train
