"""Images a second of circuits, from raw rows to labels: stages, threads, limits and peers.

    python -m benchmarks.inference [MODEL.gg ...] [--threshold X] [--parts speed stages peers]
        [--difflogic DIR] [--torchlogix DIR] [--cache DIR]

Without models: 784 -> 6x8000 -> 10 with random wiring and random functions as drawn from raw
Gaussian logits, on bits and behind a threshold on uint8 pixels, and 6x64,000 gates.

DIR of a peer is a folder from which its package can be imported: a checkout of difflogic, an
unpacked wheel of torchlogix 0.2.2. Their nets have the same wiring and functions as our 6x8000, and
are compiled with gcc (-O1 and -O3, minutes each, kept in the cache) by their own options.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch

import gategrad as gg
from benchmarks import peers
from benchmarks.machine import describe
from benchmarks.stages import print_stages
from benchmarks.table import print_row, print_rule
from gategrad import nn
from gategrad.circuit import live_gates
from gategrad.cli.speed import measure, random_rows
from gategrad.encoding import Thermometer

INPUTS, LAYERS, WIDTH, CLASSES = 784, 6, 8000, 10
PARTS = ("speed", "stages", "peers")
# 200 MB of raw rows: beyond the caches, and seconds a pass for the peers.
PEER_ROWS = 64 * 4000


def main(arguments: list[str] | None = ()) -> None:
    """Print the tables; `make bench` calls it without arguments."""
    options = _options(arguments)
    print(describe())
    models = {os.path.basename(path): gg.load(path) for path in options.models}
    if options.threshold is not None:
        models = {
            f"{k}, uint8 > {options.threshold:g}": _on_pixels(m, options.threshold)
            for k, m in models.items()
        }
    if "speed" in options.parts or "stages" in options.parts:
        models = models or _random_models()
    if "speed" in options.parts:
        _print_speed(models, options.seconds)
    if "stages" in options.parts:
        print_stages(models)
    if "peers" in options.parts and (options.difflogic or options.torchlogix):
        _print_peers(options)


def untrained(encoder: Thermometer | None, *, width: int = WIDTH) -> gg.Model:
    """The optimized circuit of an untrained network: about as many live gates as a trained one."""
    return _discretized(encoder, width).optimize()


def _on_pixels(model: gg.Model, threshold: float) -> gg.Model:
    """A model of bits behind a threshold on each of its inputs, so that it reads raw pixels."""
    if model.encoder is not None:
        raise SystemExit("--threshold is for models that take bits; this one has an encoder")
    return replace(model, encoder=Thermometer.fixed([threshold], model.circuit.n_inputs))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL.gg")
    parser.add_argument("--threshold", metavar="X", type=float, help="put before models of bits")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=float, default=6.0, help="a line of the speed table")
    parser.add_argument("--difflogic", metavar="DIR")
    parser.add_argument("--torchlogix", metavar="DIR")
    parser.add_argument("--cache", metavar="DIR", type=Path, default=Path("build/peers"))
    return parser.parse_args(arguments)


def _random_models() -> dict[str, gg.Model]:
    pixels = Thermometer.fixed([127.5], INPUTS)
    return {
        "6x8000, random functions, bits": untrained(None),
        "6x8000, random functions, uint8 > 127.5": untrained(pixels),
        "6x64,000, random functions, uint8 > 127.5": untrained(pixels, width=64_000),
    }


def _discretized(encoder: Thermometer | None, width: int) -> gg.Model:
    dims = [INPUTS] + [width] * LAYERS
    layers = [nn.LogicDense(a, b, seed=i) for i, (a, b) in enumerate(pairwise(dims))]
    net = torch.nn.Sequential(*layers, nn.GroupSum(CLASSES, tau=10.0))
    return gg.discretize(net, encoder=encoder)


def _print_speed(models: dict[str, gg.Model], seconds: float) -> None:
    print()
    print_row("model", "live gates", "threads", "lowering", "ns an image", "million images/s",
              "share of read limit", "times one thread")  # fmt: skip
    print_rule(8)
    for name, model in models.items():
        start = perf_counter()
        program = model.program()
        lowering = f"{1e3 * (perf_counter() - start):.1f} ms"
        rows, one = random_rows(model), None
        for threads in sorted({1, os.cpu_count() or 1}):
            speed = measure(program, rows, threads=threads, seconds=seconds)
            one = one or speed.ns_per_sample
            print_row(name, f"{live_gates(model.circuit):,}", threads, lowering,
                      f"{speed.ns_per_sample:.1f}", f"{speed.samples_per_second / 1e6:.2f}",
                      f"{speed.share:.2f}", f"{one / speed.ns_per_sample:.2f}")  # fmt: skip


def _print_peers(options: argparse.Namespace) -> None:
    """One thread; peers get bits that were made beforehand, and their argmax is not timed."""
    raw = _discretized(Thermometer.fixed([127.5], INPUTS), WIDTH)
    layers = peers.layers_of(raw.circuit, [INPUTS] + [WIDTH] * LAYERS)
    model = gg.Model.optimize(raw)
    path = options.cache / "6x8000.gg"
    options.cache.mkdir(parents=True, exist_ok=True)
    raw.save(path)
    rows = np.random.default_rng(0).integers(0, 256, (PEER_ROWS, INPUTS), np.uint8)
    start = perf_counter()
    first = gg.load(path)
    first.predict(rows[:512])
    ready = perf_counter() - start
    nets = {}
    if options.difflogic:
        nets["difflogic, compiled -O1"] = peers.difflogic(
            options.difflogic, layers, CLASSES, options.cache
        )
    if options.torchlogix:
        nets["torchlogix 0.2.2, compiled -O3"] = peers.torchlogix(
            options.torchlogix, layers, CLASSES, options.cache
        )
    bits = rows > 127
    runs: dict[str, Callable] = {"gategrad": lambda: model.predict(rows, threads=1)}
    runs |= {name: lambda peer=peer: peer.sums(bits) for name, peer in nets.items()}
    labels, sums = model.predict(rows), model.sums(rows)
    seconds = {name: _median_seconds(run) for name, run in runs.items()}
    print(f"\nsame network, {live_gates(model.circuit):,} live gates, same rows, one thread\n")
    print_row("", "to C", "gcc", "million images/s", "ours is faster", "labels that agree", "sums")
    print_rule(7)
    rate = {name: PEER_ROWS / s / 1e6 for name, s in seconds.items()}
    print_row("gategrad, file to first 512 labels", "-", f"none: {1e3 * ready:.0f} ms",
              f"{rate['gategrad']:.2f}", "1", "-", "-")  # fmt: skip
    for name, peer in nets.items():
        found = peer.sums(bits)
        agree = (found.argmax(axis=1) == labels).mean()
        equal = "equal" if np.array_equal(found, sums) else "DIFFER"
        print_row(name, f"{peer.prepare_seconds:.1f} s", f"{peer.compile_seconds:.0f} s",
                  f"{rate[name]:.2f}", f"{rate['gategrad'] / rate[name]:.1f}x",
                  f"{agree:.0%}", equal)  # fmt: skip
    if options.torchlogix:
        print("\ntorchlogix/circuit.py is read with these replacements before Python 3.12:")
        for old, new in peers.TORCHLOGIX_PATCH:
            print(f"    {old!r} -> {new!r}")


def _median_seconds(run: Callable, *, rounds: int = 5) -> float:
    run()
    times = []
    for _ in range(rounds):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return median(times)


if __name__ == "__main__":
    main(None)
