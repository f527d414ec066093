"""Triton: rows to packed words, and a circuit on packed words with its sums.

A word is an int32 with one bit for each of 32 rows. Loops are `while`: their loads stay where they
are, between barriers, and numpy 2.4 refuses the interpreter's `range` over tensors.
"""

import triton
import triton.language as tl


@triton.jit
def encode(
    x, feature, key, packed, n_rows, row_stride, n_inputs, n_parts,
    FLOATS: tl.constexpr, BLOCK_J: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """One word of BLOCK_J inputs: bit r is whether row r of the word is above the threshold.

    packed is (blocks, n_inputs, BLOCK_W); bits of rows past n_rows are 0.
    """
    program = tl.program_id(0)
    word = program // n_parts
    inputs = (program % n_parts) * BLOCK_J + tl.arange(0, BLOCK_J)
    rows = word * 32 + tl.arange(0, 32)
    inside = inputs < n_inputs
    column = tl.load(feature + inputs, mask=inside, other=0)
    threshold = tl.load(key + inputs, mask=inside, other=0)
    mask = (rows < n_rows)[:, None] & inside[None, :]
    at = rows.to(tl.int64)[:, None] * row_stride + column[None, :]
    value = tl.load(x + at, mask=mask, other=0)
    if FLOATS == 32:
        bits = value.to(tl.int32, bitcast=True)
        value = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    elif FLOATS == 64:
        bits = value.to(tl.int64, bitcast=True)
        value = bits ^ ((bits >> 63) & 0x7FFFFFFFFFFFFFFF)
    else:
        value = value.to(tl.int32)
    above = (mask & (value > threshold[None, :])).to(tl.int32)
    packed_bits = tl.sum(above << tl.arange(0, 32)[:, None], axis=0)
    start = (word // BLOCK_W).to(tl.int64) * n_inputs * BLOCK_W + word % BLOCK_W
    tl.store(packed + start + inputs * BLOCK_W, packed_bits, mask=inside)


@triton.jit
def copy_inputs(packed, slots, block, n_inputs, BLOCK_G: tl.constexpr, BLOCK_W: tl.constexpr):
    """Words of a block of rows to slots 2 and on."""
    words = tl.arange(0, BLOCK_W)[None, :]
    start = packed + block.to(tl.int64) * n_inputs * BLOCK_W
    first = 0
    while first < n_inputs:
        i = first + tl.arange(0, BLOCK_G)
        at = i[:, None] * BLOCK_W + words
        mask = (i < n_inputs)[:, None] & (words >= 0)
        tl.store(slots + 2 * BLOCK_W + at, tl.load(start + at, mask=mask, other=0), mask=mask)
        first += BLOCK_G


@triton.jit
def run_level(slots, gates, n_gates, first, end, BLOCK_G: tl.constexpr, BLOCK_W: tl.constexpr):
    """Gates first to end, none of which reads another: y = k0 ^ k1 a ^ b (k2 ^ k3 a)."""
    words = tl.arange(0, BLOCK_W)[None, :]
    while first < end:
        g = first + tl.arange(0, BLOCK_G)
        inside = g < end
        slot_a = tl.load(gates + g, mask=inside, other=0)
        slot_b = tl.load(gates + n_gates + g, mask=inside, other=0)
        target = tl.load(gates + 2 * n_gates + g, mask=inside, other=0)
        table = tl.load(gates + 3 * n_gates + g, mask=inside, other=0)
        k0 = -(table & 1)
        k1 = k0 ^ -(table >> 1 & 1)
        k2 = k0 ^ -(table >> 2 & 1)
        k3 = k1 ^ -(table >> 2 & 1) ^ -(table >> 3 & 1)
        mask = inside[:, None] & (words >= 0)
        a = tl.load(slots + slot_a[:, None] * BLOCK_W + words, mask=mask, other=0)
        b = tl.load(slots + slot_b[:, None] * BLOCK_W + words, mask=mask, other=0)
        y = k0[:, None] ^ (k1[:, None] & a) ^ (b & (k2[:, None] ^ (k3[:, None] & a)))
        tl.store(slots + target[:, None] * BLOCK_W + words, y, mask=mask)
        first += BLOCK_G


@triton.jit
def add_counts(counts, sums, rows, bit, factor, n_rows, n_classes):
    """Adds factor times the counts of rows bit, 8 + bit, 16 + bit and 24 + bit of each word.

    counts (LANES, BLOCK_W) has one in each byte, sums is at the class.
    """
    low = tl.sum(counts & 0x00FF00FF, axis=0)
    high = tl.sum((counts >> 8) & 0x00FF00FF, axis=0)
    add_count(low & 0xFFFF, sums, rows + bit, factor, n_rows, n_classes)
    add_count(high & 0xFFFF, sums, rows + bit + 8, factor, n_rows, n_classes)
    add_count((low >> 16) & 0xFFFF, sums, rows + bit + 16, factor, n_rows, n_classes)
    add_count((high >> 16) & 0xFFFF, sums, rows + bit + 24, factor, n_rows, n_classes)


@triton.jit
def add_count(count, sums, rows, factor, n_rows, n_classes):
    """Adds factor times count to the sums of rows."""
    at = sums + rows.to(tl.int64) * n_classes
    mask = rows < n_rows
    tl.store(at, tl.load(at, mask=mask, other=0) + factor * count, mask=mask)


@triton.jit
def count_group(
    slots, outputs, sums, first, end, factor, block, n_rows, n_classes,
    LANES: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """Adds to the sums of a class the number of true outputs, four rows of a word in one int32."""
    words = tl.arange(0, BLOCK_W)
    a0 = tl.zeros((LANES, BLOCK_W), tl.int32)
    a1 = tl.zeros((LANES, BLOCK_W), tl.int32)
    a2 = tl.zeros((LANES, BLOCK_W), tl.int32)
    a3 = tl.zeros((LANES, BLOCK_W), tl.int32)
    a4 = tl.zeros((LANES, BLOCK_W), tl.int32)
    a5 = tl.zeros((LANES, BLOCK_W), tl.int32)
    a6 = tl.zeros((LANES, BLOCK_W), tl.int32)
    a7 = tl.zeros((LANES, BLOCK_W), tl.int32)
    while first < end:
        i = first + tl.arange(0, LANES)
        inside = i < end
        slot = tl.load(outputs + i, mask=inside, other=0)
        mask = inside[:, None] & (words >= 0)[None, :]
        x = tl.load(slots + slot[:, None] * BLOCK_W + words[None, :], mask=mask, other=0)
        a0 += x & 0x01010101
        a1 += (x >> 1) & 0x01010101
        a2 += (x >> 2) & 0x01010101
        a3 += (x >> 3) & 0x01010101
        a4 += (x >> 4) & 0x01010101
        a5 += (x >> 5) & 0x01010101
        a6 += (x >> 6) & 0x01010101
        a7 += (x >> 7) & 0x01010101
        first += LANES
    rows = (block * BLOCK_W + words) * 32
    add_counts(a0, sums, rows, 0, factor, n_rows, n_classes)
    add_counts(a1, sums, rows, 1, factor, n_rows, n_classes)
    add_counts(a2, sums, rows, 2, factor, n_rows, n_classes)
    add_counts(a3, sums, rows, 3, factor, n_rows, n_classes)
    add_counts(a4, sums, rows, 4, factor, n_rows, n_classes)
    add_counts(a5, sums, rows, 5, factor, n_rows, n_classes)
    add_counts(a6, sums, rows, 6, factor, n_rows, n_classes)
    add_counts(a7, sums, rows, 7, factor, n_rows, n_classes)


@triton.jit
def run(
    packed, scratch, gates, level_starts, outputs, groups, group_ends, sums,
    n_inputs, n_gates, n_levels, n_slots, n_groups, n_classes, n_blocks, n_rows,
    BLOCK_G: tl.constexpr, BLOCK_W: tl.constexpr, LANES: tl.constexpr,
):  # fmt: skip
    """Block after block of BLOCK_W words through all levels, in slots that this program owns.

    The barriers are those of one program; no program waits for another. sums (n_rows, n_classes)
    hold the bias before.
    """
    words = tl.arange(0, BLOCK_W)
    slots = scratch + tl.program_id(0).to(tl.int64) * n_slots * BLOCK_W
    tl.store(slots + words, tl.zeros((BLOCK_W,), tl.int32))
    tl.store(slots + BLOCK_W + words, tl.full((BLOCK_W,), -1, tl.int32))
    block = tl.program_id(0)
    while block < n_blocks:
        copy_inputs(packed, slots, block, n_inputs, BLOCK_G, BLOCK_W)
        tl.debug_barrier()
        level = 0
        while level < n_levels:
            first = tl.load(level_starts + level)
            end = tl.load(level_starts + level + 1)
            run_level(slots, gates, n_gates, first, end, BLOCK_G, BLOCK_W)
            tl.debug_barrier()
            level += 1
        group = 0
        while group < n_groups:
            start = tl.load(groups + group)
            of_class = sums + tl.load(groups + n_groups + group)
            factor = tl.load(groups + 2 * n_groups + group)
            count_group(
                slots, outputs, of_class, start, tl.load(group_ends + group), factor, block,
                n_rows, n_classes, LANES, BLOCK_W,
            )  # fmt: skip
            tl.debug_barrier()
            group += 1
        block += tl.num_programs(0)
