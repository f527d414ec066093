"""Triton: the coefficients of gates from their weights, inside of other kernels.

A gate's weights are 16 logits by gate id (LOGITS), four angles (LIGHT), or four coefficients, with
those of the hard gate after them where the forward pass is the hard one (COEFFICIENTS).
The numbers are those of `WeightKind`.
"""

import triton
import triton.language as tl


@triton.jit
def from_entries(w00, w10, w01, w11):
    """Coefficients of the multilinear interpolation of a truth table's entries."""
    return w00, w10 - w00, w01 - w00, w11 - w10 - w01 + w00


@triton.jit
def load_logits(weight, gates, inside):
    """(G, 16) logits in float32."""
    at = gates.to(tl.int64)[:, None] * 16 + tl.arange(0, 16)[None, :]
    return tl.load(weight + at, mask=inside[:, None], other=0.0).to(tl.float32)


@triton.jit
def softmax(logits):
    """Shares (G, 16) of the functions."""
    powers = tl.exp(logits - tl.max(logits, axis=1)[:, None])
    return powers / tl.sum(powers, axis=1)[:, None]


@triton.jit
def load_column(weight, gates, inside, column, stride):
    """Number `column` of the `stride` numbers of each gate, as it is stored."""
    return tl.load(weight + gates.to(tl.int64) * stride + column, mask=inside, other=0.0)


@triton.jit
def sine_entry(weight, gates, inside, column):
    """0.5 + 0.5 sin(w), rounded as torch rounds it in the weights' dtype."""
    angle = load_column(weight, gates, inside, column, 4)
    sine = tl.sin(angle.to(tl.float32)).to(angle.dtype).to(tl.float32)
    return (0.5 + 0.5 * sine).to(angle.dtype).to(tl.float32)


@triton.jit
def soft_coefficients(weight, gates, inside, KIND: tl.constexpr, HARD: tl.constexpr):
    """Four (G,) coefficients in float32."""
    if KIND == 0:
        share = softmax(load_logits(weight, gates, inside))
        ids = tl.arange(0, 16)[None, :]
        w00 = tl.sum(share * (ids >> 3 & 1).to(tl.float32), axis=1)
        w10 = tl.sum(share * (ids >> 1 & 1).to(tl.float32), axis=1)
        w01 = tl.sum(share * (ids >> 2 & 1).to(tl.float32), axis=1)
        w11 = tl.sum(share * (ids & 1).to(tl.float32), axis=1)
        c0, c1, c2, c3 = from_entries(w00, w10, w01, w11)
    elif KIND == 1:
        w00 = sine_entry(weight, gates, inside, 0)
        w10 = sine_entry(weight, gates, inside, 1)
        w01 = sine_entry(weight, gates, inside, 2)
        w11 = sine_entry(weight, gates, inside, 3)
        c0, c1, c2, c3 = from_entries(w00, w10, w01, w11)
    else:
        stride: tl.constexpr = 8 if HARD else 4
        c0 = load_column(weight, gates, inside, 0, stride).to(tl.float32)
        c1 = load_column(weight, gates, inside, 1, stride).to(tl.float32)
        c2 = load_column(weight, gates, inside, 2, stride).to(tl.float32)
        c3 = load_column(weight, gates, inside, 3, stride).to(tl.float32)
    return c0, c1, c2, c3


@triton.jit
def hard_coefficients(weight, gates, inside, KIND: tl.constexpr):
    """The same of the functions that the gates harden to; the lowest id wins among equal logits."""
    if KIND == 0:
        logits = load_logits(weight, gates, inside)
        ids = tl.argmax(logits, axis=1, tie_break_left=True).to(tl.int32)
        w00 = (ids >> 3 & 1).to(tl.float32)
        w10 = (ids >> 1 & 1).to(tl.float32)
        w01 = (ids >> 2 & 1).to(tl.float32)
        w11 = (ids & 1).to(tl.float32)
        c0, c1, c2, c3 = from_entries(w00, w10, w01, w11)
    elif KIND == 1:
        w00 = (sine_entry(weight, gates, inside, 0) > 0.5).to(tl.float32)
        w10 = (sine_entry(weight, gates, inside, 1) > 0.5).to(tl.float32)
        w01 = (sine_entry(weight, gates, inside, 2) > 0.5).to(tl.float32)
        w11 = (sine_entry(weight, gates, inside, 3) > 0.5).to(tl.float32)
        c0, c1, c2, c3 = from_entries(w00, w10, w01, w11)
    else:
        c0 = load_column(weight, gates, inside, 4, 8).to(tl.float32)
        c1 = load_column(weight, gates, inside, 5, 8).to(tl.float32)
        c2 = load_column(weight, gates, inside, 6, 8).to(tl.float32)
        c3 = load_column(weight, gates, inside, 7, 8).to(tl.float32)
    return c0, c1, c2, c3


