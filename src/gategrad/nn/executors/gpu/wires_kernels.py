"""Triton: pins that choose among K candidate wires, mixed by shares, forward and backward."""

import triton
import triton.language as tl

from gategrad.nn.executors.gpu.layer_kernels import readers_of, store_rows, wires_and_samples


@triton.jit
def pins_forward(
    x, candidates, share, out, n_pins, batch, n_parts,
    K: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """out[p] = sum_k share[p, k] x[candidates[p, k]]; a candidate with share 0 is not read."""
    block = tl.program_id(0)
    pins = (block // n_parts) * BLOCK_P + tl.arange(0, BLOCK_P)
    samples = (block % n_parts) * BLOCK_B + tl.arange(0, BLOCK_B)
    columns = samples[None, :]
    inside = pins < n_pins
    within = (samples < batch)[None, :]
    wide = pins.to(tl.int64)
    total = tl.zeros((BLOCK_P, BLOCK_B), tl.float32)
    for k in range(K):
        q = tl.load(share + wide * K + k, mask=inside, other=0.0)
        wire = tl.load(candidates + wide * K + k, mask=inside, other=0).to(tl.int64)
        mask = (inside & (q != 0.0))[:, None] & within
        value = tl.load(x + wire[:, None] * batch + columns, mask=mask, other=0.0)
        total += q[:, None] * value.to(tl.float32)
    at = out + wide[:, None] * batch + columns
    tl.store(at, total.to(out.dtype.element_ty), mask=inside[:, None] & within)


@triton.jit
def pins_share_gradient(
    grad, x, candidates, out, n_pins, batch,
    K: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """out[p, k] = sum over the batch of grad[p] x[candidates[p, k]]; program (block, k)."""
    block = tl.program_id(0)
    k = block % K
    pins = (block // K) * BLOCK_P + tl.arange(0, BLOCK_P)
    inside = pins < n_pins
    wide = pins.to(tl.int64)
    wire = tl.load(candidates + wide * K + k, mask=inside, other=0).to(tl.int64)
    total = tl.zeros((BLOCK_P, BLOCK_B), tl.float32)
    start = 0
    while start < batch:
        samples = start + tl.arange(0, BLOCK_B)
        columns = samples[None, :]
        mask = inside[:, None] & (samples < batch)[None, :]
        g = tl.load(grad + wide[:, None] * batch + columns, mask=mask, other=0.0)
        value = tl.load(x + wire[:, None] * batch + columns, mask=mask, other=0.0)
        total += g.to(tl.float32) * value.to(tl.float32)
        start += BLOCK_B
    tl.store(out + wide * K + k, tl.sum(total, axis=1), mask=inside)


@triton.jit
def pins_gather(
    grad, share, readers, starts, grad_x, n_wires, batch, n_parts, factor,
    K: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """Gradient of each wire over the candidates that name it; those with share 0 are not read."""
    row, inside, columns, within = wires_and_samples(n_wires, batch, n_parts, BLOCK_P, BLOCK_B)
    first, count = readers_of(row, inside, starts)
    total = tl.zeros((BLOCK_P, BLOCK_B), tl.float32)
    most = tl.max(count, axis=0)
    step = 0
    while step < most:
        there = inside & (step < count)
        reader = tl.load(readers + first + step, mask=there, other=0)
        q = tl.load(share + reader.to(tl.int64), mask=there, other=0.0)
        mask = (there & (q != 0.0))[:, None] & within
        pin = (reader // K).to(tl.int64)
        g = tl.load(grad + pin[:, None] * batch + columns, mask=mask, other=0.0)
        total += q[:, None] * g.to(tl.float32)
        step += 1
    store_rows(grad_x, total * factor, row, inside, columns, within, batch)
