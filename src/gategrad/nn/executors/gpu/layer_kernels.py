"""Triton: a layer of gates forward and backward, on features-major rows.

A program has BLOCK_G gates or wires and BLOCK_B samples, the samples along the fastest axis, so a
warp reads whole lines of memory. Rows are addressed in 64 bits: wires times batch may pass 2**31.
Loops over what is known at run time are `while`: numpy 2.4 refuses the interpreter's `range`.
"""

import triton
import triton.language as tl

from gategrad.nn.executors.gpu.gates import hard_coefficients, soft_coefficients


@triton.jit
def layer_forward(
    x, wires, weight, y, soft, n_gates, batch, n_parts,
    KIND: tl.constexpr, HARD: tl.constexpr, BLOCK_G: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """Y = c0 + c1 a + c2 b + c3 ab; programs of the first samples keep the soft coefficients."""
    block = tl.program_id(0)
    part = block % n_parts
    gates = (block // n_parts) * BLOCK_G + tl.arange(0, BLOCK_G)
    samples = part * BLOCK_B + tl.arange(0, BLOCK_B)
    inside = gates < n_gates
    mask = inside[:, None] & (samples < batch)[None, :]
    wide = gates.to(tl.int64)
    c0, c1, c2, c3 = soft_coefficients(weight, gates, inside, KIND, HARD)
    first = inside & (part == 0)
    tl.store(soft + wide * 4, c0, mask=first)
    tl.store(soft + wide * 4 + 1, c1, mask=first)
    tl.store(soft + wide * 4 + 2, c2, mask=first)
    tl.store(soft + wide * 4 + 3, c3, mask=first)
    if HARD:
        c0, c1, c2, c3 = hard_coefficients(weight, gates, inside, KIND)
    wire_a = tl.load(wires + wide, mask=inside, other=0).to(tl.int64)
    wire_b = tl.load(wires + n_gates + wide, mask=inside, other=0).to(tl.int64)
    a = tl.load(x + wire_a[:, None] * batch + samples[None, :], mask=mask, other=0.0)
    b = tl.load(x + wire_b[:, None] * batch + samples[None, :], mask=mask, other=0.0)
    a = a.to(tl.float32)
    b = b.to(tl.float32)
    out = c0[:, None] + c1[:, None] * a + b * (c2[:, None] + c3[:, None] * a)
    at = y + wide[:, None] * batch + samples[None, :]
    tl.store(at, out.to(y.dtype.element_ty), mask=mask)


@triton.jit
def layer_statistics(
    grad, x, wires, soft, statistics, grad_x, n_gates, batch, n_splits, factor,
    SUMS: tl.constexpr, ATOMIC: tl.constexpr, BLOCK_G: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """Sums of grad, grad a, grad b, grad ab over every n_splits-th block of samples.

    ATOMIC: also adds the gradients of a and b to grad_x, which is float32 and starts at 0.
    """
    block = tl.program_id(0)
    split = block % n_splits
    gates = (block // n_splits) * BLOCK_G + tl.arange(0, BLOCK_G)
    inside = gates < n_gates
    wide = gates.to(tl.int64)
    row_a = tl.load(wires + wide, mask=inside, other=0).to(tl.int64)[:, None] * batch
    row_b = tl.load(wires + n_gates + wide, mask=inside, other=0).to(tl.int64)[:, None] * batch
    if ATOMIC:
        c1 = tl.load(soft + wide * 4 + 1, mask=inside, other=0.0)[:, None]
        c2 = tl.load(soft + wide * 4 + 2, mask=inside, other=0.0)[:, None]
        c3 = tl.load(soft + wide * 4 + 3, mask=inside, other=0.0)[:, None]
    s0 = tl.zeros((BLOCK_G, BLOCK_B), tl.float32)
    s1 = tl.zeros((BLOCK_G, BLOCK_B), tl.float32)
    s2 = tl.zeros((BLOCK_G, BLOCK_B), tl.float32)
    s3 = tl.zeros((BLOCK_G, BLOCK_B), tl.float32)
    start = split * BLOCK_B
    while start < batch:
        samples = start + tl.arange(0, BLOCK_B)
        mask = inside[:, None] & (samples < batch)[None, :]
        columns = samples[None, :]
        g = tl.load(grad + wide[:, None] * batch + columns, mask=mask, other=0.0).to(tl.float32)
        a = tl.load(x + row_a + columns, mask=mask, other=0.0).to(tl.float32)
        b = tl.load(x + row_b + columns, mask=mask, other=0.0).to(tl.float32)
        if SUMS:
            s0 += g
            s1 += g * a
            s2 += g * b
            s3 += g * a * b
        if ATOMIC:
            g = g * factor
            tl.atomic_add(grad_x + row_a + columns, g * (c1 + c3 * b), mask=mask, sem="relaxed")
            tl.atomic_add(grad_x + row_b + columns, g * (c2 + c3 * a), mask=mask, sem="relaxed")
        start += n_splits * BLOCK_B
    if SUMS:
        at = statistics + (wide + tl.cast(split, tl.int64) * n_gates) * 4
        tl.store(at, tl.sum(s0, axis=1), mask=inside)
        tl.store(at + 1, tl.sum(s1, axis=1), mask=inside)
        tl.store(at + 2, tl.sum(s2, axis=1), mask=inside)
        tl.store(at + 3, tl.sum(s3, axis=1), mask=inside)


@triton.jit
def wires_and_samples(n_wires, batch, n_parts, BLOCK_R: tl.constexpr, BLOCK_B: tl.constexpr):
    """A program's wires, and which are there; its samples as columns, and which are there."""
    block = tl.program_id(0)
    row = (block // n_parts) * BLOCK_R + tl.arange(0, BLOCK_R)
    samples = (block % n_parts) * BLOCK_B + tl.arange(0, BLOCK_B)
    return row, row < n_wires, samples[None, :], (samples < batch)[None, :]


@triton.jit
def readers_of(row, inside, starts):
    """Where the readers of each wire begin, and how many there are."""
    first = tl.load(starts + row, mask=inside, other=0)
    return first, tl.load(starts + row + 1, mask=inside, other=0) - first


@triton.jit
def store_rows(out, values, row, inside, columns, within, batch):
    """Write the values of a program's rows and columns, in the dtype of `out`."""
    at = out + row.to(tl.int64)[:, None] * batch + columns
    tl.store(at, values.to(out.dtype.element_ty), mask=inside[:, None] & within)


@triton.jit
def layer_gather(
    grad, x, wires, soft, readers, starts, grad_x, n_gates, n_wires, batch, n_parts, factor,
    BLOCK_G: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """Gradient of each wire: over the pins that read it, in their order, so runs repeat."""
    row, inside, columns, within = wires_and_samples(n_wires, batch, n_parts, BLOCK_G, BLOCK_B)
    first, count = readers_of(row, inside, starts)
    total = tl.zeros((BLOCK_G, BLOCK_B), tl.float32)
    most = tl.max(count, axis=0)
    step = 0
    while step < most:
        there = inside & (step < count)
        pin = tl.load(readers + first + step, mask=there, other=0)
        second = (pin >= n_gates).to(tl.int32)
        gate = (pin - second * n_gates).to(tl.int64)
        other_pin = gate + (1 - second).to(tl.int64) * n_gates
        other = tl.load(wires + other_pin, mask=there, other=0).to(tl.int64)
        slope = tl.load(soft + gate * 4 + 1 + second, mask=there, other=0.0)
        mixed = tl.load(soft + gate * 4 + 3, mask=there, other=0.0)
        mask = there[:, None] & within
        g = tl.load(grad + gate[:, None] * batch + columns, mask=mask, other=0.0)
        o = tl.load(x + other[:, None] * batch + columns, mask=mask, other=0.0)
        total += g.to(tl.float32) * (slope[:, None] + mixed[:, None] * o.to(tl.float32))
        step += 1
    store_rows(grad_x, total * factor, row, inside, columns, within, batch)
