"""The GPU: kernels against the copy bandwidth, training steps, and packed images a second.

    PYTHONPATH=src python -m benchmarks.gpu [--json FILE] [--only kernels,steps,inference]
    TRITON_INTERPRET=1 GATEGRAD_TRAINING=triton PYTHONPATH=src python -m benchmarks.gpu --tiny

Runs from the source tree alone, without the native core, on rows that it makes. `--tiny` goes
through everything at a size for Triton's interpreter on the CPU; its times mean nothing.
"""

import argparse
import importlib.util
import json
import sys
import types
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch

CORE = "gategrad._core"
# Bytes a gate and sample in float32: two operands and a result; then those and the gradients.
FORWARD, BACKWARD = 12, 28
# Networks of arXiv 2210.08277, tables 2 and 4: name, inputs, width, layers. Convolutions of
# arXiv 2411.04732 are not in the library.
NETWORKS = [
    ("MNIST 6 x 8,000", 784, 8_000, 6),
    ("MNIST 6 x 64,000", 784, 64_000, 6),
    ("CIFAR-10 4 x 12,000", 9_216, 12_000, 4),
    ("CIFAR-10 4 x 128,000", 9_216, 128_000, 4),
    ("CIFAR-10 5 x 256,000", 95_232, 256_000, 5),
    ("CIFAR-10 5 x 1,024,000", 95_232, 1_024_000, 5),
]
PARTS = ("kernels", "steps", "inference")


def main(arguments: list[str] | None = None) -> dict:
    """Print the tables; returns what `--json` writes."""
    options = _options(arguments)
    _stand_in_for_core()
    device = torch.device("cpu" if options.tiny else "cuda")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no GPU: torch.cuda.is_available() is False; --tiny runs on the CPU")
    timer = _Timer(device, 1 if options.tiny else options.repeats)
    result = {"machine": _machine(device), "tiny": options.tiny}
    print(result["machine"])
    for part in options.only:
        result[part] = globals()[f"_{part}"](timer, options.tiny)
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")
    return result


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--tiny", action="store_true", help="on the CPU, for the interpreter")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--only", type=_parts, default=PARTS, help=",".join(PARTS))
    return parser.parse_args(arguments)


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"unknown {unknown}; known: {', '.join(PARTS)}")
    return parts


class _StandIn(types.ModuleType):
    """A core that has every class, which annotations name, and no function but those set."""

    def __getattr__(self, name: str) -> type:
        if name[:1].isupper():
            return object
        raise AttributeError(f"the native core, which has {name!r}, is not built here")


def _stand_in_for_core() -> None:
    """Let gategrad be imported where its native core was not built; what needs it then fails."""
    source = Path(__file__).parent.parent / "src" / "gategrad"
    built = list(source.glob("_core*.so"))
    if CORE in sys.modules or built or importlib.util.find_spec("gategrad") is None:
        return
    stand_in = _StandIn(CORE)
    stand_in.train_block, stand_in.learned_word, stand_in.map_inputs = 32, 64, 4
    names = ("float32", "float64", "int32", "int64", "uint8")
    stand_in.ScalarType = types.SimpleNamespace(**{name: name for name in names})
    stand_in.WeightKind = types.SimpleNamespace(__members__={})
    stand_in.needed_gates, stand_in.gate_levels = _needed_gates, _gate_levels
    sys.modules[CORE] = stand_in


def _needed_gates(
    n_inputs: int, fanin: np.ndarray, table: np.ndarray, roots: np.ndarray
) -> np.ndarray:
    """As the core's: (G,) uint8, whether a gate is read by a root or by a gate that is."""
    first = 2 + n_inputs
    needed = np.zeros(first + len(fanin), np.uint8)
    needed[roots] = 1
    for gate in reversed(range(len(fanin))):
        if needed[first + gate]:
            needed[fanin[gate]] = 1
    return needed[first:]


def _gate_levels(n_inputs: int, fanin: np.ndarray, costs: np.ndarray | None) -> np.ndarray:
    """As the core's: (G,), a gate's cost, or 1, above the highest level of its operands."""
    first = 2 + n_inputs
    levels = np.zeros(first + len(fanin), np.int64)
    for gate, operands in enumerate(fanin):
        levels[first + gate] = levels[operands].max() + (1 if costs is None else costs[gate])
    return levels[first:]


class _Timer:
    """Median seconds of a call, after warming up."""

    def __init__(self, device: torch.device, repeats: int) -> None:
        self.device, self.repeats = device, repeats

    def __call__(self, function: Callable[[], object]) -> float:
        for _ in range(min(3, self.repeats)):
            function()
        return median(self._once(function) for _ in range(self.repeats))

    def _once(self, function: Callable[[], object]) -> float:
        if self.device.type != "cuda":
            start = perf_counter()
            function()
            return perf_counter() - start
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        function()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1e3


def _machine(device: torch.device) -> str:
    import triton

    name = "Triton's interpreter on the CPU"
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    return f"{name}, torch {torch.__version__}, triton {triton.__version__}"


def _copy_bandwidth(timer: _Timer, tiny: bool) -> float:
    """Bytes a second of a copy on the device, read and written ones counted."""
    x = torch.zeros(1 << (16 if tiny else 30), dtype=torch.uint8, device=timer.device)
    y = torch.empty_like(x)
    return 2 * x.numel() / timer(lambda: y.copy_(x))


