// Items that choose among terms by logits: forward and backward, for values of any kind.
#pragma once

#include <cstddef>
#include <cstdint>

#include "train/choice/kernel.h"

namespace gategrad::train {

template <typename S, typename Terms>
struct ChoiceLayer {
  const ChoiceKernels<S, Terms>* kernels;
  Terms terms;
  size_t n_in, batch, threads;
};

// out (n, batch) of rows (n_in, batch): the terms mixed by share (n, k), or where that is null those
// of the largest of logits (n, k), which are then written to `chosen`, whose k is 1. Raises
// std::out_of_range where a wire is not below n_in or a table not below 16.
template <typename S, typename Terms>
void choice_forward(const ChoiceLayer<S, Terms>& layer, const S* share, const S* logits,
                    const S* rows, const Terms& chosen, S* out);

// From grad (n, batch): grad_logits (n, k) of the mixture by share (n, k), the softmax of the logits;
// and grad_rows (n_in, batch), `factor` times the sums over the terms that read a row, through all
// terms by their share, or through the `chosen` ones where these are not null. Both are
// overwritten; null: not wanted.
template <typename S, typename Terms>
void choice_backward(const ChoiceLayer<S, Terms>& layer, const S* share, const Terms& chosen,
                     const S* rows, const S* grad, S factor, S* grad_logits, S* grad_rows);

}  // namespace gategrad::train
