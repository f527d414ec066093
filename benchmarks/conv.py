"""Convolutions beside dense layers, on values and on bits, and one step of a compact network.

    python -m benchmarks.conv [--threads 2] [--repeats 15] [--torchlogix DIR]

DIR is a folder from which torchlogix can be imported, such as an unpacked wheel; its circuit
module, which training does not use and which does not parse on Python 3.11, is replaced by an
empty one.
"""

import argparse
import importlib
import sys
import types
from collections.abc import Callable
from statistics import median
from time import perf_counter

import torch

from benchmarks.machine import describe
from benchmarks.step import Step, training_step
from gategrad import nn

BATCH, CLASSES, TAU = 128, 10, 20.0
# The compact network of arXiv 2602.05830 with k = 32 on CIFAR-10 at three thresholds, as `nn.zoo`
# has it: channels and stride of its convolutions, and its dense layers.
IN_CHANNELS, SIZE = 9, 32
CONVOLUTIONS = ((32, 2), (32, 1), (128, 2), (128, 1))
DENSE = (64_000, 32_000)
# A map that trees of every depth go over, and gates with more inputs, and their channels.
CHANNELS, SIDE = 32, 16
# Depth of trees and inputs of gates.
KINDS = (*((depth, 2) for depth in range(1, 5)), *((1, inputs) for inputs in range(3, 7)))


def main() -> None:
    """Print the tables."""
    options = _options()
    print(describe(), f"torch {torch.__version__}", f"batch {BATCH}", sep="; ")
    for threads in sorted({1, options.threads}):
        torch.set_num_threads(threads)
        _print_kernels(threads, options.repeats)
        _print_bits(threads, options.repeats)
    nets = {"gategrad": nn.zoo.compact_net(32, "cifar-10", seed=0)}
    if options.torchlogix:
        nets["torchlogix raw"] = _torchlogix(options.torchlogix)
    for threads in sorted({1, options.threads}):
        torch.set_num_threads(threads)
        _print_steps(nets, threads, options.repeats)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--torchlogix", metavar="DIR")
    return parser.parse_args()


def _print_kernels(threads: int, repeats: int) -> None:
    """Nanoseconds a gate, position and sample, of convolutions and of dense layers."""
    print(f"\n{f'ns a gate, position and sample, {threads} thread(s)':44} forward backward  ratio")
    for depth, inputs in KINDS:
        maps = torch.rand(BATCH, CHANNELS, SIDE, SIDE)
        gates = ((1 << depth) - 1) * CHANNELS * SIDE * SIDE
        times = _interleaved(
            {
                "convolution": _passes(_trees(depth, inputs), maps),
                "dense": _passes(_levels(depth, inputs), maps.flatten(1)),
            },
            repeats,
        )
        for name, parts in times.items():
            ns = [1e9 * t / gates / BATCH for t in parts]
            ratio = sum(parts) / sum(times["dense"])
            kind = f"depth {depth}" if inputs == 2 else f"{inputs} inputs"
            label = f"{name}, {kind}, {gates} gates"
            print(f"{label:44} {ns[0]:7.3f} {ns[1]:8.3f} {ratio:6.2f}")


def _print_bits(threads: int, repeats: int) -> None:
    """Convolutions of compact networks: soft gates, on values, and hard ones, on packed bits."""
    title = f"compact convolutions, ms, {threads} thread(s)"
    print(f"\n{title:44} {'values':>15} {'packed bits':>15}  ratio")
    for k, inputs in ((32, 2), (32, 3), (128, 2), (128, 3)):
        x = torch.rand(BATCH, IN_CHANNELS, SIZE, SIZE) < 0.3
        estimators = ("soft", "straight-through")
        steps = {name: _passes(_compact(k, inputs, name), x, of_x=False) for name in estimators}
        times = _interleaved(steps, repeats)
        cells = [" + ".join(f"{1e3 * t:.1f}" for t in times[name]) for name in estimators]
        ratio = sum(times["soft"]) / sum(times["straight-through"])
        label = f"k = {k}, {inputs} inputs, forward + backward"
        print(f"{label:44} {cells[0]:>15} {cells[1]:>15} {ratio:6.2f}")


