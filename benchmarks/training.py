"""One training step of 784 -> 6x8000 -> 10: ours, against its byte floor and against peers.

    python -m benchmarks.training [--threads 2] [--large] [--difflogic DIR] [--torchlogix DIR]

DIR is a folder from which the peer's package can be imported, such as a checkout or an unpacked
wheel. difflogic's CUDA extension is replaced by an empty module, and so is torchlogix's circuit
module, which neither training path uses and which does not parse on Python 3.11.
"""

import argparse
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from statistics import median
from time import perf_counter
from unittest.mock import patch

import torch

from benchmarks.machine import describe
from benchmarks.step import Step, training_step
from gategrad import _core, nn

DIMS = [784] + [8000] * 6
CLASSES, TAU, BATCH = 10, 10.0, 128
# Bytes a gate and sample in float32 that a layer must move: forward 12, backward 28.
FLOOR_BYTES = 40


def main() -> None:
    """Print the table."""
    options = _options()
    torch.set_num_threads(options.threads)
    print(describe(), f"torch {torch.__version__}", f"threads {options.threads}", sep="; ")
    x = (torch.rand(BATCH, DIMS[0], generator=torch.Generator().manual_seed(0)) < 0.3).float()
    nets = {"gategrad raw": _ours("raw"), "gategrad light": _ours("light")}
    if options.torchlogix:
        nets["torchlogix raw"] = _torchlogix(options.torchlogix)
    if options.difflogic:
        nets["difflogic CPU"] = _difflogic(options.difflogic)
    steps = {name: _step(net, x) for name, net in nets.items()}
    times = _interleaved(steps, repeats=options.repeats)
    reference = times["gategrad raw"]
    print(f"\n{'one step, ms':16} {'forward':>8} {'backward':>9} {'Adam':>6} {'total':>8}  ratio")
    for name, parts in times.items():
        ratio = sum(parts) / sum(reference)
        cells = " ".join(f"{1e3 * t:8.2f}" for t in (*parts, sum(parts)))
        print(f"{name:16} {cells}  {ratio:5.1f}")
    _details(nets["gategrad raw"], x, options.threads)
    if options.large:
        _large()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--large", action="store_true", help="also train 5 x 1,024,000 gates")
    parser.add_argument("--difflogic", metavar="DIR")
    parser.add_argument("--torchlogix", metavar="DIR")
    return parser.parse_args()


def _ours(parametrization: str, dims: list[int] = DIMS) -> torch.nn.Module:
    layers = [
        nn.LogicDense(a, b, parametrization=parametrization, seed=i)
        for i, (a, b) in enumerate(pairwise(dims))
    ]
    return nn.Sequential(*layers, nn.GroupSum(CLASSES, tau=TAU))


def _torchlogix(folder: str) -> torch.nn.Module:
    stub = types.ModuleType("torchlogix.circuit")
    stub.Circuit = None
    sys.modules["torchlogix.circuit"] = stub
    sys.path.insert(0, folder)
    layers = importlib.import_module("torchlogix.layers")
    dense = [layers.LogicDense(a, b, parametrization="raw") for a, b in pairwise(DIMS)]
    return torch.nn.Sequential(*dense, layers.GroupSum(CLASSES, tau=TAU))


def _difflogic(folder: str) -> torch.nn.Module:
    sys.modules["difflogic_cuda"] = types.ModuleType("difflogic_cuda")
    sys.path.insert(0, folder)
    difflogic = importlib.import_module("difflogic")
    layers = [difflogic.LogicLayer(a, b, device="cpu") for a, b in pairwise(DIMS)]
    return torch.nn.Sequential(*layers, difflogic.GroupSum(CLASSES, tau=TAU))


def _step(net: torch.nn.Module, x: torch.Tensor) -> Step:
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, fused=True)
    return training_step(net, x, CLASSES, optimizer)


def _interleaved(steps: dict[str, Step], *, repeats: int) -> dict[str, list[float]]:
    """Median seconds of each part; rounds go over all networks, so that all see the same machine.

    Fast steps are made ten at a time, and their median taken, in every round.
    """
    rounds: dict[str, list[list[float]]] = {name: [] for name in steps}
    for _ in range(repeats + 1):
        for name, step in steps.items():
            n = 10 if name.startswith("gategrad") else 1
            parts = [step() for _ in range(n)]
            rounds[name].append([median(column) for column in zip(*parts, strict=True)])
    return {name: [median(c) for c in zip(*r[1:], strict=True)] for name, r in rounds.items()}


