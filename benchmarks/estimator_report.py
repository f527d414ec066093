"""The tables of `benchmarks.estimators`, made from its records."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.estimators import Measured

    Rows = Sequence[Sequence[Measured | None]]

OURS, UNRANKED = "gategrad", "network alone"


def tables(found: "Sequence[Measured]", sets: Sequence[str], names: Sequence[str]) -> str:
    """Markdown: accuracy with ranks, balanced accuracy, rows a second, seconds to fit.

    Args:
        found: records.
        sets: in their order.
        names: of the estimators, in their order.
    """
    by_pair = {(one.set, one.estimator): one for one in found}
    there = [name for name in sets if any((name, other) in by_pair for other in names)]
    rows = [[by_pair.get((name, other)) for other in names] for name in there]
    parts = (
        _accuracy(rows, names),
        _balanced(rows, names),
        _figures(
            "thousand rows a second", rows, names, lambda one: f"{one.rows_a_second / 1e3:,.0f}"
        ),
        _figures("seconds to fit", rows, names, lambda one: f"{one.fit_seconds:.2f}"),
    )
    return "\n".join(parts)


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
    lines = [
        _line("set", "rows", "columns", *names, "gates / alone"),
        _line(*["---"] * (len(names) + 4)),
    ]
    places = []
    for row in rows:
        first = next(one for one in row if one is not None)
        place = _places(row, names)
        if any(at is not None for at in place):
            places.append(place)
        cells = [_cell(one, at) for one, at in zip(row, place, strict=True)]
        name = f"{first.set}, R2" if first.figure == "R2" else first.set
        lines.append(_line(name, f"{first.rows:,}", first.columns, *cells, _gates(row)))
    if places:
        table = np.array(places, float)
        for name, of in (("median rank", np.median), ("mean rank", np.mean)):
            found = of(table, axis=0).tolist()
            cells = ("" if np.isnan(x) else _short(round(x, 2)) for x in found)
            lines.append(_line(name, "", "", *cells, ""))
    return "".join(lines)


def _places(row: "Sequence[Measured | None]", names: Sequence[str]) -> list[float | None]:
    """The rank of each estimator among those that have one; none where any of these was not run."""
    ranked = [place for place, name in enumerate(names) if name != UNRANKED]
    found: list[float | None] = [None] * len(row)
    if all(row[place] is not None for place in ranked):
        given = ranks([round(float(np.mean(row[place].scores)), 4) for place in ranked])
        for place, rank in zip(ranked, given, strict=True):
            found[place] = rank
    return found


def _balanced(rows: "Rows", names: Sequence[str]) -> str:
    lines = [_line("balanced accuracy", *names), _line(*["---"] * (len(names) + 1))]
    for row in rows:
        first = next(one for one in row if one is not None)
        if first.balanced:
            lines.append(_line(first.set, *(_share(one, "balanced") for one in row)))
    return "".join(lines)


def _figures(
    what: str, rows: "Rows", names: Sequence[str], shown: Callable[["Measured"], str]
) -> str:
    lines = [_line(what, *names), _line(*["---"] * (len(names) + 1))]
    for row in rows:
        first = next(one for one in row if one is not None)
        lines.append(_line(first.set, *("not run" if one is None else shown(one) for one in row)))
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
    """Of ours, and behind a stroke of the network alone."""
    by_name = {one.estimator: one.gates for one in row if one is not None}
    found = (by_name.get(name) for name in (OURS, UNRANKED))
    return " / ".join("not run" if gates is None else f"{gates:,.0f}" for gates in found)


def _short(value: float) -> str:
    return f"{value:g}"


def _line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |\n"
