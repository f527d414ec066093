"""The comparisons of a model as C: neighbouring columns in vectors, or one after the other."""

import numpy as np
from numpy.typing import NDArray

from gategrad.export.c_code.gates import numbers
from gategrad.export.front import Front

CHUNK = 64
# Chunks of which marks are held for 64 rows: 8 KiB, a part of any first-level cache.
_BAND = 16
# Lanes of a chunk cost about this much less than a comparison by itself.
_LANE_GAIN = 16


def chunks(front: Front) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Share comparisons out over chunks of neighbouring columns, each column once in a chunk.

    Returns:
        `(chunk, lane)`, both (n,): the chunk of each comparison and its place in it. The column
        that a chunk begins at is its number's group, `chunk_columns`, times the width.
    """
    feature = front.feature.astype(np.int64)
    group = feature // CHUNK
    # Comparisons are sorted by column: the nth of a column goes to the nth chunk of its group.
    starts = np.searchsorted(feature, feature)
    nth = np.arange(len(feature)) - starts
    keys = group * (int(nth.max(initial=0)) + 1) + nth
    return np.unique(keys, return_inverse=True)[1].reshape(-1), group


def encoder_text(front: Front, word_bytes: int) -> tuple[str, dict[str, str], NDArray[np.int64]]:
    """Which template encodes, what it takes, and in which order comparisons have their slots.

    Args:
        front: the comparisons.
        word_bytes: bytes of a word.

    Returns:
        `(template, values, order)`; slot k is comparison `order[k]`.
    """
    n = len(front.feature)
    chunk, group = chunks(front)
    n_chunks = int(chunk.max(initial=-1)) + 1
    order = np.argsort(chunk, kind="stable")
    width = max(1, min(CHUNK, front.n_features))
    if not n or n_chunks * CHUNK > _LANE_GAIN * n:
        return "gather", _gather(front), np.arange(n)
    column = np.zeros(n_chunks, np.int64)
    column[chunk] = np.minimum(group * CHUNK, front.n_features - width)
    lane = front.feature.astype(np.int64) - column[chunk]
    least = np.zeros((n_chunks, width), front.least.dtype)
    least[chunk, lane] = front.least
    rows = ",\n".join("  {" + numbers([constant(v) for v in row]) + "}" for row in least)
    values = {
        "chunk": str(width),
        "chunks": str(n_chunks),
        "band": str(min(_BAND, n_chunks)),
        "columns": numbers(column),
        "least": "\n" + rows + "\n",
        "first_marks": numbers(np.searchsorted(chunk[order], np.arange(n_chunks + 1))),
        "mark_lines": "\n".join(
            f"      m = (unsigned char)(m | (x[{row} * stride + j] >= least[j] ? {1 << row} : 0));"
            for row in range(1, 8)
        ),
    }
    return "columns", values | _lanes(lane[order], width, word_bytes), order


def _lanes(lane: NDArray[np.int64], width: int, word_bytes: int) -> dict[str, str]:
    """How marks of eight octets come together: in 64-bit lanes, as many as a word has.

    A lane takes eight marks, and gives one of them to each of eight words: so mark `j` of a chunk
    goes to lane `j // 8 % lanes` of word `j % 8`.
    """
    lanes = max(1, word_bytes // 8)
    wide = 8 * lanes
    place = lane // wide * wide + lane % 8 * lanes + lane % wide // 8
    return {
        "group": str(min(8, word_bytes)),
        "padded": str(-(-width // wide) * wide),
        "marks": numbers(place if word_bytes >= 8 else lane),
    }


def _gather(front: Front) -> dict[str, str]:
    return {
        "column": "uint16_t" if front.n_features <= 1 << 16 else "uint32_t",
        "columns": numbers(front.feature),
        "least": numbers([constant(v) for v in front.least]),
    }


def constant(value: np.integer | np.floating) -> str:
    """A value as a C constant of its type, exactly."""
    if value.dtype.kind in "iu":
        # The lowest int32 has no constant of its own in C.
        return f"(-{-(int(value) + 1)} - 1)" if int(value) == -(2**31) else str(int(value))
    if np.isinf(value):
        return "-INFINITY" if value < 0 else "INFINITY"
    return float(value).hex() + ("f" if value.dtype == np.float32 else "")
