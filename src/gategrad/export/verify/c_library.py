"""Exported C against the model: compiled, and run on rows of many kinds."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Netlist, decide
from gategrad.export.source import Source, intervals_of, n_features
from gategrad.export.template import fill
from gategrad.export.tools import ToolError, find_tool, run_tool
from gategrad.export.verify.verdict import Verdict

_MOST_EXHAUSTIVE = 20
_TYPES = {"uint8_t": "u1", "int16_t": "i2", "int32_t": "i4", "float": "f4", "double": "f8"}
_VALUE = re.compile(r"^typedef (\w+) (\w+)_value;$", re.MULTILINE)
_BATCH = 100_000
# Outputs that read at most so many inputs are tried with all their values; so many sets of inputs.
_MOST_IN_CONE, _MOST_CONES = 8, 400


def verify_c(
    model: Source, path: Path, *, rows: NDArray | None, n_random: int, seconds: float
) -> Verdict:
    """Compile NAME.c, which has NAME.h beside it, and compare its sums and labels with the model's.

    All rows of bits are tried where there are at most 20 of them; otherwise the given rows and
    random ones, whose values lie on and beside the thresholds, and of bits all values of the inputs
    of each output that reads eight or fewer. The code runs in a process of its
    own, which it may crash.
    """
    header = path.with_suffix(".h")
    declared = header.read_text(errors="replace") if header.exists() else ""
    found = _VALUE.search(declared)
    if found is None or found[1] not in _TYPES:
        return Verdict(failed=(f"{header.name} is missing or damaged: it declares no row's type",))
    # Only a regression for microcontrollers gives its sums alone.
    if model.readout.kind != "regression" and f" {found[2]}_predict(" not in declared:
        return Verdict(failed=(f"{header.name} declares no {found[2]}_predict, so no labels",))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "driver.c").write_text(_driver(found[2], model, declared))
        built = place / "driver"
        command = [find_tool("cc"), "-std=c99", "-O1", f"-I{path.resolve().parent}", "driver.c"]
        try:
            run_tool([*command, str(path.resolve()), "-o", "driver"], folder=place, seconds=seconds)
        except ToolError as error:
            return Verdict(failed=(f"{path.name} does not compile: {error}",))
        dtype = np.dtype(_TYPES[found[1]])
        tried, exhaustive = _rows(model, dtype, rows, n_random)
        program = _Program(built, model, seconds, labels=f" {found[2]}_predict(" in declared)
        return _compare(program, tried, path.name, exhaustive=exhaustive)


def _driver(name: str, model: Source, declared: str) -> str:
    per_row = model.readout.n_classes if model.readout.kind in ("multilabel", "regression") else 1
    values = {"name": name, "classes": str(model.readout.n_classes), "per_row": str(per_row)}
    values |= {"features": str(n_features(model))}
    # A regression for microcontrollers gives its sums alone.
    values["labels"] = str(int(f" {name}_predict(" in declared))
    return fill("gategrad.export.verify", "driver.c.in", values)


@dataclass(frozen=True)
class _Program:
    """A driver that takes rows from standard input, and what the model says of them."""

    path: Path
    model: Source
    seconds: float
    labels: bool

    def compared(self, x: NDArray) -> Iterator[tuple[str, NDArray, NDArray]]:
        """What is compared, what the program gives, and what the model does.

        Raises:
            ToolError: the program crashed, or took too long.
        """
        readout, sums = self.model.readout, self.model.sums(x)
        expected = {"sums": sums}
        if self.labels:
            decided = decide(readout, sums)
            kind = np.float32 if readout.kind == "regression" else np.int32
            expected["labels"] = decided.astype(kind)
        given = self._run(x)
        place = 0
        for what, values in expected.items():
            part = given[place : place + values.nbytes]
            place += values.nbytes
            if len(part) != values.nbytes:
                raise ToolError("it gave fewer results than there are rows")
            yield what, np.frombuffer(part, values.dtype).reshape(values.shape), values

    def _run(self, x: NDArray) -> bytes:
        try:
            done = subprocess.run(
                [self.path, str(len(x))],
                input=np.ascontiguousarray(x).tobytes(),
                stdout=subprocess.PIPE,
                timeout=self.seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"it took longer than {self.seconds:g} s") from error
        if done.returncode:
            raise ToolError(f"it crashed with {done.returncode} on {len(x)} rows")
        return done.stdout


def _rows(
    model: Source, dtype: np.dtype, rows: NDArray | None, n_random: int
) -> tuple[list[NDArray], bool]:
    n = n_features(model)
    if model.encoder is None and n <= _MOST_EXHAUSTIVE:
        whole = np.arange(1 << n)[:, None] >> np.arange(n) & 1
        return [whole.astype(dtype)], True
    rng = np.random.default_rng(0)
    tried = [] if rows is None else [np.ascontiguousarray(rows, dtype)]
    tried += _cone_rows(model, dtype, rng)
    for first in range(0, n_random, _BATCH):
        tried.append(_random_rows(model, dtype, min(_BATCH, n_random - first), rng))
    return tried, False


def _cone_rows(model: Source, dtype: np.dtype, rng: np.random.Generator) -> list[NDArray]:
    """All values of the inputs of each output that reads few of them, the others being random."""
    if model.encoder is not None:
        return []
    net, found = Netlist(model.circuit), set()
    for signal in np.unique(model.circuit.outputs[model.readout.index]).tolist():
        inputs = net.live_inputs([signal])
        if len(inputs) <= _MOST_IN_CONE:
            found.add(tuple(inputs.tolist()))
    made = []
    for chosen in sorted(found)[:_MOST_CONES]:
        patterns = np.arange(1 << len(chosen))[:, None] >> np.arange(len(chosen)) & 1
        rows = np.repeat(rng.integers(0, 2, (1, model.circuit.n_inputs)), len(patterns), axis=0)
        rows[:, chosen] = patterns
        made.append(rows.astype(dtype))
    return [np.concatenate(made)] if made else []


def _random_rows(model: Source, dtype: np.dtype, n: int, rng: np.random.Generator) -> NDArray:
    """Values on, just below and just above the thresholds of their column, and extremes."""
    if model.encoder is None:
        return rng.integers(0, 2, (n, n_features(model))).astype(dtype)
    intervals = intervals_of(model.encoder)
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


def _compare(program: _Program, tried: list[NDArray], name: str, *, exhaustive: bool) -> Verdict:
    total, whole = 0, "sums and labels" if program.labels else "sums"
    for x in tried:
        total += len(x)
        try:
            for what, got, expected in program.compared(x):
                if got.tobytes() != expected.tobytes():
                    return Verdict(failed=(_difference(f"{what} of {name}", x, got, expected),))
        except ToolError as error:
            return Verdict(failed=(f"{name}: {error}",))
    if exhaustive:
        return Verdict(proven=(f"{whole} of {name}: equal for all {total:,} rows",))
    return Verdict(tested=(f"{whole} of {name}: equal for {total:,} rows",))


def _difference(what: str, x: NDArray, got: NDArray, expected: NDArray) -> str:
    row = int(np.argwhere(got != expected)[0][0])
    return f"{what}: {got[row]} instead of {expected[row]} for the row {x[row].tolist()[:20]}"
