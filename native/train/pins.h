// What pins that choose among candidate wires read, and the gradients, for values of any kind.
#pragma once

#include <cstddef>
#include <cstdint>

#include "train/pins_kernel.h"
#include "train/tiles.h"

namespace gategrad::train {

template <typename S>
struct PinLayer {
  const PinKernels<S>* kernels;
  PinWires wires;  // candidates (n, k)
  size_t n, n_in, batch, threads;

  size_t width() const { return tile_width(n_in, batch, sizeof(S)); }
};

// out (n, batch) of rows (n_in, batch): the candidates mixed by share (n, k), or where that is null
// those of the largest of logits (n, k), which `chosen` (n) then says. Raises std::out_of_range where
// a candidate is not below n_in.
template <typename S>
void pins_forward(const PinLayer<S>& layer, const S* share, const S* logits, const S* rows,
                  int32_t* chosen, S* out);

// From grad (n, batch): grad_logits (n, k) of the mixture by share (n, k), the softmax of the logits;
// and grad_rows (n_in, batch), `factor` times the sums over the pins that read a row, through all
// candidates by their share, or through the `chosen` ones where that is not null. Both are
// overwritten; null: not wanted.
template <typename S>
void pins_backward(const PinLayer<S>& layer, const S* share, const int32_t* chosen, const S* rows,
                   const S* grad, S factor, S* grad_logits, S* grad_rows);

}  // namespace gategrad::train
