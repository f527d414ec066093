"""A pipeline run cycle by cycle, with gaps between rows and a reset: what registers do in time.

The proof takes registers away, with `rst_n` high. This runs the same and-inverter graph with them,
from unknown contents on, many streams of rows at a time, one in each bit of a word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import decide
from gategrad.export.errors import ExportError
from gategrad.export.source import Source, n_features
from gategrad.export.verify.pipeline import Graph, in_order
from gategrad.export.verify.verdict import Verdict

STREAMS = 256
# Cycles beyond those that rows need to come through twice: before, between and after the resets.
_MORE_CYCLES = 24
_FIRST_RESETS = 2
# Of four cycles of a stream, three bring a row.
_BUSY = 0.75
Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Fixed:
    """How a value of a row lies in `in_data`: an integer over 2 to `fraction`."""

    bits: int
    signed: bool
    fraction: int

    @property
    def lowest(self) -> int:
        """The least integer."""
        return -(1 << (self.bits - 1)) if self.signed else 0


def simulate(
    model: Source, graph: Graph, latency: int, form: Fixed, rows: NDArray | None
) -> Verdict:
    """Run a pipeline on rows with gaps, reset it meanwhile, and compare all that it says is valid.

    Args:
        model: whose label and sums are expected.
        graph: with the ports of an exported module, its clock apart.
        latency: registers between a row and its result.
        form: of values.
        rows: (n, features) whose results are among those compared, as many as the streams have
            room for; the others are random.

    Raises:
        ExportError: `rows` hold a value that `form` does not.
    """
    plan = _plan(model, latency, form, rows)
    machine = _Machine(graph)
    seen = 0
    for cycle, ports in enumerate(plan.ports()):
        given = machine.outputs(ports)
        # What registers hold before the first clock edge is not known.
        expected = plan.valid_now(cycle, latency)
        if cycle and not np.array_equal(_streams(given["out_valid"]), expected):
            return Verdict(failed=(f"out_valid is wrong in cycle {cycle} after a start",))
        if expected.any() and (what := plan.differs(model, given, cycle - latency, expected)):
            return Verdict(failed=(f"{what} is wrong in cycle {cycle}, with gaps between rows",))
        seen += int(expected.sum())
        machine.tick()
    return Verdict(
        tested=(
            f"{seen:,} rows in {STREAMS} streams of {len(plan.valid)} cycles, with gaps in "
            "in_valid and a reset",
        )
    )


@dataclass(frozen=True)
class _Plan:
    """What goes in: by cycle and stream, and by cycle whether `rst_n` is high."""

    form: Fixed
    numbers: NDArray[np.int64]  # (cycles, streams, features)
    valid: NDArray[np.bool_]  # (cycles, streams)
    runs: NDArray[np.bool_]  # (cycles,)

    def ports(self) -> Iterator[dict[str, Words]]:
        """The bits of every input port, cycle by cycle."""
        places = np.arange(self.form.bits)
        for numbers, valid, runs in zip(self.numbers, self.valid, self.runs, strict=True):
            bits = (numbers[:, :, None] >> places & 1).astype(bool).reshape(len(numbers), -1)
            words = _words(bits)
            # A vector of one bit has no index.
            names = ["in_data"] if len(words) == 1 else [f"in_data[{i}]" for i in range(len(words))]
            yield {
                **dict(zip(names, words, strict=True)),
                "in_valid": _words(valid[:, None])[0],
                "rst_n": _words(np.full((len(valid), 1), runs))[0],
                "clk": np.zeros(words.shape[1], np.uint64),
            }

    def valid_now(self, cycle: int, latency: int) -> NDArray[np.bool_]:
        """By stream, whether a row went in `latency` cycles ago and no reset came since.

        A reset acts at once, not with the clock.
        """
        first = cycle - latency
        if first < 0 or not self.runs[first : cycle + 1].all():
            return np.zeros(self.valid.shape[1], bool)
        return self.valid[first]

    def differs(
        self, model: Source, given: dict[str, Words], cycle: int, where: NDArray[np.bool_]
    ) -> str | None:
        """What differs from the results of the rows of a cycle, in the streams `where`."""
        rows = self.numbers[cycle][where]
        x = rows.astype(np.uint8) if model.encoder is None else rows / 2.0**self.form.fraction
        sums = model.sums(x)
        ports = {name: _port(given, name)[where] for name in ("out_label", "out_sums")}
        width = ports["out_sums"].shape[1] // model.readout.n_classes
        if not np.array_equal(ports["out_sums"], _bits(sums, width)):
            return "out_sums"
        label = _label_bits(model, sums, ports["out_label"].shape[1])
        return None if np.array_equal(ports["out_label"], label) else "out_label"


def _plan(model: Source, latency: int, form: Fixed, rows: NDArray | None) -> _Plan:
    rng = np.random.default_rng(0)
    n_cycles = 2 * latency + _MORE_CYCLES
    high = form.lowest + (1 << form.bits)
    numbers = rng.integers(form.lowest, high, (n_cycles, STREAMS, n_features(model)))
    valid = rng.random((n_cycles, STREAMS)) < _BUSY
    runs = np.ones(n_cycles, bool)
    runs[:_FIRST_RESETS] = False
    runs[latency + _MORE_CYCLES // 2] = False
    if rows is not None:
        chosen = _integers(rows, form, n_features(model))
        ways = [runs[c : c + latency + 1] for c in range(n_cycles)]
        through = np.array([len(way) > latency and bool(way.all()) for way in ways])
        cycle, stream = np.nonzero(valid & through[:, None])
        numbers[cycle[: len(chosen)], stream[: len(chosen)]] = chosen[: len(cycle)]
    return _Plan(form, numbers, valid, runs)


def _integers(rows: NDArray, form: Fixed, n: int) -> NDArray[np.int64]:
    x = np.asarray(rows, np.float64)
    if x.ndim != 2 or x.shape[1] != n:
        raise ExportError(f"rows have shape {x.shape}; expected (rows, {n})")
    scaled = x * 2.0**form.fraction
    bad = (scaled != np.rint(scaled)) | (scaled < form.lowest)
    bad |= scaled >= form.lowest + (1 << form.bits)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise ExportError(
            f"rows[{row}, {column}] is {x[row, column]:g}, which in_data can't hold; round the "
            "rows as the hardware does, or leave them out"
        )
    return scaled.astype(np.int64)


class _Machine:
    """The graph with its registers, whose contents are random at first."""

    def __init__(self, graph: Graph) -> None:
        order = [v for v in in_order(graph) if v in graph.nodes]
        self._graph = graph
        self._latches = list(graph.latches)
        self._of = {v: i for i, v in enumerate([0, *graph.inputs, *self._latches, *order])}
        self._levels = self._leveled(order)
        words = STREAMS // 64
        self._values = np.zeros((len(self._of), words), np.uint64)
        rng = np.random.default_rng(1)
        first = 1 + len(graph.inputs)
        self._registers = slice(first, first + len(self._latches))
        contents = rng.integers(0, 2**64, (len(self._latches), words), np.uint64)
        self._values[self._registers] = contents
        self._next = self._literals([graph.latches[v] for v in self._latches])

    def outputs(self, ports: dict[str, Words]) -> dict[str, Words]:
        """What the outputs are while the inputs are these."""
        for variable, name in self._graph.inputs.items():
            self._values[self._of[variable]] = ports[name]
        for own, first, second in self._levels:
            self._values[own] = self._read(first) & self._read(second)
        names = [name for name, _ in self._graph.outputs]
        read = self._read(self._literals([literal for _, literal in self._graph.outputs]))
        return dict(zip(names, read, strict=True))

    def tick(self) -> None:
        """A clock edge: every register takes what it reads."""
        self._values[self._registers] = self._read(self._next)

    def _leveled(self, order: Sequence[int]) -> list[tuple]:
        """Nodes of one level at a time: where they lie, and their operands."""
        level: dict[int, int] = {}
        for v in order:
            level[v] = 1 + max(level.get(literal >> 1, 0) for literal in self._graph.nodes[v])
        by_level: dict[int, list[int]] = {}
        for v in order:
            by_level.setdefault(level[v], []).append(v)
        return [
            (
                np.array([self._of[v] for v in nodes]),
                self._literals([self._graph.nodes[v][0] for v in nodes]),
                self._literals([self._graph.nodes[v][1] for v in nodes]),
            )
            for _, nodes in sorted(by_level.items())
        ]

    def _literals(self, literals: Sequence[int]) -> tuple[NDArray[np.int64], Words]:
        """Where literals lie, and all ones for those that are complements."""
        places = np.array([self._of[literal >> 1] for literal in literals], np.int64)
        flips = np.array([literal & 1 for literal in literals], np.uint64)
        return places, (np.uint64(0) - flips)[:, None]

    def _read(self, literals: tuple[NDArray[np.int64], Words]) -> Words:
        places, flips = literals
        return self._values[places] ^ flips


def _words(bits: NDArray[np.bool_]) -> Words:
    """(streams, n) bits as (n, words)."""
    packed = np.packbits(np.ascontiguousarray(bits.T), axis=1, bitorder="little")
    return packed.view(np.uint64)


def _streams(words: Words) -> NDArray[np.bool_]:
    """The bits of some words, by stream."""
    return np.unpackbits(words.view(np.uint8), bitorder="little").astype(bool)


def _port(given: dict[str, Words], name: str) -> NDArray[np.bool_]:
    """(streams, bits) of a vector, lowest first."""
    if name in given:
        return _streams(given[name])[:, None]
    n = sum(key.startswith(f"{name}[") for key in given)
    return np.column_stack([_streams(given[f"{name}[{i}]"]) for i in range(n)])


def _bits(numbers: NDArray, width: int) -> NDArray[np.bool_]:
    """(rows, n) integers as their `width` lowest bits, (rows, n * width)."""
    bits = numbers[:, :, None].astype(np.int64) >> np.arange(width) & 1
    return bits.astype(bool).reshape(len(numbers), -1)


def _label_bits(model: Source, sums: NDArray, width: int) -> NDArray[np.bool_]:
    if model.readout.kind == "regression":
        return np.zeros((len(sums), width), bool)
    decided = decide(model.readout, sums)
    return _bits(decided[:, None], width) if decided.ndim == 1 else decided.astype(bool)
