"""Circuits of convolutions, flat and by their kernels.

    python -m benchmarks.conv_circuits [--repeats 6]

Networks of `nn.zoo` whose gates are any of the ten functions that depend on both inputs. Times are
of one thread, of its own processor time, the least of several rounds that go over both ways. A call
for one row is estimated to be faster flat or by kernels, and "auto" is what the engine chooses.
"""

import argparse
import os
from collections.abc import Callable
from time import thread_time

import numpy as np
import torch
from numpy.typing import NDArray

import gategrad as gg
from benchmarks.machine import describe
from gategrad import engine, nn

BOTH_INPUTS = torch.tensor([8, 14, 6, 9, 7, 1, 2, 4, 11, 13])
ROWS, BLOCK, SINGLE = 512 * 20, 512, 256
NETWORKS = {
    "LogicTreeNet-S, CIFAR-10": lambda: nn.zoo.logic_tree_net("S", "cifar-10", seed=0),
    "compact k = 32, CIFAR-10": lambda: nn.zoo.compact_net(32, "cifar-10", seed=0),
    "LogicTreeNet-S, MNIST": lambda: nn.zoo.logic_tree_net("S", "mnist", seed=0),
    "compact k = 64, MNIST": lambda: nn.zoo.compact_net(
        64, "mnist", levels=1, layers=(16_000, 16_000), seed=0
    ),
    # As many gates as the recipe conv-mnist has when it is trained.
    "compact k = 128, MNIST": lambda: nn.zoo.compact_net(
        128, "mnist", levels=1, layers=(60_000, 60_000), seed=0
    ),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=6)
    repeats = parser.parse_args().repeats
    print(describe())
    for name, make in NETWORKS.items():
        _print_network(name, _model(make()), repeats)


def _model(net: torch.nn.Module) -> gg.Model:
    """The optimized circuit of random gates, on raw pixels."""
    generator = torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, (nn.LogicConv2d, nn.LogicDense)):
            drawn = torch.randint(0, len(BOTH_INPUTS), (len(module.weight),), generator=generator)
            module.bank.set_tables(BOTH_INPUTS[drawn], 0.95)
    channels, height, width = net[0].unflattened_size
    colours = 1 if height == 28 else 3
    levels = np.linspace(64, 192, channels // colours) + 0.5
    encoder = gg.encoding.Thermometer.fixed(levels, colours * height * width)
    return gg.discretize(net, encoder=encoder).optimize()


def _print_network(name: str, model: gg.Model, repeats: int) -> None:
    print(f"\n{name}: {model.circuit.n_gates:,} gates flat")
    x = np.random.default_rng(0).integers(0, 256, (ROWS, model.encoder.n_features), np.uint8)
    programs = {way: _lowered(model, way) for way in ("flat", "kernels")}
    times: dict[str, list[float]] = {way: [] for way in programs}
    for _ in range(repeats):
        for way, (program, _) in programs.items():
            times[way].append(_seconds(lambda program=program: program.sums(x, threads=1)))
    for way, (_, ready) in programs.items():
        block = min(times[way]) / ROWS * BLOCK
        print(f"  {way:8} ready in {ready:.3f} s, {1e6 * block:7.1f} us a block, "
              f"{BLOCK / block:,.0f} rows/s")  # fmt: skip
    if not np.array_equal(*(program.sums(x) for program, _ in programs.values())):
        raise RuntimeError("the two ways give different sums")
    programs["auto"] = _lowered(model, "auto")
    _print_single({way: program for way, (program, _) in programs.items()}, x[:SINGLE], repeats)


def _print_single(programs: dict[str, engine.Program], x: NDArray, repeats: int) -> None:
    rows = [x[i : i + 1] for i in range(len(x))]
    sums = programs["flat"].sums(x)
    for way, program in programs.items():
        if not np.array_equal(np.concatenate([program.sums(row) for row in rows]), sums):
            raise RuntimeError("single rows have other sums")
        times = [
            _seconds(lambda p=program: [p.labels(row) for row in rows]) for _ in range(repeats)
        ]
        print(
            f"  one row, {way:8} {1e6 * min(times) / len(rows):7.1f} us, {program.route(rows[0])}"
        )


def _lowered(model: gg.Model, way: str) -> tuple[engine.Program, float]:
    """A program, and the seconds until it is there."""
    os.environ["GATEGRAD_CONVOLUTION"] = way
    start = thread_time()
    program = engine.lower(model.circuit, model.readout, model.encoder, model.convolution)
    return program, thread_time() - start


def _seconds(call: Callable[[], object]) -> float:
    start = thread_time()
    call()
    return thread_time() - start


if __name__ == "__main__":
    main()
