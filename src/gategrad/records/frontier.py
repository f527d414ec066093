"""Records of pruning: gates and accuracy of every round, and their picture."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from gategrad.records.errors import RecordError
from gategrad.records.journal import append_line, read_lines
from gategrad.records.picture import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VERSION = 1
_INCHES = (6.4, 4.0)


@dataclass(frozen=True)
class Frontier:
    """What pruning a model gave.

    Attributes:
        model: a name for people.
        data: that it was pruned on.
        figure: what the figures are, such as "accuracy".
        budget: points.
        finetune: steps of training after each round; 0 for none.
        seed: of the rows.
        held_rows: that the budget was spent on.
        gates: of each round, the model as it was first.
        held: figure of each round on the rows held back.
        kept: the round whose model was saved.
        test_before: figure on the test rows; None without any.
        test: likewise of the smaller model.
        seconds: processor time.
        machine: kind of processor, and cores.
        gategrad: version.
    """

    model: str
    data: str
    figure: str
    budget: float
    finetune: int
    seed: int
    held_rows: int
    gates: tuple[int, ...]
    held: tuple[float, ...]
    kept: int
    test_before: float | None
    test: float | None
    seconds: float
    machine: str
    gategrad: str

    @property
    def saved(self) -> float:
        """Share of the gates that went."""
        return 1 - self.gates[self.kept] / max(1, self.gates[0])

    @property
    def name(self) -> str:
        """For people: the model, and whether it was trained between rounds."""
        return self.model + (f", {self.finetune} steps a round" if self.finetune else "")


def append_frontier(path: str | os.PathLike, frontier: Frontier) -> None:
    """Add it as the last line of a JSON-lines file, see `journal.append`."""
    append_line(path, {"version": VERSION} | asdict(frontier))


def read_frontiers(path: str | os.PathLike) -> list[Frontier]:
    """Those in a file, in order.

    Raises:
        RecordError: a line that is none; says which one and why.
        OSError: the file can't be read.
    """
    return [_frontier(path, number, values) for number, values in read_lines(path)]


def frontier_picture(frontiers: Sequence[Frontier], path: str | os.PathLike) -> None:
    """Draw accuracy against gates, a line a record, and save it, as .svg or .png.

    Raises:
        RecordError: no records, another ending, or no matplotlib.
        OSError: it can't be written there.
    """
    if not frontiers:
        raise RecordError("there are no records to draw")
    sets = list(dict.fromkeys(f.data for f in frontiers))
    with drawn(path, (_INCHES[0], _INCHES[1] * len(sets))) as figure:
        axes = figure.subplots(len(sets), squeeze=False)[:, 0]
        for data, panel in zip(sets, axes, strict=True):
            _draw(panel, data, [f for f in frontiers if f.data == data])


def _frontier(path: str | os.PathLike, number: int, values: Any) -> Frontier:
    names = [one.name for one in fields(Frontier)]
    if not isinstance(values, Mapping) or values.get("version") != VERSION:
        raise RecordError(f"{os.fspath(path)}, line {number}: no record of version {VERSION}")
    if {*names, "version"} != values.keys():
        other = min({*names, "version"} ^ values.keys())
        raise RecordError(f"{os.fspath(path)}, line {number}: {other!r} is missing or unknown")
    lists = {name: tuple(values[name]) for name in ("gates", "held")}
    return Frontier(**{name: values[name] for name in names} | lists)


def _draw(panel: "Axes", data: str, frontiers: Sequence[Frontier]) -> None:
    for place, f in enumerate(frontiers):
        color = f"C{place}"
        panel.plot(f.gates, [100 * v for v in f.held], ".-", color=color, ms=3, lw=1, label=f.name)
        panel.plot(f.gates[f.kept], 100 * f.held[f.kept], "o", color=color, ms=6)
    panel.set(title=data, xlabel="live gates", ylabel=f"{frontiers[0].figure} held back, %")
    worst = min(f.held[f.kept] for f in frontiers)
    best = max(max(f.held) for f in frontiers)
    panel.set_ylim(100 * worst - 1, 100 * best + 0.3)
    panel.grid(alpha=0.3)
    panel.legend(fontsize=7, loc="lower right")
