"""The teachers of `benchmarks.distill`: small networks that a core trains in minutes."""

from dataclasses import dataclass
from pathlib import Path
from time import process_time

import torch
from torch import nn

import gategrad as gg
from gategrad.records import machine_kind
from gategrad.records.journal import append_line, read_lines
from gategrad.teachers import Teacher
from gategrad.train import Warp

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "studies" / "distill.jsonl"
WORK = ROOT / "build" / "distill"
VERSION = 1
BATCH = 128


@dataclass(frozen=True)
class Kind:
    """Data, warps and epochs of a teacher."""

    data: str
    warp: Warp
    epochs: int
    lr: float = 0.004


KINDS = {
    "mlp": Kind("mnist-1bit", Warp((1, 28, 28), share=0.5), 20),
    "cnn": Kind("mnist-1bit", Warp((1, 28, 28), share=0.8), 20),
    "cifar": Kind("cifar-10", Warp((3, 32, 32), 0, 0, 0, 0, flip=True, crop=2), 14),
}


def _conv(n_in: int, n_out: int, size: int, stride: int) -> list[nn.Module]:
    conv = nn.Conv2d(n_in, n_out, size, stride, size // 2, bias=False)
    return [conv, nn.BatchNorm2d(n_out), nn.ReLU()]


def _mlp() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(784, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(256, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def _cnn() -> nn.Sequential:
    """Strides in the place of pooling, so that few positions are computed."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)), *_conv(1, 24, 5, 2), *_conv(24, 48, 3, 2),
        *_conv(48, 96, 3, 2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(1536, 10),
    )  # fmt: skip


def _cifar() -> nn.Sequential:
    """Takes bytes as they are: the first norm is the preprocessing."""
    return nn.Sequential(
        nn.Unflatten(1, (3, 32, 32)), nn.BatchNorm2d(3), *_conv(3, 48, 3, 2), *_conv(48, 96, 3, 1),
        nn.MaxPool2d(2), *_conv(96, 128, 3, 1), nn.MaxPool2d(2), *_conv(128, 192, 3, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(192, 10),
    )  # fmt: skip


NETWORKS = {"mlp": _mlp, "cnn": _cnn, "cifar": _cifar}


def train_teacher(name: str, epochs: int | None = None) -> None:
    """Train a teacher on warped images, save it whole, and record what it reaches."""
    kind, started = KINDS[name], process_time()
    x, y, x_test, y_test = gg.data.load(kind.data)
    torch.manual_seed(0)
    net, targets = NETWORKS[name](), torch.from_numpy(y).long()
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(net.parameters(), kind.lr, weight_decay=0.01)
    epochs = epochs or kind.epochs
    a_pass = len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, kind.lr, total_steps=epochs * a_pass)
    for epoch in range(epochs):
        for rows in torch.randperm(len(x), generator=generator).split(BATCH)[:a_pass]:
            images = torch.from_numpy(kind.warp(x[rows.numpy()], generator)).float()
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net.train()(images), targets[rows])
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"{name}: epoch {epoch + 1}, loss {loss.item():.3f}", flush=True)
    scores = Teacher(net.eval()).scores(x_test)
    WORK.mkdir(parents=True, exist_ok=True)
    torch.save(net, WORK / f"{name}.pt")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    found = {"version": VERSION, "what": "teacher", "teacher": name, "data": kind.data}
    found |= {"test": float((scores.argmax(1) == y_test).mean()), "epochs": epochs}
    found |= {"weights": sum(p.numel() for p in net.parameters())}
    found |= {"seconds": round(process_time() - started, 1), "machine": machine_kind()}
    append_line(OUT, found | {"gategrad": gg.__version__})
    print(f"{name}: {found['test']:.2%} of the test images, {found['seconds']:.0f} s", flush=True)


def taught_by(name: str) -> float:
    """The accuracy of the teacher's file, by its record."""
    for values in reversed(read_all()):
        if values["what"] == "teacher" and values["teacher"] == name:
            return values["test"]
    raise SystemExit(f"train it first: python -m benchmarks.distill teacher {name}")


def read_all() -> list[dict]:
    """All records."""
    return [values for _, values in read_lines(OUT)] if OUT.exists() else []
