"""Images a second of circuits, from raw rows to labels, on one core and on all.

    python -m benchmarks.inference [MODEL.gg ...]

Without models: 784 -> 6x8000 -> 10 with random wiring and random functions as drawn from raw
Gaussian logits, on bits and behind a threshold on uint8 pixels.
"""

import os
import sys
from itertools import pairwise
from time import perf_counter

import numpy as np
import torch

import gategrad as gg
from benchmarks.machine import describe
from gategrad import nn
from gategrad.circuit import live_gates
from gategrad.cli.speed import measure, random_rows
from gategrad.encoding import Thermometer


def main() -> None:
    """Print a line a model and thread count."""
    print(describe())
    models = {path: gg.load(path) for path in sys.argv[1:]} or {
        "6x8000 on bits": untrained(None),
        "6x8000 on uint8": untrained(Thermometer.fixed([127.5], 784)),
    }
    print(
        f"{'model':24} {'gates':>7} {'threads':>7} {'lowering':>10} {'ns':>7} {'M/s':>7}"
        "  share of the read limit"
    )
    for name, model in models.items():
        start = perf_counter()
        model.predict(np.zeros((1, _width(model)), bool))
        seconds = perf_counter() - start
        rows = random_rows(model)
        for threads in sorted({1, os.cpu_count() or 1}):
            speed = measure(model.program(), rows, threads=threads, seconds=6)
            print(
                f"{os.path.basename(name):24} {live_gates(model.circuit):7,} {threads:7} "
                f"{1e3 * seconds:7.1f} ms {speed.ns_per_sample:7.1f} "
                f"{speed.samples_per_second / 1e6:7.2f}  {speed.share:.2f}"
            )


def untrained(encoder: Thermometer | None, *, width: int = 8000) -> gg.Model:
    """The optimized circuit of an untrained network: about as many live gates as a trained one."""
    dims = [784] + [width] * 6
    layers = [nn.LogicDense(a, b, seed=i) for i, (a, b) in enumerate(pairwise(dims))]
    net = torch.nn.Sequential(*layers, nn.GroupSum(10, tau=10.0))
    return gg.discretize(net, encoder=encoder).optimize()


def _width(model: gg.Model) -> int:
    return model.circuit.n_inputs if model.encoder is None else model.encoder.n_features


if __name__ == "__main__":
    main()