def _compact(k: int, inputs: int, estimator: str) -> torch.nn.Module:
    layers, channels, size = [], IN_CHANNELS, SIZE
    for out, stride in CONVOLUTIONS:
        out = out * k // CONVOLUTIONS[0][0]
        layer = nn.LogicConv2d(
            channels, out, 3, in_size=size, stride=stride, padding=1, inputs=inputs, seed=size,
            parametrization="light", estimator=estimator, init="residual",
        )  # fmt: skip
        layers.append(layer)
        channels, size = out, layer.out_shape[1]
    return nn.Sequential(*layers)


def _trees(depth: int, inputs: int) -> torch.nn.Module:
    """A convolution whose output has the size of its input."""
    return nn.LogicConv2d(
        CHANNELS, CHANNELS, 3, in_size=SIDE, padding=1, depth=depth, channels=2, seed=depth,
        inputs=inputs, parametrization="light",
    )  # fmt: skip


def _levels(depth: int, inputs: int) -> torch.nn.Module:
    """Dense layers with the gates of such a convolution."""
    width, layers = CHANNELS * SIDE * SIDE, []
    for level in reversed(range(depth)):
        out = (1 << level) * CHANNELS * SIDE * SIDE
        options = {"inputs": inputs, "parametrization": "light"}
        layers.append(nn.LogicDense(width, out, seed=level, **options))
        width = out
    return nn.Sequential(*layers)


def _passes(net: torch.nn.Module, x: torch.Tensor, *, of_x: bool = True) -> Step:
    """Forward and backward, with the gradient of the input or without."""
    wanted = (x.requires_grad_(), *net.parameters()) if of_x else tuple(net.parameters())
    grad = torch.randn_like(net(x).detach())

    def step() -> tuple[float, ...]:
        start = perf_counter()
        out = net(x)
        forward = perf_counter()
        torch.autograd.grad(out, wanted, grad)
        return forward - start, perf_counter() - forward

    return step


def _torchlogix(folder: str) -> torch.nn.Module:
    stub = types.ModuleType("torchlogix.circuit")
    stub.Circuit = None
    sys.modules["torchlogix.circuit"] = stub
    sys.path.insert(0, folder)
    peer = importlib.import_module("torchlogix.layers")
    layers, channels, size = [torch.nn.Unflatten(1, (IN_CHANNELS, SIZE, SIZE))], IN_CHANNELS, SIZE
    for out, stride in CONVOLUTIONS:
        layers.append(
            peer.LogicConv2d(
                in_dim=size, channels=channels, num_kernels=out, tree_depth=1,
                receptive_field_size=3, stride=stride, padding=1,
            )
        )  # fmt: skip
        channels, size = out, (size - 1) // stride + 1
    width = channels * size * size
    layers.append(torch.nn.Flatten())
    for out in DENSE:
        layers.append(peer.LogicDense(width, out, parametrization="raw"))
        width = out
    return torch.nn.Sequential(*layers, peer.GroupSum(CLASSES, tau=TAU))


def _print_steps(nets: dict[str, torch.nn.Module], threads: int, repeats: int) -> None:
    """One training step of the compact network."""
    shape = (BATCH, IN_CHANNELS * SIZE * SIZE)
    x = (torch.rand(shape, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    steps = {}
    for name, net in nets.items():
        optimizer = torch.optim.Adam(net.parameters(), lr=0.02, fused=True)
        steps[name] = training_step(net, x, CLASSES, optimizer)
    times = _interleaved(steps, repeats)
    title = f"compact k = 32, ms, {threads} thread(s)"
    print(f"\n{title:34} {'forward':>8} {'backward':>9} {'Adam':>6} {'total':>8}  ratio")
    for name, parts in times.items():
        ratio = sum(parts) / sum(times["gategrad"])
        cells = " ".join(f"{1e3 * t:8.2f}" for t in (*parts, sum(parts)))
        print(f"{name:34} {cells}  {ratio:5.1f}")


def _interleaved(
    steps: dict[str, Callable[[], tuple[float, ...]]], repeats: int
) -> dict[str, list[float]]:
    """Median seconds of each part; rounds go over all steps, so that all see the same machine."""
    rounds: dict[str, list[tuple[float, ...]]] = {name: [] for name in steps}
    for _ in range(repeats + 1):
        for name, step in steps.items():
            rounds[name].append(step())
    return {name: [median(c) for c in zip(*r[1:], strict=True)] for name, r in rounds.items()}


if __name__ == "__main__":
    main()
