"""One script, one import line apart: difflogic's CPU path beside `gategrad.difflogic`.

    python -m benchmarks.difflogic_script --difflogic DIR [-k 8000] [-l 6] [-bs 100] [--threads 1]

DIR is a folder from which difflogic can be imported; its CUDA extension is replaced by an empty
module. Network, loss, optimizer and steps are those of difflogic's `main.py` for mnist20x20, on
embedded MNIST at one bit a pixel. Both networks take turns. The fastest step of each counts, and
that in processor time, which others at work on the machine disturb less. At the end both are tested
as circuits.
"""

import argparse
import importlib
import sys
import types
from collections.abc import Iterator
from time import perf_counter, process_time
from types import ModuleType

import torch
from torch import Tensor, nn

import gategrad as gg
from benchmarks.machine import describe

CLASSES, TAU, LR = 10, 10.0, 0.01
_TEST = 1000


def main() -> None:
    """Print the table."""
    options = _options()
    torch.set_num_threads(options.threads)
    print(describe(), f"torch {torch.__version__}", f"threads {options.threads}", sep="; ")
    packages = {
        "difflogic": _theirs(options.difflogic),
        "gategrad.difflogic": importlib.import_module("gategrad.difflogic"),
    }
    x, y, x_test, y_test = map(torch.from_numpy, gg.data.load("mnist-1bit"))
    runs = {name: _Run(package, options, x, y) for name, package in packages.items()}
    for _ in range(options.steps):
        for name, run in runs.items():
            run.steps(1 if name == "difflogic" else options.per_step)
    print(f"\n{'':20} {'ms a step':>10} {'of processor':>12} {'steps':>6} {'hard':>8}")
    for name, run in runs.items():
        hard = run.hard(x_test[:_TEST], y_test[:_TEST])
        wall, busy = (1e3 * seconds for seconds in run.fastest)
        print(f"{name:20} {wall:10.2f} {busy:12.2f} {len(run.seconds):6} {100 * hard:7.2f}%")
    theirs, ours = (run.fastest for run in runs.values())
    wall, busy = (a / b for a, b in zip(theirs, ours, strict=True))
    print(f"\nratio of the fastest steps: {wall:.1f}, in processor time {busy:.1f}")


class _Run:
    """A network, and the loop of the script."""

    def __init__(
        self, package: ModuleType, options: argparse.Namespace, x: Tensor, y: Tensor
    ) -> None:
        torch.manual_seed(options.seed)
        widths = [x.shape[1]] + [options.num_neurons] * options.num_layers
        layers = [
            package.LogicLayer(a, options.num_neurons, device="cpu", connections="random")
            for a in widths[:-1]
        ]
        self.model = nn.Sequential(nn.Flatten(), *layers, package.GroupSum(CLASSES, TAU))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LR)
        self.batches = _batches(x, y, options.batch_size, options.seed)
        self.seconds: list[tuple[float, float]] = []

    @property
    def fastest(self) -> tuple[float, float]:
        """Seconds of the fastest step, and of processor time."""
        wall, busy = map(min, zip(*self.seconds, strict=True))
        return wall, busy

    def steps(self, n: int) -> None:
        """Train."""
        for _ in range(n):
            x, y = next(self.batches)
            start, begun = perf_counter(), process_time()
            loss = nn.functional.cross_entropy(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.seconds.append((perf_counter() - start, process_time() - begun))

    @torch.no_grad()
    def hard(self, x: Tensor, y: Tensor) -> float:
        """Accuracy in `.eval()`."""
        self.model.eval()
        found = torch.cat([self.model(rows.float()).argmax(-1) for rows in x.split(100)])
        return (found == y).float().mean().item()


def _batches(x: Tensor, y: Tensor, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    while True:
        for rows in torch.randperm(len(x), generator=generator).split(size):
            yield x[rows].float(), y[rows]


def _theirs(folder: str) -> ModuleType:
    sys.modules["difflogic_cuda"] = types.ModuleType("difflogic_cuda")
    sys.path.insert(0, folder)
    return importlib.import_module("difflogic")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--difflogic", metavar="DIR", required=True)
    parser.add_argument("--num-neurons", "-k", type=int, default=8000)
    parser.add_argument("--num-layers", "-l", type=int, default=6)
    parser.add_argument("--batch-size", "-bs", type=int, default=100)
    parser.add_argument("--seed", "-s", type=int, default=0)
    parser.add_argument("--steps", type=int, default=5, help="of difflogic's")
    parser.add_argument("--per-step", type=int, default=20, help="of ours, beside each")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
