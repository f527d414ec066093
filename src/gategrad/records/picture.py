"""The picture: accuracy against live gates, with published points beside ours."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import TYPE_CHECKING

from gategrad.records.errors import RecordError
from gategrad.records.groups import Group
from gategrad.records.published import Point, published

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INCHES = (6.4, 4.4)
# Of a line of a recipe's name.
_LETTERS = 36
_MARKERS = "so^vDP*X"
# Text as text, identifiers from the content: the same records give the same bytes.
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "gategrad", "font.size": 9}


def picture(groups: Sequence[Group], path: str | os.PathLike) -> None:
    """Draw one panel for each set of data and save it, as .svg or .png.

    Args:
        groups: at least one.
        path: the file; its ending says the form.

    Raises:
        RecordError: no groups, another ending, or no matplotlib.
        OSError: it can't be written there.
    """
    checked_ending(path)
    # A neural network has no gates, and no place on this axis.
    groups = [group for group in groups if group.mean("gates")]
    if not groups:
        raise RecordError("there are no records to draw")
    sets = list(dict.fromkeys(group.first.data for group in groups))
    with drawn(path, (_INCHES[0], _INCHES[1] * len(sets))) as figure:
        axes = figure.subplots(len(sets), squeeze=False)[:, 0]
        for data, panel in zip(sets, axes, strict=True):
            _draw(panel, data, [group for group in groups if group.first.data == data])


@contextmanager
def drawn(path: str | os.PathLike, inches: tuple[float, float]) -> Iterator["Figure"]:
    """A figure to draw on, of this width and height, which is saved in the end.

    Raises:
        RecordError: another ending than .svg and .png, or no matplotlib.
        OSError: it can't be written there.
    """
    ending = checked_ending(path)
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise RecordError("the picture needs matplotlib: pip install gategrad[plot]") from error
    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Figure(inches, layout="constrained")
        yield figure
        metadata = {"Date": None} if ending == ".svg" else {"Software": None}
        figure.savefig(path, metadata=metadata, dpi=120)


def checked_ending(path: str | os.PathLike) -> str:
    """The ending of a picture's name.

    Raises:
        RecordError: another than .svg and .png.
    """
    ending = os.path.splitext(path)[1]
    if ending not in (".svg", ".png"):
        raise RecordError(f"{os.fspath(path)}: expected a name that ends in .svg or .png")
    return ending


def _draw(panel: "Axes", data: str, groups: Sequence[Group]) -> None:
    theirs = published(data)
    for marker, name in zip(_MARKERS, dict.fromkeys(p.name for p in theirs), strict=False):
        points = [point for point in theirs if point.name == name]
        panel.plot(*_sizes(points), marker, mfc="none", color="0.45", ms=5, label=name)
    panel.errorbar(
        [group.mean("gates") for group in groups],
        [100 * group.mean("test_hard") for group in groups],
        yerr=_spreads(groups),
        fmt="o",
        color="C3",
        capsize=2,
        label="gategrad, live gates",
    )
    for group in groups:
        label = panel.annotate(
            fill(group.name, _LETTERS, max_lines=2, placeholder=" ..."),
            (group.mean("gates"), 100 * group.mean("test_hard")),
            xytext=(4, -9),
            textcoords="offset points",
            fontsize=7,
            color="C3",
        )
        # Else a long name at the right edge leaves the axes no room.
        label.set_in_layout(False)
    panel.set(xscale="log", title=data, xlabel="live gates (ours); size as published (others)")
    panel.set_ylabel("test accuracy, %")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=7, loc="lower right")


def _sizes(points: Sequence[Point]) -> tuple[list[int], list[float]]:
    return [point.gates for point in points], [100 * point.accuracy for point in points]


def _spreads(groups: Sequence[Group]) -> list[list[float]]:
    """Below and above the mean, the lowest and the highest of the seeds."""
    below, above = [], []
    for group in groups:
        reached = [record.test_hard for record in group.records]
        below.append(100 * (group.mean("test_hard") - min(reached)))
        above.append(100 * (max(reached) - group.mean("test_hard")))
    return [below, above]
