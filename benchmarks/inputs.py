"""Gates with 2 to 6 inputs: the time of a training step a gate and sample, and bytes kept.

    python -m benchmarks.inputs [--threads 2] [--repeats 12]

784 -> 6x8000 -> GroupSum(10) of `light` gates, batch 128, float32, forward and backward without
loss and optimizer, the making of the tables included. Rounds go over all numbers of inputs; a
round's time is the median of five steps, and a figure the median of the rounds. Bytes kept are
those of all tensors that autograd holds for a layer of 8000 wires; batches of 128 and 256 tell
apart what grows with the batch.
"""

import argparse
from itertools import pairwise
from statistics import median
from time import perf_counter

import torch

from benchmarks.learned import kept_bytes
from benchmarks.machine import describe
from benchmarks.training import BATCH, CLASSES, DIMS, TAU
from gategrad import nn

STEPS = 5
INPUTS = (2, 3, 4, 5, 6)


def main() -> None:
    """Print the table."""
    options = _options()
    print(describe(), f"torch {torch.__version__}", sep="; ")
    for estimator in ("soft", "straight-through"):
        nets = {k: _network(k, estimator) for k in INPUTS}
        assert all(nn.training_backend(net).startswith("native") for net in nets.values())
        kept = {k: _kept(net[1]) for k, net in nets.items()}
        for threads in sorted({1, options.threads}):
            torch.set_num_threads(threads)
            print(f"\n{estimator}, {threads} thread(s)")
            print("inputs  forward  backward  ns a gate and sample  times k = 2  bytes kept")
            times = _interleaved(nets, options.repeats)
            for k, (forward, backward) in times.items():
                ratio = (forward + backward) / sum(times[2])
                print(f"{k:6} {forward:8.2f} {backward:9.2f} {forward + backward:21.2f} "
                      f"{ratio:12.1f} {kept[k]:11.1f}")  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=12)
    return parser.parse_args()


def _network(inputs: int, estimator: str) -> nn.Sequential:
    options = {"inputs": inputs, "parametrization": "light", "estimator": estimator}
    layers = [nn.LogicDense(a, b, seed=i, **options) for i, (a, b) in enumerate(pairwise(DIMS))]
    return nn.Sequential(*layers, nn.GroupSum(CLASSES, tau=TAU))


def _bits(batch: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(batch, width, generator=generator) < 0.5).float()


def _interleaved(nets: dict[int, nn.Sequential], repeats: int) -> dict[int, tuple[float, float]]:
    """Nanoseconds a gate and sample of forward and backward."""
    x = _bits(BATCH, DIMS[0])
    rounds: dict[int, list[list[float]]] = {k: [] for k in nets}
    for _ in range(repeats + 1):
        for k, net in nets.items():
            steps = [_step(net, x) for _ in range(STEPS)]
            rounds[k].append([median(column) for column in zip(*steps, strict=True)])
    scale = 1e9 / (sum(DIMS[1:]) * BATCH)
    return {
        k: tuple(scale * median(column) for column in zip(*r[1:], strict=True))
        for k, r in rounds.items()
    }


def _step(net: nn.Sequential, x: torch.Tensor) -> tuple[float, float]:
    grad = torch.linspace(-1, 1, len(x) * CLASSES).reshape(len(x), CLASSES)
    start = perf_counter()
    out = net(x)
    forward = perf_counter()
    out.backward(grad)
    end = perf_counter()
    net.zero_grad()
    return forward - start, end - forward


def _kept(layer: nn.LogicDense) -> float:
    """Bytes a wire and sample that are kept for the backward pass."""
    sizes = [kept_bytes(layer, _bits(batch, layer.in_dim)) for batch in (BATCH, 2 * BATCH)]
    return (sizes[1] - sizes[0]) / (BATCH * layer.in_dim)


if __name__ == "__main__":
    main()
