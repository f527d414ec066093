"""Pictures of the documentation, from committed records, and two from networks.

    python -m benchmarks.pictures                         # accuracy.svg, throughput.svg
    python -m benchmarks.pictures --wiring digits.gg      # first-layer wiring over the image
    python -m benchmarks.pictures --circuit               # trains on MONK-1; draws with graphviz

Each is written to docs/pictures/. The same records and models give the same bytes. digits.gg is of

    gategrad train mnist-1bit --preset small --steps 3000 --threads 1 --out digits.gg
"""

import argparse
import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure

import gategrad as gg
from gategrad import records

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "pictures"
RED, GREY, TEAL = "#c2410c", "0.45", "#0f766e"
MARKERS = "so^vDP"
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "gategrad", "font.size": 11}


def main() -> None:
    """Draw what the options name; without any what needs no model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wiring", metavar="MODEL.gg")
    parser.add_argument("--circuit", action="store_true")
    options = parser.parse_args()
    with matplotlib.rc_context(STYLE):
        if options.wiring:
            wiring(gg.load(options.wiring))
        if options.circuit:
            circuit()
        if not (options.wiring or options.circuit):
            accuracy()
            throughput()


def accuracy() -> None:
    """Accuracy against live gates on MNIST: the means of our recipes, and published networks."""
    found = records.grouped(records.read(ROOT / "docs" / "records" / "recipes.jsonl"))
    ours = [group for group in found if group.first.data == "mnist-1bit"]
    figure, panel = _panel()
    theirs = records.published("mnist")
    for marker, name in zip(MARKERS, dict.fromkeys(point.name for point in theirs), strict=False):
        points = [point for point in theirs if point.name == name]
        x, y = [p.gates for p in points], [100 * p.accuracy for p in points]
        panel.plot(x, y, marker, mfc="none", color=GREY, ms=6, label=name)
    two = [group for group in ours if _inputs(group) == 2 and group.mean("test_hard") > 0.96]
    x = [group.mean("gates") for group in two]
    y = [100 * group.mean("test_hard") for group in two]
    panel.plot(x, y, "o", color=RED, label="gategrad, gates of two inputs")
    for group in two:
        if not group.first.options:
            place = (group.mean("gates"), 100 * group.mean("test_hard"))
            offset, side = ((6, -12), "left") if group.name == "fast" else ((-5, 5), "right")
            panel.annotate(
                group.name, place, offset, textcoords="offset points", ha=side, color=RED
            )
    panel.set(xscale="log", xlabel="live gates (ours); size as published (others)")
    panel.set_ylabel("test accuracy on MNIST, %")
    panel.legend(fontsize=9, loc="lower right")
    _save(figure, "accuracy.svg")


def throughput() -> None:
    """Images a second against accuracy, beside peers, from `docs/benchmarks.md`."""
    points = json.loads((ROOT / "docs" / "records" / "throughput.json").read_text())["points"]
    figure, panel = _panel()
    for name, marker, colour in zip(
        dict.fromkeys(point["name"] for point in points), "os^", (RED, GREY, GREY), strict=True
    ):
        own = [point for point in points if point["name"] == name]
        y = [point["millions"] for point in own]
        panel.plot([100 * point["accuracy"] for point in own], y, marker, color=colour, label=name)
    for point in points:
        if point["name"] == "gategrad" and point["what"] != "compact":
            place = (100 * point["accuracy"], point["millions"])
            panel.annotate(point["what"], place, (-4, -14), textcoords="offset points", color=RED)
    panel.annotate(
        "the same 6x8000", (97.69, 0.67), (8, -4), textcoords="offset points", color=GREY
    )
    panel.set(yscale="log", ylim=(0.4, 50), xlim=(97.6, 98.9), xlabel="test accuracy on MNIST, %")
    panel.set_yticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
    panel.set_ylabel("million images a second, one core")
    panel.legend(fontsize=9, loc="center right")
    _save(figure, "throughput.svg")


def wiring(model: gg.Model) -> None:
    """How many pins of a first layer's gates look at each pixel of a 28x28 image."""
    inputs = model.circuit.n_inputs
    read = model.circuit.fanin[model.circuit.fanin < 2 + inputs].astype(int) - 2
    counts = np.bincount(read[read >= 0], minlength=inputs).reshape(-1, 28, 28).sum(0)
    figure = Figure((4.6, 4.2), layout="constrained")
    panel = figure.subplots()
    shown = panel.imshow(counts, cmap="viridis")
    panel.set(xticks=[], yticks=[], title="gates that read a pixel")
    figure.colorbar(shown, shrink=0.8)
    _save(figure, "wiring.svg")


def circuit() -> None:
    """A circuit that is right on all rows of MONK-1, drawn by graphviz."""
    from gategrad import nn

    x, y, x_test, y_test = gg.data.load("monks-1")
    encoder = gg.encoding.OneHot.fit(x)
    widths = (encoder.n_inputs, 24, 12, 6, 2)
    layers = [
        nn.LogicDense(
            *pair, parametrization="light", estimator="straight-through", connections="learned",
            candidates="all", seed=60 + i,
        )
        for i, pair in enumerate(pairwise(widths))
    ]  # fmt: skip
    net = nn.Sequential(*layers, nn.GroupSum(2, tau=0.25))
    gg.train.fit(
        net, x, y, encoder=encoder, validation=None, steps=2500, lr=0.03, wiring_lr=0.1, threads=1
    )
    model = gg.discretize(net, encoder=encoder).optimize()
    print(f"{(model.predict(x_test) == y_test).mean():.2%} of the test rows: {model}")
    (text,) = gg.export.dot(model).files.values()
    drawn = subprocess.run(
        ["dot", "-Tsvg", "-Gfontname=Helvetica"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    (OUT / "monk.svg").write_text(drawn.stdout)


def _panel() -> tuple[Figure, "Axes"]:
    figure = Figure((6.4, 4.2), layout="constrained")
    panel = figure.subplots()
    panel.grid(alpha=0.3)
    return figure, panel


def _inputs(group: records.Group) -> int:
    return int(str(group.first.settings.get("inputs", 2)))


def _save(figure: Figure, name: str) -> None:
    figure.savefig(OUT / name, metadata={"Date": None})


if __name__ == "__main__":
    main()