@triton.jit
def weight_gradients(
    weight, statistics, out, n_gates, n_splits,
    KIND: tl.constexpr, HARD: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Gradient of the weights from the statistics (n_splits, n_gates, 4), added in order."""
    gates = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = gates < n_gates
    s0 = tl.zeros((BLOCK,), tl.float32)
    s1 = tl.zeros((BLOCK,), tl.float32)
    s2 = tl.zeros((BLOCK,), tl.float32)
    s3 = tl.zeros((BLOCK,), tl.float32)
    wide = gates.to(tl.int64)
    split = 0
    while split < n_splits:
        at = statistics + (wide + tl.cast(split, tl.int64) * n_gates) * 4
        s0 += tl.load(at, mask=inside, other=0.0)
        s1 += tl.load(at + 1, mask=inside, other=0.0)
        s2 += tl.load(at + 2, mask=inside, other=0.0)
        s3 += tl.load(at + 3, mask=inside, other=0.0)
        split += 1
    dtype = out.dtype.element_ty
    d00 = s0 - s1 - s2 + s3
    d10 = s1 - s3
    d01 = s2 - s3
    if KIND == 0:
        share = softmax(load_logits(weight, gates, inside))
        ids = tl.arange(0, 16)[None, :]
        value = (ids >> 3 & 1).to(tl.float32) * d00[:, None]
        value += (ids >> 1 & 1).to(tl.float32) * d10[:, None]
        value += (ids >> 2 & 1).to(tl.float32) * d01[:, None]
        value += (ids & 1).to(tl.float32) * s3[:, None]
        grad = share * (value - tl.sum(share * value, axis=1)[:, None])
        tl.store(out + wide[:, None] * 16 + ids, grad.to(dtype), mask=inside[:, None])
    elif KIND == 1:
        angle0 = load_column(weight, gates, inside, 0, 4).to(tl.float32)
        angle1 = load_column(weight, gates, inside, 1, 4).to(tl.float32)
        angle2 = load_column(weight, gates, inside, 2, 4).to(tl.float32)
        angle3 = load_column(weight, gates, inside, 3, 4).to(tl.float32)
        tl.store(out + wide * 4, (0.5 * tl.cos(angle0) * d00).to(dtype), mask=inside)
        tl.store(out + wide * 4 + 1, (0.5 * tl.cos(angle1) * d10).to(dtype), mask=inside)
        tl.store(out + wide * 4 + 2, (0.5 * tl.cos(angle2) * d01).to(dtype), mask=inside)
        tl.store(out + wide * 4 + 3, (0.5 * tl.cos(angle3) * s3).to(dtype), mask=inside)
    else:
        stride: tl.constexpr = 8 if HARD else 4
        tl.store(out + wide * stride, s0.to(dtype), mask=inside)
        tl.store(out + wide * stride + 1, s1.to(dtype), mask=inside)
        tl.store(out + wide * stride + 2, s2.to(dtype), mask=inside)
        tl.store(out + wide * stride + 3, s3.to(dtype), mask=inside)
        if HARD:
            zero = tl.zeros((BLOCK,), dtype)
            tl.store(out + wide * stride + 4, zero, mask=inside)
            tl.store(out + wide * stride + 5, zero, mask=inside)
            tl.store(out + wide * stride + 6, zero, mask=inside)
            tl.store(out + wide * stride + 7, zero, mask=inside)
