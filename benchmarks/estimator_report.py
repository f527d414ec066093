"""The tables of `benchmarks.estimators`, made from its records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.estimators import Measured

    Rows = Sequence[Sequence[Measured | None]]

OURS = "gategrad"


def tables(found: "Sequence[Measured]", sets: Sequence[str], names: Sequence[str]) -> str:
    """Markdown: accuracy with ranks, balanced accuracy, rows a second.

    Args:
        found: records.
        sets: in their order.
        names: of the estimators, in their order.
    """
    by_pair = {(one.set, one.estimator): one for one in found}
    there = [name for name in sets if any((name, other) in by_pair for other in names)]
    rows = [[by_pair.get((name, other)) for other in names] for name in there]
    return "\n".join((_accuracy(rows, names), _balanced(rows, names), _speed(rows, names)))


def ranks(values: Sequence[float]) -> list[float]:
    """Place of each, 1 for the largest; equal ones share the mean of theirs.

    Examples:
        >>> ranks([0.5, 0.9, 0.5])
        [2.5, 1.0, 2.5]
    """
    given = np.array(values)
    return [
        float((given > value).sum() + ((given == value).sum() + 1) / 2) for value in given.tolist()
    ]


def _accuracy(rows: "Rows", names: Sequence[str]) -> str:
    lines = [_line("set", "rows", "columns", *names, "gates"), _line(*["---"] * (len(names) + 4))]
    places = []
    for row in rows:
        first = next(one for one in row if one is not None)
        place: list[float | None] = [None] * len(row)
        if None not in row:
            place = list(ranks([round(float(np.mean(one.scores)), 4) for one in row]))
            places.append(place)
        cells = [_cell(one, at) for one, at in zip(row, place, strict=True)]
        name = f"{first.set}, R2" if first.figure == "R2" else first.set
        lines.append(_line(name, f"{first.rows:,}", first.columns, *cells, _gates(row)))
    if places:
        lines.append(_line("median rank", "", "", *map(_short, np.median(places, 0)), ""))
        lines.append(_line("mean rank", "", "", *(f"{x:.2f}" for x in np.mean(places, 0)), ""))
    return "".join(lines)


def _balanced(rows: "Rows", names: Sequence[str]) -> str:
    lines = [_line("balanced accuracy", *names), _line(*["---"] * (len(names) + 1))]
    for row in rows:
        first = next(one for one in row if one is not None)
        if first.balanced:
            lines.append(_line(first.set, *(_share(one, "balanced") for one in row)))
    return "".join(lines)


def _speed(rows: "Rows", names: Sequence[str]) -> str:
    lines = [_line("thousand rows a second", *names), _line(*["---"] * (len(names) + 1))]
    for row in rows:
        first = next(one for one in row if one is not None)
        cells = ("not run" if one is None else f"{one.rows_a_second / 1e3:,.0f}" for one in row)
        lines.append(_line(first.set, *cells))
    return "".join(lines)


def _cell(one: "Measured | None", place: float | None) -> str:
    if one is None:
        return "not run"
    text = f"{np.mean(one.scores):.4f}" if one.figure == "R2" else _share(one, "scores")
    text = f"**{text}**" if one.estimator == OURS else text
    return text if place is None else f"{text} ({_short(place)})"


def _share(one: "Measured | None", name: str) -> str:
    return "not run" if one is None else f"{100 * np.mean(getattr(one, name)):.2f} %"


def _gates(row: "Sequence[Measured | None]") -> str:
    there = (one.gates for one in row if one is not None and one.gates is not None)
    return next((f"{gates:,.0f}" for gates in there), "")


def _short(value: float) -> str:
    return f"{value:g}"


def _line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |\n"
