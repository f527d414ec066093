"""The picture of experiments: accuracy against gates, ours beside the papers'. Needs matplotlib."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gategrad.experiments.catalogue import ROWS, Row
from gategrad.experiments.report import group_of
from gategrad.records import Group, Record, RecordError, drawn, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Width and height of a panel, and panels side by side.
_INCHES, _COLUMNS = (3.2, 2.6), 3
_OURS = {False: ("o", "C0", "the paper's recipe, here"), True: ("D", "C3", "our recipe")}


def picture(records: Iterable[Record], path: str | os.PathLike, rows: Sequence[Row] = ROWS) -> None:
    """Draw a panel for each experiment that was run, and save it as .svg or .png.

    A point is a mean over seeds, with the lowest and the highest, at the network's neurons; the
    small one beside it is at the gates that are left of them. A dotted line is the neural baseline.

    Args:
        records: of the rows; others are left out.
        path: the file; its ending says the form.
        rows: of the table.

    Raises:
        RecordError: no such records, another ending, or no matplotlib.
        OSError: it can't be written there.
    """
    groups = grouped(records)
    found = [(row, group) for row in rows if (group := group_of(row, groups)) is not None]
    names = list(dict.fromkeys(row.name for row, group in found if group.mean("gates")))
    if not names:
        raise RecordError("there are no records of experiments to draw")
    with drawn(path, (_INCHES[0] * min(len(names), _COLUMNS),
                      _INCHES[1] * (-(-len(names) // _COLUMNS)) + 0.5)) as figure:  # fmt: skip
        panels = figure.subplots(-(-len(names) // _COLUMNS), min(len(names), _COLUMNS),
                                 squeeze=False).flatten()  # fmt: skip
        for name, panel in zip(names, panels, strict=False):
            _draw(panel, name, [one for one in found if one[0].name == name], rows)
        for panel in panels[len(names) :]:
            panel.set_axis_off()
        known = {text: line for p in panels for line, text in zip(*_legend(p), strict=True)}
        figure.legend(known.values(), known, loc="outside lower center", ncols=4, fontsize=8)


def _draw(
    panel: "Axes", name: str, found: Sequence[tuple[Row, Group]], rows: Sequence[Row]
) -> None:
    sizes = {row.published: group.first.neurons for row, group in found if row.published}
    for published in dict.fromkeys(r.published for r in rows if r.name == name and r.published):
        if published in sizes:
            panel.plot(sizes[published], 100 * published, "x", color="0.3", ms=7, label="published")
    for row, group in found:
        mean, gates = 100 * group.mean("test_hard"), group.mean("gates")
        if not gates:
            panel.axhline(mean, ls=":", color="0.5", lw=1, label="neural baseline")
            continue
        marker, color, label = _OURS[bool(row.ours)]
        reached = [100 * record.test_hard for record in group.records]
        spread = [[mean - min(reached)], [max(reached) - mean]]
        panel.errorbar(group.first.neurons, mean, yerr=spread, fmt=marker, color=color, ms=5,
                       capsize=2, lw=1, label=label)  # fmt: skip
        panel.plot([gates, group.first.neurons], [mean, mean], "-", color=color, lw=0.7)
        panel.plot(gates, mean, marker, color=color, mfc="white", ms=4, label="live gates")
    panel.set_title(name)
    panel.margins(x=0.15, y=0.15)
    panel.set_xlim(left=0)
    panel.set_ylim(top=min(panel.get_ylim()[1], 100.5))
    panel.set_xlabel("gates")
    panel.set_ylabel("test accuracy, %")
    panel.grid(alpha=0.3)


def _legend(panel: "Axes") -> tuple[list, list]:
    return panel.get_legend_handles_labels()
