"""Accuracy over depth: networks 2,000 gates wide on 1-bit MNIST, `raw` against `light`.

    python -m benchmarks.depth [--depths 4,12,40] [--steps 4000] [--seeds 1] [--out docs/results.md]

Residual init, whose gates start as wires: gate i of every layer but the first has wire i as its
first pin and a random one as its second, so that all signals reach the last layer. With first pins
at random (--random) a signal survives a layer by luck, and after 40 layers about a tenth do.
The weights are chosen on 5,000 images held back; the test images are looked at once.
"""

import argparse
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from torch import Tensor

import gategrad as gg
from benchmarks.machine import describe
from gategrad import nn, train
from gategrad.records import between_markers

WIDTH, PIXELS, CLASSES, TAU, LR = 2000, 784, 10, 5.0, 0.03
ESTIMATORS = ("soft", "straight-through")
PAGE = """Written by `python -m benchmarks.depth{arguments} --out docs/results.md`.

{width:,} gates a layer on 28x28 MNIST at one bit a pixel, residual init: gate i of every layer but
the first starts as wire i. GroupSum with tau = {tau:g}, Adam, learning rate {lr:g} (cosine), batch
128, {steps:,} steps, {seeds}. The weights are those of the step whose *circuit* was best on 5,000
training images held back, looked at eight times; the 10,000 test images are looked at once, at the
end. Soft and hard are accuracies on these, of the network as trained and of the circuit; the gap is
their difference in points. {machine}, {threads} thread(s).

"""
HEADER = (
    "| layers | parametrization | estimator | soft | hard | gap | live gates | seconds |\n"
    "|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Outcome:
    """Accuracies on the test images, live gates after `optimize`, seconds of training."""

    soft: float
    hard: float
    gates: int
    seconds: float


def main() -> None:
    """Train the combinations that the page lacks, and write it after each."""
    options = _options()
    depths = [int(depth) for depth in options.depths.split(",")]
    page, known = _page(options), {}
    old = options.out.read_text("utf-8") if options.out else ""
    if page in old:
        rows = old.splitlines()
        known = {tuple(row.split(" | ")[:3]): row for row in rows if row.startswith("| ")}
    print(page, HEADER, sep="", flush=True)
    lines, left = [HEADER], options.rows
    for combination in product(options.estimators.split(","), depths, ("raw", "light")):
        estimator, depth, parametrization = combination
        line = known.get((f"| {depth}", f"`{parametrization}`", estimator))
        if line is None and left != 0:
            left -= 1
            line = _line(
                *combination, [_train(*combination, s, options) for s in range(options.seeds)]
            )
        if line is not None:
            lines.append(line)
            print(line, flush=True)
        if options.out:
            text = page + "\n".join(lines) + "\n"
            options.out.write_text(between_markers(old, "depth", text), "utf-8")


def _page(options: argparse.Namespace) -> str:
    """What stands above the table."""
    given = {"depths": "4,12,40", "steps": 4000, "seeds": 1, "estimators": ",".join(ESTIMATORS)}
    changed = {k: getattr(options, k) for k, v in given.items() if getattr(options, k) != v}
    return PAGE.format(
        arguments="".join(f" --{k} {v}" for k, v in changed.items()),
        width=WIDTH,
        tau=TAU,
        lr=LR,
        steps=options.steps,
        seeds="one seed (0)" if options.seeds == 1 else f"means of {options.seeds} seeds",
        machine=describe(),
        threads=options.threads,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depths", default="4,12,40")
    parser.add_argument("--estimators", default=",".join(ESTIMATORS))
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", type=int, default=-1, help="train at most so many, then end")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--random", action="store_true", help="first pins at random as well")
    parser.add_argument(
        "--out", type=Path, help="page to write, between <!-- depth --> lines; its rows are kept"
    )
    return parser.parse_args()


def network(
    depth: int, parametrization: str, estimator: str, seed: int, *, straight: bool = True
) -> nn.Sequential:
    """`depth` layers with residual init and a GroupSum."""
    generator = torch.Generator().manual_seed(seed)
    layers, in_dim = [], PIXELS
    for _ in range(depth):
        layers.append(
            nn.LogicDense(
                in_dim,
                WIDTH,
                parametrization=parametrization,
                connections=_wires(in_dim, generator) if straight else "random",
                init="residual",
                estimator=estimator,
                generator=generator,
            )
        )
        in_dim = WIDTH
    return nn.Sequential(*layers, nn.GroupSum(CLASSES, tau=TAU))


def _wires(in_dim: int, generator: torch.Generator) -> Tensor:
    """First pins that read every wire alike, in order where there are as many as gates."""
    first = torch.arange(WIDTH)
    if in_dim != WIDTH:
        first = torch.randperm(WIDTH, generator=generator) % in_dim
    second = torch.randperm(WIDTH, generator=generator) % in_dim
    return torch.stack([first, torch.where(second == first, (second + 1) % in_dim, second)])


def _train(
    estimator: str, depth: int, parametrization: str, seed: int, options: argparse.Namespace
) -> Outcome:
    x, y, x_test, y_test = gg.data.load("mnist-1bit")
    net = network(depth, parametrization, estimator, seed, straight=not options.random)
    result = train.fit(
        net,
        x,
        y,
        validation=5000,
        steps=options.steps,
        lr=LR,
        seed=seed,
        threads=options.threads,
        eval_every=max(1, options.steps // 8),
        progress=False,
    )
    model = gg.discretize(net).optimize()
    hard = float(np.mean(model.predict(x_test) == y_test))
    soft = train.soft_accuracy(net, x_test, y_test)
    return Outcome(soft, hard, gg.circuit.live_gates(model.circuit), result.seconds)


def _line(estimator: str, depth: int, parametrization: str, outcomes: list[Outcome]) -> str:
    soft, hard = (mean(getattr(o, name) for o in outcomes) for name in ("soft", "hard"))
    gates, seconds = (mean(getattr(o, name) for o in outcomes) for name in ("gates", "seconds"))
    return (
        f"| {depth} | `{parametrization}` | {estimator} | {soft:.2%} | {hard:.2%} | "
        f"{100 * (soft - hard):+.2f} | {gates:,.0f} | {seconds:.0f} |"
    )


if __name__ == "__main__":
    main()
