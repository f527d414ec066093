"""Gates a second of `optimize` and of each pass on random layered networks.

Run: python -m benchmarks.passes [GATES ...]
"""

import platform
import sys
from time import perf_counter

import numpy as np

from gategrad.circuit import Circuit, Readout, live_gates
from gategrad.passes import absorb_outputs, fold, optimize, remove_dead, strash

N_INPUTS, N_LAYERS, N_CLASSES = 784, 6, 10


def layered(n_gates: int, *, seed: int = 0) -> tuple[Circuit, Readout]:
    """Six equal layers of random two-input gates, each reading random wires of the one below."""
    rng = np.random.default_rng(seed)
    size = n_gates // N_LAYERS // N_CLASSES * N_CLASSES
    below = np.concatenate([[N_INPUTS], np.full(N_LAYERS - 1, size)])
    start = 2 + np.concatenate([[0], N_INPUTS + size * np.arange(N_LAYERS - 1)])
    fanin = np.concatenate(
        [s + rng.integers(n, size=(size, 2)) for s, n in zip(start, below, strict=True)]
    )
    table = rng.integers(16, size=len(fanin))
    outputs = 2 + N_INPUTS + np.arange(len(fanin) - size, len(fanin))
    return Circuit(N_INPUTS, fanin, table, outputs), Readout.group_sum(size, N_CLASSES)


def report(n_gates: int) -> None:
    """Print a line a pass: seconds, gates read a second, gates left."""
    circuit, readout = layered(n_gates)
    print(f"{circuit.n_gates:,} gates, {live_gates(circuit):,} of them live")
    for apply in (remove_dead, absorb_outputs, fold, strash, optimize):
        begin = perf_counter()
        smaller, _ = apply(circuit, readout)
        seconds = perf_counter() - begin
        rate = circuit.n_gates / seconds / 1e6
        print(f"  {apply.__name__:15}{seconds:9.4f} s {rate:7.2f} M/s {smaller.n_gates:>12,} left")


def main() -> None:
    """Report on the sizes of the command line, else on 48,000 and 5 million gates."""
    print(f"{platform.machine()}, Python {platform.python_version()}, one thread")
    for n_gates in [int(word) for word in sys.argv[1:]] or [48_000, 5_000_000]:
        report(n_gates)


if __name__ == "__main__":
    main()
