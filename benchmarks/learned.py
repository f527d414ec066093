"""Learned wiring: a training step, a layer alone, what the backward pass keeps, and plain torch.

    python -m benchmarks.learned [--threads 1,2] [--repeats 20] [--torch-repeats 5]

The step is that of 784 -> 2 x 8000 with 16 candidates a pin -> GroupSum(10), straight-through,
batch 128, AdamW (fused); the layer is 8000 -> 8000 in a graph, with and without the gradient of its
input. Layers on values that are no bits are timed beside plain torch, in turns, on one thread, in
processor time. Slots are 16 of 2000 -> 2000.
Every step goes through autograd.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, process_time

import torch
from torch import Tensor

from benchmarks.machine import describe
from benchmarks.step import Step, training_step
from gategrad import nn

PIXELS, WIDTH, CANDIDATES, CLASSES, BATCH = 784, 8000, 16, 10, 128
SLOT_WIDTH, SLOTS = 2000, 16
# Steps of a round; the median of each round is taken, then that of the rounds.
IN_A_ROUND = 10


def main() -> None:
    """Print the tables."""
    options = _options()
    print(describe(), f"torch {torch.__version__}", sep="; ")
    net, layer = network(), _layer(WIDTH, seed=0)
    counts = [int(n) for n in options.threads.split(",")]
    print(f"\n{'one step, ms':44} {'forward':>8} {'backward':>9} {'AdamW':>6} {'total':>7}")
    for threads in counts:
        torch.set_num_threads(threads)
        _print(f"784 -> 2x8000, {threads} thread(s)", _median(_step(net), options.repeats))
    print(f"\n{'8000 -> 8000 alone, ms':44} {'forward':>8} {'backward':>9} {'total':>14}")
    for threads in counts:
        torch.set_num_threads(threads)
        for wants in (False, True):
            name = f"{'with' if wants else 'no'} gradient of x, {threads} thread(s)"
            _print(name, _median(_alone(layer, wants), options.repeats))
    kept = kept_bytes(layer, _bits(WIDTH))
    print(f"\nkept for backward: {kept:,} bytes, {kept / WIDTH / BATCH:.2f} a wire and sample")
    torch.set_num_threads(1)
    print(
        f"\n{'on values, one thread, processor ms':44} {'forward':>8} {'backward':>9} {'total':>14}"
    )
    for name, layer in _layers_on_values().items():
        step = _alone(layer, True, _values(layer.in_dim), process_time)
        _print_beside_torch(name, step, options.torch_repeats)
        kept = [kept_bytes(layer, _values(layer.in_dim, batch)) for batch in (BATCH, 2 * BATCH)]
        print(f"  kept a wire and sample: {(kept[1] - kept[0]) / BATCH / layer.in_dim:.2f} bytes")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=20, help="rounds of ten steps")
    parser.add_argument("--torch-repeats", type=int, default=5, help="rounds beside plain torch")
    return parser.parse_args()


def network() -> nn.Sequential:
    """The network of the step, at random weights."""
    layers = [_layer(PIXELS, seed=0), _layer(WIDTH, seed=1)]
    return nn.Sequential(*layers, nn.GroupSum(CLASSES, tau=30.0))


def _layer(in_dim: int, *, seed: int, wires: str = "straight-through") -> nn.LogicDense:
    layer = nn.LogicDense(
        in_dim,
        WIDTH,
        connections="learned",
        candidates=CANDIDATES,
        estimator="straight-through",
        wire_estimator=wires,
        seed=seed,
    )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        layer.wiring.logits.normal_(generator=generator)
    return layer


def _layers_on_values() -> dict[str, torch.nn.Module]:
    layers: dict[str, torch.nn.Module] = {}
    for wires in ("soft", "straight-through"):
        layers[f"8000 -> 8000, {wires} wires"] = _layer(WIDTH, seed=0, wires=wires)
    for estimator in ("soft", "straight-through"):
        layers[f"2000 -> 2000, {estimator} slots"] = _slots(estimator)
    return layers


def _slots(estimator: str) -> nn.SlotDense:
    layer = nn.SlotDense(SLOT_WIDTH, SLOT_WIDTH, slots=SLOTS, estimator=estimator, seed=0)
    with torch.no_grad():
        layer.logits.normal_(generator=torch.Generator().manual_seed(0))
    return layer


def _values(width: int, batch: int = BATCH) -> Tensor:
    return torch.rand(batch, width, generator=torch.Generator().manual_seed(2))


def _bits(width: int) -> Tensor:
    return (torch.rand(BATCH, width, generator=torch.Generator().manual_seed(2)) < 0.3).float()


def _step(net: nn.Sequential) -> Step:
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01, fused=True)
    return training_step(net, _bits(PIXELS), CLASSES, optimizer)


def _alone(
    layer: torch.nn.Module,
    wants_x: bool,
    x: Tensor | None = None,
    clock: Callable[[], float] = perf_counter,
) -> Step:
    """A layer between two others: values and gradients lie as layers pass them, by features."""
    x = _bits(WIDTH) if x is None else x
    x = x.t().contiguous().t().requires_grad_(wants_x)
    grad = torch.randn(layer.out_dim, BATCH, generator=torch.Generator().manual_seed(3)).t()

    def step() -> tuple[float, ...]:
        start = clock()
        out = layer(x)
        forward = clock()
        out.backward(grad)
        end = clock()
        x.grad = None
        layer.zero_grad()
        return forward - start, end - forward

    return step


def _median(step: Step, repeats: int) -> list[float]:
    return _median_of([_round(step) for _ in range(repeats + 1)][1:])


def _round(step: Step) -> list[float]:
    return _median_of([step() for _ in range(IN_A_ROUND)])


def _median_of(rows: list[Sequence[float]]) -> list[float]:
    return [median(column) for column in zip(*rows, strict=True)]


def _print_beside_torch(name: str, step: Step, repeats: int) -> None:
    rounds: dict[str, list[list[float]]] = {"native": [], "torch": []}
    for backend in ("native", "torch") * (repeats + 1):
        os.environ["GATEGRAD_TRAINING"] = backend
        rounds[backend].append(_round(step))
    os.environ["GATEGRAD_TRAINING"] = "native"
    medians = {backend: _median_of(parts[1:]) for backend, parts in rounds.items()}
    for backend, parts in medians.items():
        _print(f"{name}, {backend}", parts)
    times = sum(medians["torch"]) / sum(medians["native"])
    print(f"  plain torch takes {times:.1f} times as long")


def _print(name: str, parts: list[float]) -> None:
    cells = " ".join(f"{1e3 * t:{w}.2f}" for t, w in zip(parts, (8, 9, 6), strict=False))
    print(f"{name:44} {cells} {1e3 * sum(parts):{7 if len(parts) == 3 else 14}.2f}")


def kept_bytes(layer: torch.nn.Module, x: Tensor) -> int:
    """Bytes that the graph of one pass of `layer` holds on to, its own tensors apart."""
    own = {t.data_ptr() for t in (*layer.parameters(), *layer.buffers())}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if tensor.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        layer(x.requires_grad_())
    return sum(kept.values())


if __name__ == "__main__":
    main()
