"""The parts of a picture of a model, each drawn on axes of matplotlib."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Netlist

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BARS = 20
# Counts in cells are read up to here, names of classes up to there.
_MOST_COUNTS, _MOST_NAMES = 12, 40
_MOST_WIRES = 150
_MOST_POINTS = 5000
_COLOR, _LIT, _GREY = "#c2600c", "#f2a923", "0.55"


def draw_functions(axes: "Axes", counts: Mapping[str, int]) -> None:
    """How many gates compute each function, most frequent first."""
    names, values = list(counts)[:_MOST_BARS], list(counts.values())[:_MOST_BARS]
    _bars(axes, names, values, [f"{value:,}" for value in values])
    axes.set(title=f"Functions of {sum(counts.values()):,} gates", xlabel="gates")


def draw_columns(axes: "Axes", names: Sequence[str], pins: NDArray[np.int64]) -> None:
    """How many pins of gates read each column of a table, those most read first."""
    order = [c for c in np.argsort(-pins, kind="stable")[:_MOST_BARS].tolist() if pins[c]]
    _bars(axes, [names[c] for c in order], pins[order].tolist(), [f"{pins[c]:,}" for c in order])
    axes.set(title="What gates read", xlabel="pins")


def draw_wiring(
    axes: "Axes", circuit: Circuit, columns: NDArray[np.intp], shape: Sequence[int]
) -> None:
    """How many pins read each pixel, and some gates that read two as lines between these."""
    _, height, width = shape
    pixel = columns % (height * width)
    pins = np.bincount(pixel[read_inputs(circuit)], minlength=height * width)
    image = axes.imshow(pins.reshape(height, width), cmap="Greys", interpolation="nearest")
    axes.figure.colorbar(image, ax=axes, shrink=0.8, label="pins")
    x, y = (places.reshape(-1, 2).T for places in np.divmod(_pairs(circuit, pixel), width)[::-1])
    # A line for each column of x and y.
    axes.plot(x, y, color=_COLOR, alpha=0.35, linewidth=0.7)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set(title="Wiring of the first gates over the image", xticks=[], yticks=[])
    if x.size:
        axes.set_xlabel(f"{x.shape[1]} gates, and how many pins read each pixel")


def _pairs(circuit: Circuit, pixel: NDArray[np.intp]) -> NDArray[np.intp]:
    """The pixels of some live gates that read exactly two inputs, (2 n,) pair by pair."""
    fanin = circuit.fanin[Netlist(circuit).live()].astype(np.int64)
    reads = (fanin >= N_CONSTANTS) & (fanin < N_CONSTANTS + circuit.n_inputs)
    two = np.flatnonzero(reads.sum(axis=1) == 2)
    some = two[:: max(1, len(two) // _MOST_WIRES)][:_MOST_WIRES]
    return pixel[fanin[some][reads[some]] - N_CONSTANTS]


def read_inputs(circuit: Circuit) -> NDArray[np.int64]:
    """The input behind each pin of a live gate that reads one."""
    fanin = circuit.fanin[Netlist(circuit).live()].astype(np.int64)
    reads = (fanin >= N_CONSTANTS) & (fanin < N_CONSTANTS + circuit.n_inputs)
    return fanin[reads] - N_CONSTANTS


def draw_confusion(axes: "Axes", table: NDArray[np.int64], names: Sequence[str]) -> None:
    """Rows of each class (down) by the class that they were taken for (across)."""
    total = np.maximum(table.sum(axis=1, keepdims=True), 1)
    share = table / total
    axes.imshow(share, cmap="Oranges", vmin=0, vmax=1)
    if len(names) <= _MOST_COUNTS:
        for i, j in np.ndindex(table.shape):
            color = "white" if share[i, j] > 0.6 else "black" if table[i, j] else _GREY
            axes.text(j, i, str(table[i, j]), ha="center", va="center", fontsize=7, color=color)
    axes.set(title="Confusion", xlabel="taken for", ylabel="class")
    if len(names) <= _MOST_NAMES:
        places = range(len(names))
        turned = 0 if max(map(len, names)) <= 3 else 90
        axes.set_xticks(places, names, rotation=turned, fontsize=8)
        axes.set_yticks(places, names, fontsize=8)
    for side in axes.spines.values():
        side.set_visible(False)


def draw_shares(
    axes: "Axes", names: Sequence[str], shares: NDArray[np.float64], title: str, whole: float
) -> None:
    """A share of rows that are right for each class or label, and the one of all."""
    known = ~np.isnan(shares)
    order = np.flatnonzero(known)
    if len(order) > _MOST_NAMES:
        order = order[np.argsort(shares[order], kind="stable")][:_MOST_NAMES]
        title += f", the {_MOST_NAMES} lowest"
    percents = (100 * shares[order]).tolist()
    _bars(axes, [names[c] for c in order.tolist()], percents, [f"{p:.1f}" for p in percents])
    axes.axvline(100 * whole, color=_COLOR, linewidth=1)
    axes.set(title=title, xlabel=f"%, {100 * whole:.2f} of all", xlim=(0, 112))


def draw_numbers(
    axes: "Axes", name: str, predicted: NDArray[np.float64], true: NDArray[np.float64]
) -> None:
    """Predictions of a number beside its true values."""
    some = slice(None, None, max(1, len(true) // _MOST_POINTS))
    axes.plot(true[some], predicted[some], ".", color=_LIT, markersize=4, alpha=0.6)
    ends = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
    axes.plot(ends, ends, color=_GREY, linewidth=1)
    axes.set(title=name, xlabel="true", ylabel="predicted")


def _bars(
    axes: "Axes", names: Sequence[str], values: Sequence[float], texts: Sequence[str]
) -> None:
    places = range(len(names))
    axes.barh(places, values, color=_LIT)
    for place, value, text in zip(places, values, texts, strict=True):
        axes.annotate(
            text, (value, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7
        )
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.14)
