"""Rows a second from raw rows to labels, and beside it how fast the rows can be read at all."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gategrad import _core
from gategrad.cli.errors import CommandError
from gategrad.encoding import Filters
from gategrad.engine import Program
from gategrad.engine.isa import available
from gategrad.model import Model

# Far beyond every cache, so that rows come from memory.
READ_BYTES = 1 << 30
# Rows are drawn in blocks that stay in a core's cache; a multiple of 8.
BLOCK_BYTES = 1 << 20
WARM_UP_ROWS = 2048
MIN_PASSES = 3
DTYPES = ("bool", "uint8", "float32", "float64")


@dataclass(frozen=True)
class Speed:
    """What `measure` found.

    Attributes:
        samples_per_second: rows, from raw features to labels: the median pass.
        read_limit_per_second: the same rows, only read from memory: the faster of the medians of a
            plain and a prefetching loop.
        threads: that shared each call's rows, and the reading.
        batch: rows a call.
        rows: rows a pass; where that is less than all, passes take turns at the rows.
        passes: how many were timed.
    """

    samples_per_second: float
    read_limit_per_second: float
    threads: int
    batch: int
    rows: int
    passes: int

    @property
    def ns_per_sample(self) -> float:
        """Nanoseconds a row."""
        return 1e9 / self.samples_per_second

    @property
    def share(self) -> float:
        """Fraction of the read limit that is reached."""
        return self.samples_per_second / self.read_limit_per_second


def measure(
    program: Program,
    rows: NDArray,
    *,
    threads: int = 1,
    batch: int | None = None,
    seconds: float = 3.0,
) -> Speed:
    """Time a program and the reading of its rows, turn by turn, for about `seconds`.

    Args:
        program: what runs.
        rows: (n, features), C-contiguous, n >= 1; at least 1 GiB makes the read limit meaningful.
        threads: for both.
        batch: rows a call; as many as a pass takes where None.
        seconds: for all passes; there are at least three.
    """
    batch = min(batch or len(rows), len(rows))
    n = _rows_of_a_pass(program, rows, batch, threads, seconds)
    batch = min(batch, n)
    starts = range(0, len(rows) - n + 1, n)
    times: list[tuple[float, float, float]] = []
    end = time.perf_counter() + seconds
    for turn in count():
        window = rows[starts[turn % len(starts)] :][:n]
        times.append((_run(program, window, batch, threads), *_read(rows, threads)))
        if turn + 1 >= MIN_PASSES and time.perf_counter() > end:
            break
    run, plain, prefetching = (statistics.median(column) for column in zip(*times, strict=True))
    return Speed(n / run, len(rows) / min(plain, prefetching), threads, batch, n, len(times))


def takes_features(model: Model) -> bool:
    """Whether the engine itself encodes; else the rows to time are bits."""
    encoder = model.encoder
    return isinstance(encoder, Filters) or (
        encoder is not None and encoder.thresholds() is not None
    )


def row_dtype(model: Model) -> str:
    """The dtype of the rows that a model was made for, as far as it tells."""
    if not takes_features(model):
        return "bool"
    if isinstance(model.encoder, Filters):
        return "uint8"
    known = model.meta.get("dtype")
    if known in DTYPES:
        return known
    levels = model.encoder.thresholds()[1]
    in_bytes = len(levels) and 1 <= levels.max() <= 255 and levels.min() >= 0
    return "uint8" if in_bytes else "float32"


def random_rows(model: Model, *, dtype: str | None = None, seed: int = 0) -> NDArray:
    """Random rows that `model` takes, each at its own place in memory, READ_BYTES or a little more.

    Args:
        model: decides on the width, and on the range of the values.
        dtype: one of DTYPES; `row_dtype` where None.
        seed: of the values.

    Returns:
        (n, width) rows; fewer, and so less than READ_BYTES, where memory is short.

    Raises:
        CommandError: an unknown dtype.
    """
    dtype = dtype or row_dtype(model)
    if dtype not in DTYPES:
        raise CommandError(f"unknown dtype {dtype!r}; known: {', '.join(DTYPES)}")
    if isinstance(model.encoder, Filters) and dtype != "uint8":
        raise CommandError(f"--dtype is {dtype}; filters take bytes: give uint8, or leave it out")
    width = model.encoder.n_features if takes_features(model) else model.circuit.n_inputs
    # Half of what is free: the labels and the rest of the machine need some.
    size = min(READ_BYTES, max(free_bytes() // 2, READ_BYTES // 16))
    n = -(-size // max(1, width * np.dtype(dtype).itemsize))
    rows = np.empty((n, width), dtype)
    flat, draw = rows.reshape(-1), _drawer(model, rows.dtype, np.random.default_rng(seed))
    step = BLOCK_BYTES // rows.itemsize
    for start in range(0, len(flat), step):
        block = flat[start : start + step]
        block[:] = draw(len(block))
    return rows


def free_bytes() -> int:
    """Memory that can be had, by the system and by this process's control group.

    Where the system does not tell, twice READ_BYTES.
    """
    free = [READ_BYTES * 2]
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            free = [int(line.split()[1]) * 1024]
    limit, used = (_lines(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit and used and limit[0].isdigit():
        free.append(int(limit[0]) - int(used[0]))
    return max(0, min(free))


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _drawer(
    model: Model, dtype: np.dtype, generator: np.random.Generator
) -> Callable[[int], NDArray]:
    if not takes_features(model) or dtype.kind == "b":
        return lambda n: _random_bytes(generator, n, 0x0101010101010101)
    if dtype == np.uint8:
        return lambda n: _random_bytes(generator, n)
    levels = model.encoder.thresholds()[1]
    finite = levels[np.isfinite(levels)]
    low, high = (finite.min() - 1, finite.max() + 1) if len(finite) else (0.0, 1.0)
    return lambda n: low + (high - low) * generator.random(n, np.float32)


def _random_bytes(
    generator: np.random.Generator, n: int, mask: int = 2**64 - 1
) -> NDArray[np.uint8]:
    """Bytes drawn eight at a time, each kept in the bits that the mask of all eight has."""
    eights = generator.integers(0, 2**64, -(-n // 8), np.uint64)
    eights &= np.uint64(mask)
    return eights.view(np.uint8)[:n]


def _rows_of_a_pass(
    program: Program, rows: NDArray, batch: int, threads: int, seconds: float
) -> int:
    """All rows, or as many whole batches as a fifth of the time allows."""
    n = max(1, min(WARM_UP_ROWS, batch, len(rows)))
    _run(program, rows[:n], batch, threads)
    while (elapsed := _run(program, rows[:n], batch, threads)) < seconds / 50 and n < len(rows):
        n = min(4 * n, len(rows))
    affordable = int(seconds / 5 / elapsed * n)
    if affordable >= len(rows):
        return len(rows)
    return max(affordable // batch * batch, min(batch, affordable), 1)


def _run(program: Program, rows: NDArray, batch: int, threads: int) -> float:
    start = time.perf_counter()
    for first in range(0, len(rows), batch):
        program.labels(rows[first : first + batch], threads=threads)
    return time.perf_counter() - start


def _read(rows: NDArray, threads: int) -> tuple[float, float]:
    """Seconds to read all rows: plain, and prefetching."""
    parts = np.array_split(rows.reshape(-1).view(np.uint8), threads)
    with ThreadPoolExecutor(threads) as pool:
        return _read_parts(pool, parts, False), _read_parts(pool, parts, True)


def _read_parts(pool: ThreadPoolExecutor, parts: list[NDArray], prefetching: bool) -> float:
    isa = available()[-1]
    if len(parts) == 1:
        return _core.time_read(parts[0], isa, prefetching)[0]
    start = time.perf_counter()
    list(pool.map(lambda part: _core.time_read(part, isa, prefetching), parts))
    return time.perf_counter() - start