def _details(net: torch.nn.Module, x: torch.Tensor, threads: int) -> None:
    """Layers without loss and optimizer, and their parametrization, at one and several threads."""
    samples, gates = len(x), sum(DIMS[1:])
    print(f"\n{'layers alone':28} {'forward':>8} {'backward':>9}  ns a gate and sample, both")
    totals = {}
    for n in sorted({1, threads}):
        torch.set_num_threads(n)
        layers = _core_seconds(net, x, repeats=60)
        fixed = _core_seconds(net, x[:0], repeats=60)
        own = [max(0.0, a - b) for a, b in zip(layers, fixed, strict=True)]
        totals[n] = sum(layers)
        print(f"{f'layers, {n} thread(s), ms':28} {1e3 * own[0]:8.2f} {1e3 * own[1]:9.2f}"
              f"  {1e9 * sum(own) / samples / gates:.2f}")  # fmt: skip
        print(f"{'parametrization, ms':28} {1e3 * fixed[0]:8.2f} {1e3 * fixed[1]:9.2f}")
        in_core = _core_seconds(net, x[:0], repeats=60, inside=True)
        print(f"{'  of that in the core, ms':28} {1e3 * in_core[0]:8.2f} {1e3 * in_core[1]:9.2f}")
    if threads > 1:
        print(f"1 to {threads} threads: {totals[1] / totals[threads]:.2f}x")
    _print_floor(sum(own) / samples / gates)


def _print_floor(seconds: float) -> None:
    """What the layers take a gate and sample against the bytes that they would move in memory."""
    bandwidth = _copy_bandwidth()
    floor = FLOOR_BYTES / bandwidth
    print(
        f"floor in memory: {FLOOR_BYTES} bytes a gate and sample at {bandwidth / 1e9:.1f} GB/s, "
        f"{1e9 * floor:.2f} ns; the layers take {seconds / floor:.2f} times that"
    )


def _core_seconds(
    net: torch.nn.Module, x: torch.Tensor, *, repeats: int, inside: bool = False
) -> list[float]:
    """Median seconds of forward and backward of the layers and the group sum.

    `inside`: of the calls of the core alone.
    """
    grad, parts = torch.randn(len(x), CLASSES), []
    with _timed_core() as calls:
        for _ in range(repeats):
            start = perf_counter()
            out = net(x)
            forward = perf_counter()
            out.backward(grad)
            parts.append((forward - start, perf_counter() - forward))
            net.zero_grad()
    if inside:
        parts = list(zip(calls[::2], calls[1::2], strict=True))
    return [median(column) for column in zip(*parts, strict=True)]


@contextmanager
def _timed_core() -> Iterator[list[float]]:
    """Seconds of the calls of the core's two functions, forward and backward in turn."""
    seconds: list[float] = []
    with ExitStack() as patches:
        for name in ("train_forward_float32", "train_backward_float32"):
            run = getattr(_core, name)

            def timed(
                *arguments: object, run: Callable[..., object] = run, **named: object
            ) -> object:
                start = perf_counter()
                result = run(*arguments, **named)
                seconds.append(perf_counter() - start)
                return result

            patches.enter_context(patch.object(_core, name, timed))
        yield seconds


def _copy_bandwidth() -> float:
    """Bytes a second, read and written, of a copy that no cache holds."""
    source = torch.zeros(64 << 20)
    target = torch.empty_like(source)
    times = []
    for _ in range(5):
        start = perf_counter()
        target.copy_(source)
        times.append(perf_counter() - start)
    return 2 * source.nbytes / median(times)


def _large() -> None:
    """Five layers of 1,024,000 gates, batch 100."""
    dims = [784] + [1_024_000] * 5
    net = _ours("raw", dims)
    x = (torch.rand(100, DIMS[0], generator=torch.Generator().manual_seed(0)) < 0.3).float()
    step = _step(net, x)
    parts = [median(column) for column in zip(*(step() for _ in range(4)), strict=True)]
    fixed = _core_seconds(net, x[:0], repeats=3)
    layers = [parts[0] - fixed[0], parts[1] - fixed[1]]
    gates = sum(dims[1:])
    print(f"\n5 x 1,024,000 gates, batch 100: forward {parts[0]:.2f} s, backward {parts[1]:.2f} s, "
          f"Adam {parts[2]:.2f} s")  # fmt: skip
    print(f"layers {1e9 * sum(layers) / gates / 100:.2f} ns a gate and sample; "
          f"parametrization {sum(fixed):.2f} s")  # fmt: skip
    _print_floor(sum(layers) / gates / 100)


if __name__ == "__main__":
    main()
