"""The students of `benchmarks.distill`, and others of the same layers beside them."""

from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import torch
from torch import nn

import gategrad as gg
from benchmarks.distill_teachers import OUT, VERSION, WORK, read_all, taught_by
from benchmarks.recipes import DENSE_CIFAR
from gategrad import train
from gategrad.circuit import live_gates
from gategrad.cli.encoders import choose_encoder
from gategrad.cli.sources import load_source
from gategrad.distill import Distilled, Gates, LayerOptions, layer_by_layer
from gategrad.records import machine_kind
from gategrad.records.journal import append_line
from gategrad.teachers import Teacher, load_network
from gategrad.train import Warp

HELD = 5_000
WARP = Warp((1, 28, 28), share=0.5)
LAYERED, TUNED = "layer by layer", "layer by layer, fine-tuned"
LABELS, SOFT = "from scratch, labels", "from scratch, labels and teacher"
NAMES = (LABELS, SOFT, LAYERED, TUNED)
ALONE, TAUGHT = "labels", "labels and teacher"
# Steps of CIFAR-10's dense network, a sixth of its recipe's.
CIFAR_STEPS = 10_000
_STRAIGHT = Gates(estimator="straight-through")


@dataclass(frozen=True)
class Student:
    """How a teacher is cut and converted, and steps end to end."""

    finetune: int
    cuts: tuple[int, ...] | None = None
    asked: dict[str, object] = field(default_factory=dict)

    def options(self, seed: int) -> LayerOptions:
        """Of all stages before the end."""
        same = {"levels": 1, "level_steps": 500, "depth": 1, "candidates": 16, "finetune": 0}
        more = {"gates": _STRAIGHT, "validation": HELD, "seed": seed, "threads": 1}
        return LayerOptions(**(same | self.asked | more))

    def settings(self) -> dict[str, object]:
        """Plain values that tell one student from another."""
        lists = {k: list(v) if isinstance(v, tuple) else v for k, v in self.asked.items()}
        cuts = None if self.cuts is None else list(self.cuts)
        return lists | {"finetune": self.finetune, "cuts": cuts}


STUDENTS = {
    "mlp": Student(20_000, None, {"trees": 32, "head": 8_000, "tau": 15.0, "steps": 2_000}),
    # Cut behind the second and the third convolution.
    "cnn": Student(50_000, (7, 10), {"trees": (6, 8), "head": 16_000, "tau": 25.0, "steps": 3_000}),
}


def students(name: str, seed: int) -> None:
    """The four students of a teacher, those that are not recorded yet."""
    made = _Made(name, STUDENTS[name], seed)
    if all(map(made.recorded, NAMES)):
        print(f"{name}, seed {seed}: recorded already", flush=True)
        return
    teacher = load_network(WORK / f"{name}.pt")
    x, y, *_ = gg.data.load("mnist-1bit")
    started = perf_counter()
    found = layer_by_layer(
        teacher, x, y, cuts=made.student.cuts, options=made.student.options(seed), on_stage=print
    )
    seconds, first = perf_counter() - started, len(found.stages) * made.student.asked["steps"]
    if not made.recorded(LAYERED):
        made.keep(LAYERED, found.model, held=found.result.hard, seconds=seconds, steps=first,
                  stages=_stages(found))  # fmt: skip
    steps = made.student.finetune
    made.trained(TUNED, found.net, teacher, steps=steps, before=(seconds, first))
    _forget(found.net, seed)
    made.trained(SOFT, found.net, teacher, steps=first + steps)
    _forget(found.net, seed)
    made.trained(LABELS, found.net, None, steps=first + steps)


