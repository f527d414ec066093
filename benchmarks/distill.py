"""From trained networks to gates: exactly on a table, and on MNIST against students from scratch.

    python -m benchmarks.distill exact [--data adult]
    python -m benchmarks.distill teacher cnn --out cnn.pt      # or mlp, of 1-bit MNIST
    python -m benchmarks.distill mnist cnn.pt [--steps 4000] [--finetune 20000] [--seeds 3]

`mnist` makes four students of a teacher, all of the same layers: from scratch by labels, from
scratch by labels and the teacher's soft targets, layer by layer, and the same trained end to end.
Students from scratch take as many steps as all stages together. It prints a line a student with the
accuracy on the test images, live gates and seconds.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import gategrad as gg
from benchmarks.machine import describe
from gategrad import distill
from gategrad.circuit import live_gates
from gategrad.cli.encoders import choose_encoder
from gategrad.cli.sources import load_source
from gategrad.distill import LayerOptions, Sizes
from gategrad.teachers import Teacher, load_network
from gategrad.train import Warp

SIZES = (Sizes((32, 16), 4, 2, 4, 8), Sizes((64, 32), 5, 2, 5, 12))
SHAPE = (1, 28, 28)


def main() -> None:
    """Do what the arguments say."""
    options = _options()
    print(describe())
    if options.what == "exact":
        exact_table(options.data)
    elif options.what == "teacher":
        train_teacher(options.kind, options.out, options.epochs)
    else:
        students(options.teacher, options)


def exact_table(name: str) -> None:
    """Sparse quantized MLPs as circuits: neurons, tables, gates, and rows whose sums are equal."""
    source = load_source(name)
    encoder = choose_encoder(source)
    for sizes in SIZES:
        x, y = source.x_train, source.y_train
        trained = distill.sparse_mlp(x, y, encoder=encoder, sizes=sizes, steps=1500)
        for rows in (None, x):
            found = distill.exact(trained.net, encoder=encoder, rows=rows)
            test = (found.model.program().labels(source.x_test) == source.y_test).mean()
            equal = [_equal(trained, found, part) for part in (x, source.x_test)]
            what = "everywhere" if rows is None else "don't-cares"
            print(
                f"{name} {sizes.widths} {what}: test {test:.2%}, {found.neurons} neurons, "
                f"{found.luts} tables, {found.gates} gates, equal rows {equal}"
            )


def _equal(trained: distill.SparseMlp, found: distill.Exact, x: NDArray) -> int:
    bits = torch.from_numpy(trained.encoder.encode(x).view(np.uint8))
    with torch.no_grad():
        wanted = torch.cat([trained.net.codes(part)[-1] for part in bits.split(8192)])
    return int((found.model.sums(x) == wanted.long().numpy()).all(1).sum())


def network(kind: str) -> nn.Sequential:
    """A teacher of 1-bit MNIST, untrained."""
    if kind == "mlp":
        return nn.Sequential(
            nn.Linear(784, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(256, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 10),
        )  # fmt: skip
    return nn.Sequential(
        nn.Unflatten(1, SHAPE),
        nn.Conv2d(1, 16, 5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(512, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10),
    )  # fmt: skip


def train_teacher(kind: str, out: Path, epochs: int) -> None:
    """Train a teacher on warped images and save it whole."""
    x, y, x_test, y_test = gg.data.load("mnist-1bit")
    torch.manual_seed(0)
    net, targets = network(kind), torch.from_numpy(y).long()
    warp = Warp(SHAPE, share=0.8 if kind == "cnn" else 0.5)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3)
    steps = epochs * (len(x) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=generator).split(128)[: len(x) // 128]:
            images = torch.from_numpy(warp(x[rows.numpy()], generator)).float()
            optimizer.zero_grad()
            nn.functional.cross_entropy(net.train()(images), targets[rows]).backward()
            optimizer.step()
            schedule.step()
    scores = Teacher(net).scores(x_test)
    torch.save(net.eval(), out)
    print(f"{kind}: {(scores.argmax(1) == y_test).mean():.2%} of the test images, saved {out}")


def students(path: Path, options: argparse.Namespace) -> None:
    """The four students of a teacher, a line each."""
    teacher = load_network(path)
    x, y, x_test, y_test = gg.data.load("mnist-1bit")
    for seed in range(options.seeds):
        asked = LayerOptions(
            levels=options.levels, depth=options.depth, head=options.head, steps=options.steps,
            finetune=options.finetune, seed=seed,
        )  # fmt: skip
        for name, model, seconds in _made(teacher, x, y, asked):
            accuracy = (model.predict(x_test) == y_test).mean()
            gates = live_gates(model.circuit)
            print(f"{name}, seed {seed}: {accuracy:.2%}, {gates:,} gates, {seconds:.0f} s")


def _made(
    teacher: nn.Module, x: NDArray, y: NDArray, asked: LayerOptions
) -> Iterator[tuple[str, gg.Model, float]]:
    fresh = None
    for name, finetune in (("layer by layer", 0), ("layer by layer, fine-tuned", asked.finetune)):
        started = perf_counter()
        found = distill.layer_by_layer(
            teacher, x, y, options=replace(asked, finetune=finetune), on_stage=print
        )
        yield name, found.model, perf_counter() - started
        fresh = found.net
    stages = len(found.stages) - 1
    steps = stages * asked.steps + asked.finetune
    for name, weight in (("from scratch, labels", 0.0), ("from scratch, soft targets", 0.5)):
        started = perf_counter()
        _forget(fresh, asked.seed)
        gg.train.fit(
            fresh, x, y, teacher=teacher, distill_weight=weight, steps=steps, seed=asked.seed
        )
        yield name, gg.discretize(fresh).optimize(), perf_counter() - started


def _forget(net: nn.Module, seed: int) -> None:
    """The same layers and wires, with weights as before any training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            drawn = torch.randn(weight.shape, generator=generator)
            weight.copy_(torch.zeros_like(weight) if name.endswith("logits") else drawn)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="what", required=True)
    verbs.add_parser("exact").add_argument("--data", default="adult")
    teacher = verbs.add_parser("teacher")
    teacher.add_argument("kind", choices=("cnn", "mlp"))
    teacher.add_argument("--out", type=Path, required=True)
    teacher.add_argument("--epochs", type=int, default=20)
    mnist = verbs.add_parser("mnist")
    mnist.add_argument("teacher", type=Path)
    numbers = {"steps": 4000, "finetune": 20000, "levels": 1, "depth": 4, "head": 2000, "seeds": 3}
    for name, number in numbers.items():
        mnist.add_argument(f"--{name}", type=int, default=number)
    return parser.parse_args()


if __name__ == "__main__":
    main()
