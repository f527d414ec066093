"""Triton: one level of the trees of a convolution, forward and backward, on features-major rows.

Gate g of a level is the same at all positions: its outputs at them are rows g * positions and on.
Gates of the first level read rows of the image by `leaves` (2 * nodes, out_channels), places in the
receptive field, and 0 beyond the border; those of later levels the outputs of two gates below.
`window` stands for the sizes of image and field; loops are `while`, as in `layer_kernels.py`.
"""

import triton
import triton.language as tl


@triton.jit
def operand_rows(
    leaves, gates, position, second, there, positions, out_channels,
    height, width, out_width, kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x,
    LEAVES: tl.constexpr,
):  # fmt: skip
    """Rows that an operand of gates reads at positions, and whether they are in the image."""
    pin = 2 * (gates // out_channels) + second
    channel = gates % out_channels
    if LEAVES:
        place = tl.load(leaves + pin * out_channels + channel, mask=there, other=0)
        y = position // out_width * stride_y - pad_y + place // kernel_x % kernel_y
        x = position % out_width * stride_x - pad_x + place % kernel_x
        inside = there & (y >= 0) & (y < height) & (x >= 0) & (x < width)
        row = (place // (kernel_y * kernel_x) * height + y) * width + x
    else:
        row = (pin * out_channels + channel) * positions + position
        inside = there
    return row.to(tl.int64), inside


@triton.jit
def level_forward(
    x, leaves, coefficients, out, grad_x, n_gates, positions, batch, n_parts, out_channels,
    height, width, out_width, kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x,
    LEAVES: tl.constexpr, SLOPES: tl.constexpr, BLOCK_G: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """Outputs of a level; or with SLOPES, `out` being their gradient, that of what it reads.

    The latter is for later levels, each of whose operands is read once.
    """
    block = tl.program_id(0)
    rows = (block // n_parts) * BLOCK_G + tl.arange(0, BLOCK_G)
    samples = (block % n_parts) * BLOCK_B + tl.arange(0, BLOCK_B)
    columns = samples[None, :]
    within = columns < batch
    gates = rows // positions
    there = gates < n_gates
    row_a, in_a = operand_rows(
        leaves, gates, rows % positions, 0, there, positions, out_channels, height, width,
        out_width, kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, LEAVES,
    )  # fmt: skip
    row_b, in_b = operand_rows(
        leaves, gates, rows % positions, 1, there, positions, out_channels, height, width,
        out_width, kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, LEAVES,
    )  # fmt: skip
    at_a = row_a[:, None] * batch + columns
    at_b = row_b[:, None] * batch + columns
    a = tl.load(x + at_a, mask=in_a[:, None] & within, other=0.0).to(tl.float32)
    b = tl.load(x + at_b, mask=in_b[:, None] & within, other=0.0).to(tl.float32)
    c0 = tl.load(coefficients + gates * 4, mask=there, other=0.0)[:, None]
    c1 = tl.load(coefficients + gates * 4 + 1, mask=there, other=0.0)[:, None]
    c2 = tl.load(coefficients + gates * 4 + 2, mask=there, other=0.0)[:, None]
    c3 = tl.load(coefficients + gates * 4 + 3, mask=there, other=0.0)[:, None]
    mask = there[:, None] & within
    at = rows.to(tl.int64)[:, None] * batch + columns
    if SLOPES:
        g = tl.load(out + at, mask=mask, other=0.0).to(tl.float32)
        dtype = grad_x.dtype.element_ty
        tl.store(grad_x + at_a, (g * (c1 + c3 * b)).to(dtype), mask=mask)
        tl.store(grad_x + at_b, (g * (c2 + c3 * a)).to(dtype), mask=mask)
    else:
        value = c0 + c1 * a + b * (c2 + c3 * a)
        tl.store(out + at, value.to(out.dtype.element_ty), mask=mask)


@triton.jit
def level_statistics(
    grad, x, leaves, statistics, n_gates, positions, batch, n_splits, out_channels,
    height, width, out_width, kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x,
    LEAVES: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """Sums of grad * (1, a, b, ab) of one gate over every n_splits-th block of positions."""
    block = tl.program_id(0)
    gate = block // n_splits
    split = block % n_splits
    s0 = tl.zeros((BLOCK_P, BLOCK_B), tl.float32)
    s1 = tl.zeros((BLOCK_P, BLOCK_B), tl.float32)
    s2 = tl.zeros((BLOCK_P, BLOCK_B), tl.float32)
    s3 = tl.zeros((BLOCK_P, BLOCK_B), tl.float32)
    first = split * BLOCK_P
    while first < positions:
        position = first + tl.arange(0, BLOCK_P)
        there = position < positions
        gates = gate + tl.zeros((BLOCK_P,), tl.int32)
        row_a, in_a = operand_rows(
            leaves, gates, position, 0, there, positions, out_channels, height, width, out_width,
            kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, LEAVES,
        )  # fmt: skip
        row_b, in_b = operand_rows(
            leaves, gates, position, 1, there, positions, out_channels, height, width, out_width,
            kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, LEAVES,
        )  # fmt: skip
        row = tl.cast(gate, tl.int64) * positions + position
        start = 0
        while start < batch:
            columns = (start + tl.arange(0, BLOCK_B))[None, :]
            within = columns < batch
            at_a = row_a[:, None] * batch + columns
            at_b = row_b[:, None] * batch + columns
            a = tl.load(x + at_a, mask=in_a[:, None] & within, other=0.0).to(tl.float32)
            b = tl.load(x + at_b, mask=in_b[:, None] & within, other=0.0).to(tl.float32)
            at = row[:, None] * batch + columns
            g = tl.load(grad + at, mask=there[:, None] & within, other=0.0).to(tl.float32)
            s0 += g
            s1 += g * a
            s2 += g * b
            s3 += g * a * b
            start += BLOCK_B
        first += n_splits * BLOCK_P
    at = statistics + (tl.cast(split, tl.int64) * n_gates + gate) * 4
    tl.store(at, tl.sum(tl.sum(s0, axis=1), axis=0))
    tl.store(at + 1, tl.sum(tl.sum(s1, axis=1), axis=0))
    tl.store(at + 2, tl.sum(tl.sum(s2, axis=1), axis=0))
    tl.store(at + 3, tl.sum(tl.sum(s3, axis=1), axis=0))


@triton.jit
def leaves_gather(
    grad, x, leaves, coefficients, readers, starts, grad_x, positions, n_rows, batch, n_parts,
    out_channels, out_height,
    height, width, out_width, kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, factor,
    BLOCK_G: tl.constexpr, BLOCK_B: tl.constexpr,
):  # fmt: skip
    """Gradient of each pixel: place by place of the field, over the leaves there, in order."""
    block = tl.program_id(0)
    row = (block // n_parts) * BLOCK_G + tl.arange(0, BLOCK_G)
    samples = (block % n_parts) * BLOCK_B + tl.arange(0, BLOCK_B)
    columns = samples[None, :]
    within = columns < batch
    pixel_y = row // width % height
    pixel_x = row % width
    field = row // (height * width) * (kernel_y * kernel_x)
    total = tl.zeros((BLOCK_G, BLOCK_B), tl.float32)
    place = 0
    while place < kernel_y * kernel_x:
        y = pixel_y + pad_y - place // kernel_x
        x_from = pixel_x + pad_x - place % kernel_x
        line = y // stride_y
        column = x_from // stride_x
        hit = (row < n_rows) & (y >= 0) & (x_from >= 0)
        hit = hit & (line * stride_y == y) & (column * stride_x == x_from)
        hit = hit & (line < out_height) & (column < out_width)
        first = tl.load(starts + field + place, mask=hit, other=0)
        count = tl.load(starts + field + place + 1, mask=hit, other=0) - first
        most = tl.max(count, axis=0)
        position = tl.where(hit, line * out_width + column, 0)
        step = 0
        while step < most:
            there = hit & (step < count)
            pin = tl.load(readers + first + step, mask=there, other=0)
            leaf = pin // out_channels
            second = leaf % 2
            gate = leaf // 2 * out_channels + pin % out_channels
            other_row, other_in = operand_rows(
                leaves, gate, position, 1 - second, there, positions, out_channels, height, width,
                out_width, kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, True,
            )  # fmt: skip
            slope = tl.load(coefficients + gate * 4 + 1 + second, mask=there, other=0.0)
            mixed = tl.load(coefficients + gate * 4 + 3, mask=there, other=0.0)
            at = (gate.to(tl.int64) * positions + position)[:, None] * batch + columns
            g = tl.load(grad + at, mask=there[:, None] & within, other=0.0)
            other_at = other_row[:, None] * batch + columns
            o = tl.load(x + other_at, mask=other_in[:, None] & within, other=0.0)
            total += g.to(tl.float32) * (slope[:, None] + mixed[:, None] * o.to(tl.float32))
            step += 1
        place += 1
    at = grad_x + row.to(tl.int64)[:, None] * batch + columns
    mask = (row < n_rows)[:, None] & within
    tl.store(at, (total * factor).to(grad_x.dtype.element_ty), mask=mask)
