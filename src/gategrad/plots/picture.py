"""What is drawn, and where it goes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Text as text, identifiers from the content: the same model gives the same bytes.
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gategrad",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_NO_DATES: dict[str, dict[str, str | None]] = {
    ".svg": {"Date": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}
_DPI = 120


class PlotError(ValueError):
    """What can't be drawn; says what to do."""


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """A finished picture: a notebook shows it, `save` writes it.

    Attributes:
        figure: matplotlib's, to go on with.
    """

    figure: "Figure"

    def save(self, path: str | os.PathLike) -> None:
        """Write a .svg, .png or .pdf, whole or not at all; the same picture gives the same bytes.

        Raises:
            PlotError: another ending.
            OSError: it can't be written there.
        """
        path = Path(path)
        content = self._bytes(checked_ending(path))
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def _bytes(self, ending: str) -> bytes:
        with style():
            stream = BytesIO()
            form = ending.removeprefix(".")
            self.figure.savefig(stream, format=form, metadata=_NO_DATES[ending], dpi=_DPI)
        return stream.getvalue()

    def _repr_png_(self) -> bytes:
        """For notebooks."""
        return self._bytes(".png")

    def __repr__(self) -> str:
        """Its panels."""
        titles = [axes.get_title() for axes in self.figure.axes if axes.get_title()]
        return f"Picture({', '.join(titles)})"


def finished(figure: "Figure") -> Picture:
    """The picture of a figure whose parts have found their places, where they then stay.

    Each drawing would else move them a little, and no two files were the same.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return Picture(figure)


def checked_ending(path: Path) -> str:
    """The ending of a name that a picture can have.

    Raises:
        PlotError: it is another.
    """
    if path.suffix not in _NO_DATES:
        raise PlotError(f"{path}: expected a name that ends in {', '.join(_NO_DATES)}")
    return path.suffix


@contextmanager
def style() -> Iterator[type["Figure"]]:
    """Matplotlib's figures, in the style of all pictures while the context lasts.

    Raises:
        PlotError: no matplotlib.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlotError("pictures need matplotlib: pip install gategrad[plot]") from error
    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        yield Figure