def taught_and_not(seed: int) -> None:
    """CIFAR-10's dense network by labels alone and by a teacher, for the same steps."""
    source = load_source("cifar-10")
    recipe = train.preset("plain", "cifar-10", **DENSE_CIFAR | {"steps": CIFAR_STEPS})
    encoder = choose_encoder(
        source, bits=recipe.thermometer, spacing=recipe.spacing, missing=recipe.missing
    )
    made = _Made("cifar", Student(CIFAR_STEPS), seed)
    teacher = load_network(WORK / "cifar.pt")
    for name, of in ((ALONE, recipe), (TAUGHT, recipe.but(teacher=Teacher(teacher)))):
        if made.recorded(name):
            continue
        started, checkpoint = perf_counter(), made.checkpoint(name)
        net, result = train.fit_recipe(
            of, source.x_train, source.y_train, classes=10, image_shape=source.image_shape,
            encoder=encoder, validation=HELD, seed=seed, checkpoint=checkpoint,
            resume=checkpoint.exists(), threads=1, progress=_say,
        )  # fmt: skip
        model = gg.discretize(net, encoder=encoder).optimize()
        made.keep(name, model, held=result.hard, seconds=perf_counter() - started,
                  steps=result.steps)  # fmt: skip


@dataclass(frozen=True)
class _Made:
    """What there is of a teacher's students of one seed."""

    teacher: str
    student: Student
    seed: int

    def recorded(self, name: str) -> bool:
        """Whether it is, with the settings of today."""
        mine = {"teacher": self.teacher, "name": name, "seed": self.seed}
        mine |= {"settings": self.student.settings()}
        return any(all(r.get(k) == v for k, v in mine.items()) for r in read_all())

    def checkpoint(self, name: str) -> Path:
        """Of a training that may be interrupted."""
        words = name.replace(",", "").replace(" ", "-")
        return WORK / f"{self.teacher}-{words}-{self.seed}.pt"

    def trained(
        self,
        name: str,
        net: nn.Module,
        teacher: nn.Module | None,
        *,
        steps: int,
        before: tuple[float, int] = (0.0, 0),
    ) -> None:
        """Train all layers by labels, and by a teacher if there is one; record it."""
        if self.recorded(name):
            return
        x, y, *_ = gg.data.load("mnist-1bit")
        checkpoint = self.checkpoint(name)
        result = train.fit(
            net, x, y, validation=HELD, transform=WARP, optimizer="adamw", lr=0.03, wiring_lr=0.03,
            teacher=None if teacher is None else Teacher(teacher), steps=steps, seed=self.seed,
            checkpoint=checkpoint, resume=checkpoint.exists(), threads=1, progress=_say,
        )  # fmt: skip
        model = gg.discretize(net).optimize()
        seconds = result.seconds + before[0]
        self.keep(name, model, held=result.hard, seconds=seconds, steps=steps + before[1])
        checkpoint.unlink()

    def keep(
        self,
        name: str,
        model: gg.Model,
        *,
        held: float,
        seconds: float,
        steps: int,
        stages: list[dict] | None = None,
    ) -> None:
        """Look at the test rows, once, and append a record."""
        *_, x_test, y_test = gg.data.load("cifar-10" if self.teacher == "cifar" else "mnist-1bit")
        found = {"version": VERSION, "what": "student", "teacher": self.teacher, "name": name}
        found |= {"teacher_test": taught_by(self.teacher), "seed": self.seed}
        found |= {"test": float((model.program().labels(x_test) == y_test).mean()), "held": held}
        found |= {"gates": live_gates(model.circuit), "seconds": round(seconds, 1), "steps": steps}
        found |= {"stages": stages or [], "settings": self.student.settings(), "threads": 1}
        found |= {"machine": machine_kind(), "gategrad": gg.__version__}
        append_line(OUT, found | {"torch": torch.__version__.partition("+")[0]})
        model.save(self.checkpoint(name).with_suffix(".gg"))
        print(f"{self.teacher}, {name}, seed {self.seed}: {found['test']:.2%}, "
              f"{found['gates']:,} gates, {seconds:.0f} s", flush=True)  # fmt: skip


def _stages(found: Distilled) -> list[dict]:
    keys = ("name", "agreement", "constant", "coded", "accuracy", "bits", "gates", "seconds")
    return [{k: getattr(stage, k) for k in keys} for stage in found.stages]


def _say(evaluation: train.Evaluation) -> None:
    print(f"step {evaluation.step}: hard {evaluation.hard:.4f}, soft {evaluation.soft:.4f}",
          flush=True)  # fmt: skip


def _forget(net: nn.Module, seed: int) -> None:
    """The same layers and candidate wires, with weights as before any training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            drawn = torch.randn(weight.shape, generator=generator)
            weight.copy_(torch.zeros_like(weight) if name.endswith("logits") else drawn)