def _kernels(timer: _Timer, tiny: bool) -> dict:
    """Forward and backward of a layer that is wider than L2, in each dtype and variant."""
    from gategrad import nn

    bandwidth = _copy_bandwidth(timer, tiny)
    gates, batch = (16, 16) if tiny else (1_024_000, 128)
    print(f"\ncopy {bandwidth / 1e12:.2f} TB/s; {gates:,} gates, batch {batch}")
    print(f"{'layer':34} {'forward ms':>11} {'backward ms':>12} {'of copy':>8}")
    rows = {}
    for dtype in (torch.float32, torch.bfloat16):
        for parametrization in ("raw", "light"):
            for deterministic in (True, False):
                layer = nn.LogicDense(
                    gates, gates, parametrization=parametrization, deterministic=deterministic,
                    seed=0, device=timer.device, dtype=dtype,
                )  # fmt: skip
                name = (
                    f"{parametrization} {str(dtype)[6:]} {'gather' if deterministic else 'atomic'}"
                )
                rows[name] = _layer_times(timer, layer, batch, bandwidth)
                forward, backward, share = rows[name].values()
                print(f"{name:34} {1e3 * forward:11.3f} {1e3 * backward:12.3f} {share:8.1%}")
    return {"copy_bytes_per_second": bandwidth, "gates": gates, "batch": batch, "layers": rows}


def _layer_times(timer: _Timer, layer: torch.nn.Module, batch: int, bandwidth: float) -> dict:
    shape, dtype = (layer.in_dim, batch), layer.weight.dtype
    x = torch.rand(shape, device=timer.device).to(dtype).t().requires_grad_()
    y = layer(x)
    grad = torch.rand(shape, device=timer.device).to(dtype).t()
    inputs = (x, layer.weight)
    with torch.no_grad():
        forward = timer(lambda: layer(x))
    backward = timer(lambda: torch.autograd.grad(y, inputs, grad, retain_graph=True))
    moved = (FORWARD + BACKWARD) / 4 * dtype.itemsize * layer.out_dim * batch
    share = moved / (forward + backward) / bandwidth
    return {"forward_seconds": forward, "backward_seconds": backward, "of_copy": share}


def _steps(timer: _Timer, tiny: bool) -> dict:
    """Forward, backward and Adam of whole networks, as a CUDA graph where there is a GPU."""
    networks = [("tiny 2 x 20", 9, 20, 2)] if tiny else NETWORKS
    batch = 8 if tiny else 128
    print(f"\n{'training step, batch ' + str(batch):34} {'ms':>8} {'samples/s':>12}")
    rows = {}
    for name, n_inputs, width, depth in networks:
        seconds = timer(_step(n_inputs, width, depth, batch, timer.device))
        rows[name] = {"seconds": seconds, "samples_per_second": batch / seconds}
        print(f"{name:34} {1e3 * seconds:8.3f} {batch / seconds:12,.0f}")
    return {"batch": batch, "networks": rows}


def _step(
    n_inputs: int, width: int, depth: int, batch: int, device: torch.device
) -> Callable[[], object]:
    from gategrad import nn

    dims = pairwise([n_inputs] + [width] * depth)
    layers = [nn.LogicDense(*d, seed=i, device=device) for i, d in enumerate(dims)]
    net = nn.Sequential(*layers, nn.GroupSum(10, tau=10.0))
    x = (torch.rand(batch, n_inputs, device=device) < 0.3).float()
    y = torch.randint(10, (batch,), device=device)
    graphs = device.type == "cuda"
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, capturable=graphs, foreach=True)

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()

    return _captured(step) if graphs else step


def _captured(step: Callable[[], None]) -> Callable[[], object]:
    """The step as a CUDA graph, after some on a stream of their own."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def _inference(timer: _Timer, tiny: bool) -> dict:
    """Labels of uint8 rows on the device, in circuits in which every gate is alive."""
    from gategrad.encoding import Thermometer
    from gategrad.engine import lower
    from gategrad.engine.gpu import program as engine

    n_rows = 40 if tiny else 1 << 22
    encoder = Thermometer.fixed(127, 784)
    x = torch.randint(0, 256, (n_rows, 784), dtype=torch.uint8, device=timer.device)
    print(f"\n{'packed inference, uint8 rows':34} {'ms':>8} {'images/s':>16}")
    rows = {}
    for n_gates in (60,) if tiny else (18_000, 8_000):
        program = lower(*_circuit(n_gates), encoder, backend="gpu")
        assert program.n_gates == n_gates
        for engine.PROGRAMS_A_PROCESSOR in (2,) if tiny else (1, 2, 4):
            name = f"{n_gates:,} gates, {engine.PROGRAMS_A_PROCESSOR} programs"
            seconds = timer(lambda program=program: program.labels(x))
            rows[name] = {"seconds": seconds, "images_per_second": n_rows / seconds}
            print(f"{name:34} {1e3 * seconds:8.3f} {n_rows / seconds:16,.0f}")
    return {"rows": n_rows, "circuits": rows}


def _circuit(n_gates: int) -> tuple:
    """Levels of gates that depend on both operands, each gate read by the next level."""
    from gategrad.circuit import N_CONSTANTS, Circuit, Readout

    depth = 6 if n_gates % 60 == 0 else 5
    rng, width = np.random.default_rng(0), n_gates // depth
    fanin, first, below = [], N_CONSTANTS, 784
    for _ in range(depth):
        a = np.resize(rng.permutation(below), width)
        b = (a + 1 + rng.integers(below - 1, size=width)) % below
        fanin.append(first + np.stack([a, b], 1))
        first, below = first + below, width
    table = rng.choice([1, 2, 4, 6, 7, 8, 9, 11, 13, 14], n_gates)
    circuit = Circuit(784, np.concatenate(fanin), table, first + np.arange(width))
    return circuit, Readout.group_sum(width, 10)


if __name__ == "__main__":
    main()
