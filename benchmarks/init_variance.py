"""Variance of relaxed gate outputs over depth at initialization, for each init.

Two figures a cell: the variance over all gates and rows, and the part of it that tells rows apart
(the variance over rows, averaged over the gates).

    python -m benchmarks.init_variance [--layers 40] [--width 4000] [--plot FILE.png]

Inputs are random bits, half of them 1, whose variance is 0.25. --plot draws the histograms of the
outputs as well and needs `pip install "gategrad[plot]"`.
"""

import argparse
from pathlib import Path

import torch

from gategrad import nn

# The other two residual ones differ by a permutation of the wires only.
INITS = ("gaussian", "residual", "heavy-tail", "and-or", "negation-asymmetric")
INPUTS, ROWS, SHOWN = 1000, 128, (1, 2, 4, 8, 16, 40)
PARAMETRIZATIONS = ("raw", "light", "walsh", "covjac")


def main() -> None:
    """Print the table, and draw where that is asked for."""
    options = _options()
    shown = [layer for layer in SHOWN if layer <= options.layers]
    print("| parametrization | init | " + " | ".join(f"layer {n}" for n in shown) + " |")
    print("|---" * (len(shown) + 2) + "|")
    histograms = {}
    for parametrization in PARAMETRIZATIONS:
        for init in INITS:
            found = _histogram(parametrization, init, options)
            histograms[parametrization, init] = found
            cells = " | ".join(_cell(found, n - 1) for n in shown)
            print(f"| `{parametrization}` | `{init}` | {cells} |", flush=True)
    if options.plot:
        _plot(histograms, shown, options.plot)


def _cell(found: nn.Histogram, layer: int) -> str:
    return f"{found.variance[layer]:.3f} {found.signal[layer]:.3f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=40)
    parser.add_argument("--width", type=int, default=4000)
    parser.add_argument("--plot", type=Path)
    return parser.parse_args()


def _histogram(parametrization: str, init: str, options: argparse.Namespace) -> nn.Histogram:
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand(ROWS, INPUTS, generator=generator) < 0.5).float()
    layers = [
        nn.LogicDense(
            options.width if i else INPUTS,
            options.width,
            parametrization=parametrization,
            init=init,
            generator=generator,
        )
        for i in range(options.layers)
    ]
    return nn.output_histogram(torch.nn.Sequential(*layers), x)


def _plot(histograms: dict[tuple[str, str], nn.Histogram], shown: list[int], path: Path) -> None:
    """A row a parametrization, a column an init, a line a layer."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise SystemExit('--plot needs matplotlib; run pip install "gategrad[plot]"') from None
    figure = Figure(figsize=(2.2 * len(INITS), 1.8 * len(PARAMETRIZATIONS)), layout="constrained")
    axes = figure.subplots(len(PARAMETRIZATIONS), len(INITS), sharex=True, squeeze=False)
    for row, parametrization in enumerate(PARAMETRIZATIONS):
        for column, init in enumerate(INITS):
            found, axis = histograms[parametrization, init], axes[row, column]
            for layer in shown:
                counts = found.counts[layer - 1]
                axis.stairs(counts / counts.sum(), found.edges, label=f"layer {layer}")
            axis.set_yticks([])
            if row == 0:
                axis.set_title(init, fontsize="small")
            if column == 0:
                axis.set_ylabel(parametrization)
    axes[0, 0].legend(fontsize="xx-small")
    figure.savefig(path)


if __name__ == "__main__":
    main()
