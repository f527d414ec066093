"""Exported C against the model: compiled, and run on rows of many kinds."""

import ctypes
import re
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.intervals import number_intervals
from gategrad.export.source import Source, n_features
from gategrad.export.tools import ToolError, find_tool, run_tool
from gategrad.export.verify.verdict import Verdict

_MOST_EXHAUSTIVE = 20
_TYPES = {"uint8_t": "u1", "int16_t": "i2", "int32_t": "i4", "float": "f4", "double": "f8"}
_VALUE = re.compile(r"^typedef (\w+) (\w+)_value;$", re.MULTILINE)
_BATCH = 100_000


def verify_c(
    model: Source, path: Path, *, rows: NDArray | None, n_random: int, seconds: float
) -> Verdict:
    """Compile NAME.c, which has NAME.h beside it, and compare its sums and labels with the model's.

    All rows of bits are tried where there are at most 20 of them; otherwise the given rows and
    random ones, whose values lie on and beside the thresholds.
    """
    header = path.with_suffix(".h")
    found = _VALUE.search(header.read_text()) if header.exists() else None
    if found is None:
        return Verdict(failed=(f"{header.name} is missing or damaged: it declares no row's type",))
    name, dtype = found[2], np.dtype(_TYPES[found[1]])
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model.so"
        command = [find_tool("cc"), "-std=c99", "-O1", "-fPIC", "-shared", str(path.resolve())]
        try:
            run_tool([*command, "-o", str(target)], folder=Path(folder), seconds=seconds)
        except ToolError as error:
            return Verdict(failed=(f"{path.name} does not compile: {error}",))
        called = _Called(ctypes.CDLL(str(target)), name, model)
        tried, exhaustive = _rows(model, dtype, rows, n_random)
        return _compare(called, model, tried, path.name, exhaustive=exhaustive)


class _Called:
    def __init__(self, library: ctypes.CDLL, name: str, model: Source) -> None:
        self._library, self._name, self._readout = library, name, model.readout

    def _call(self, function: str, x: NDArray, out: NDArray) -> NDArray:
        entry = getattr(self._library, f"{self._name}_{function}")
        entry.restype = None
        sizes = (ctypes.c_size_t(len(x)), ctypes.c_size_t(x.shape[1]))
        entry(x.ctypes.data_as(ctypes.c_void_p), *sizes, out.ctypes.data_as(ctypes.c_void_p))
        return out

    def sums(self, x: NDArray) -> NDArray:
        return self._call("sums", x, np.zeros((len(x), self._readout.n_classes), np.int32))

    def labels(self, x: NDArray) -> NDArray:
        kind = self._readout.kind
        shape = len(x) if kind in ("argmax", "binary") else (len(x), self._readout.n_classes)
        return self._call(
            "predict", x, np.zeros(shape, np.float32 if kind == "regression" else np.int32)
        )


def _rows(
    model: Source, dtype: np.dtype, rows: NDArray | None, n_random: int
) -> tuple[list[NDArray], bool]:
    n = n_features(model)
    if model.encoder is None and n <= _MOST_EXHAUSTIVE:
        whole = np.arange(1 << n)[:, None] >> np.arange(n) & 1
        return [whole.astype(dtype)], True
    rng = np.random.default_rng(0)
    tried = [] if rows is None else [np.ascontiguousarray(rows, dtype)]
    for first in range(0, n_random, _BATCH):
        tried.append(_random_rows(model, dtype, min(_BATCH, n_random - first), rng))
    return tried, False


def _random_rows(model: Source, dtype: np.dtype, n: int, rng: np.random.Generator) -> NDArray:
    """Values on, just below and just above the thresholds of their column, and extremes."""
    if model.encoder is None:
        return rng.integers(0, 2, (n, n_features(model))).astype(dtype)
    intervals = number_intervals(model.encoder)
    out = np.empty((n, model.encoder.n_features), dtype)
    for column in range(out.shape[1]):
        own = intervals.feature == column
        levels = np.concatenate([intervals.low[own], intervals.high[own], [0.0]])
        levels = levels[np.isfinite(levels)]
        near = [levels, np.nextafter(levels, np.inf), np.nextafter(levels, -np.inf)]
        whole = [np.floor(levels), np.ceil(levels), np.floor(levels) + 1]
        out[:, column] = rng.choice(_held(np.concatenate(near + whole), dtype), n)
    return out


def _held(values: NDArray, dtype: np.dtype) -> NDArray:
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(values, limits.min, limits.max).astype(dtype)


def _compare(
    called: _Called, model: Source, tried: list[NDArray], name: str, *, exhaustive: bool
) -> Verdict:
    total = 0
    for x in tried:
        total += len(x)
        for what, got, expected in (
            ("sums", called.sums(x), model.sums(x)),
            ("labels", called.labels(x), _indices(model, x)),
        ):
            if not np.array_equal(got, expected):
                row = int(np.argwhere(got != expected)[0][0])
                return Verdict(
                    failed=(
                        f"{what} of {name}: {got[row]} instead of {expected[row]} "
                        f"for the row {x[row].tolist()[:20]}",
                    )
                )
    if exhaustive:
        return Verdict(proven=(f"sums and labels of {name}: equal for all {total:,} rows",))
    return Verdict(tested=(f"sums and labels of {name}: equal for {total:,} rows",))


def _indices(model: Source, x: NDArray) -> NDArray:
    from gategrad.circuit import decide

    return decide(model.readout, model.sums(x))
