"""Accuracy over depth: networks 2,000 gates wide on 1-bit MNIST, `raw` against `light`.

    python -m benchmarks.depth [--depths 4,12,40] [--steps 4000] [--seeds 1] [--out FILE]

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

WIDTH, PIXELS, CLASSES, TAU, LR = 2000, 784, 10, 5.0, 0.03
ESTIMATORS = ("soft", "straight-through")
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
    """Train every combination and print the table as it grows."""
    options = _options()
    lines = [f"{describe()}; {options.steps} steps, {options.seeds} seed(s)", "", HEADER]
    print("\n".join(lines), flush=True)
    depths = [int(depth) for depth in options.depths.split(",")]
    for depth, parametrization, estimator in product(depths, ("raw", "light"), ESTIMATORS):
        outcomes = [
            _train(depth, parametrization, estimator, seed, options)
            for seed in range(options.seeds)
        ]
        lines.append(_line(depth, parametrization, estimator, outcomes))
        print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depths", default="4,12,40")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--random", action="store_true", help="first pins at random as well")
    parser.add_argument("--out", type=Path, help="file for the table")
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
    depth: int, parametrization: str, estimator: str, seed: int, options: argparse.Namespace
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


def _line(depth: int, parametrization: str, estimator: str, outcomes: list[Outcome]) -> str:
    soft, hard = (mean(getattr(o, name) for o in outcomes) for name in ("soft", "hard"))
    gates, seconds = (mean(getattr(o, name) for o in outcomes) for name in ("gates", "seconds"))
    return (
        f"| {depth} | `{parametrization}` | {estimator} | {soft:.2%} | {hard:.2%} | "
        f"{100 * (soft - hard):+.2f} | {gates:,.0f} | {seconds:.0f} |"
    )


if __name__ == "__main__":
    main()
