"""From a trained network to the saved model and its figures. Imports torch."""

import secrets
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gategrad import discretize, train
from gategrad.circuit import live_gates
from gategrad.circuit.figures import figure, rmse, subset_accuracy
from gategrad.cli.deciding import Deciding
from gategrad.cli.errors import CommandError
from gategrad.cli.measured import as_json, constant, of_classes, of_labels
from gategrad.cli.sources import Source, few
from gategrad.encoding import Encoder
from gategrad.engine.cores import usable_cores
from gategrad.model import Model, ModelFileError
from gategrad.teachers import Teacher
from gategrad.train.recipes import recipe_layers
from gategrad.train.targets import check_range


@dataclass(frozen=True)
class Outcome:
    """A trained model.

    Attributes:
        model: optimized, as saved.
        gates_before: live gates of the circuit before it was optimized.
        soft: the figure of the relaxed network, on the test rows; see `gategrad.circuit.figures`.
        hard: that of the model.
        correct: the test rows that the model gets right, (n,) bool; or labels, (n, k).
        more: figures by their names in JSON: what a constant answer gets; recall, F1 and rows of
            each class or label; `subset_accuracy` of labels, `rmse` of numbers.
    """

    model: Model
    gates_before: int
    soft: float
    hard: float
    correct: NDArray[np.bool_]
    more: Mapping[str, object]

    @property
    def kind(self) -> str:
        """Of the head."""
        return self.model.readout.kind

    @property
    def soft_accuracy(self) -> float:
        """`soft` of a classifier."""
        return self.soft

    @property
    def hard_accuracy(self) -> float:
        """`hard` of a classifier."""
        return self.hard

    def figures(self) -> dict[str, object]:
        """Both figures, and more, by their names in JSON."""
        name = "r2" if self.kind == "regression" else "accuracy"
        return {f"hard_{name}": self.hard, f"soft_{name}": self.soft, **self.more}

    @property
    def gates(self) -> int:
        """Live gates."""
        return live_gates(self.model.circuit)


def follow(
    recipe: train.Recipe,
    source: Source,
    encoder: Encoder | None,
    *,
    validation: int | float | None,
    seed: int,
    checkpoint: Path | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: bool = True,
    callbacks: Sequence[train.Callback] = (),
) -> tuple[nn.Sequential, train.Result]:
    """`train.fit_recipe` on the training part of `source`.

    Raises:
        CommandError: options that no network can be built or trained with.
    """
    threads = threads_for(threads)
    _check_images(recipe, source)
    if source.kind == "regression":
        check_range(source.y_train, source.classes)
    if recipe.wiring_lr is not None and recipe.connections != "learned":
        raise CommandError("--wiring-lr is for --connections learned")
    if recipe.teacher is not None:
        recipe = recipe.but(teacher=_read_teacher(recipe.teacher, source))
    return train.fit_recipe(
        recipe,
        source.x_train,
        source.y_train,
        classes=source.n_scores,
        kind=source.kind,
        image_shape=source.image_shape,
        encoder=encoder,
        validation=validation,
        seed=seed,
        checkpoint=checkpoint,
        resume=resume,
        threads=threads,
        progress=progress,
        callbacks=callbacks,
    )


def threads_for(asked: int | None) -> int:
    """Threads to train with: no more than the cores that this process may use.

    Torch counts those of the machine, whatever share of them a container's quota leaves.
    """
    return min(torch.get_num_threads(), usable_cores()) if asked is None else asked


def _read_teacher(path: str, source: Source) -> Teacher:
    """The teacher in a file, once its classes are known to be those of the source."""
    teacher = Teacher(path)
    labels = teacher.read.labels
    if labels is not None and tuple(map(str, labels)) != source.classes:
        raise CommandError(
            f"the classes of the teacher {path} are {few(labels)}, those of {source.name} "
            f"{few(source.classes)}; give a teacher of the same classes in the same order"
        )
    return teacher


def _check_images(recipe: train.Recipe, source: Source) -> None:
    if source.image_shape is not None:
        return
    if recipe.connections in ("local", "structured"):
        raise CommandError(
            f"--connections {recipe.connections} is for images; say their shape by --image-shape"
        )
    if recipe.augment:
        raise CommandError("--augment warps images; say their shape by --image-shape")


def interruption(result: train.Result, out: Path) -> CommandError | None:
    """What to say, after all is done, where the user ended the training early."""
    if result.stopped != "interrupted":
        return None
    return CommandError(
        f"interrupted after {result.steps} steps; the best network so far is in {out}"
    )


def layers(recipe: train.Recipe, source: Source) -> str:
    """The widths that the recipe gives, or those that suit the data."""
    return recipe_layers(recipe, source.n_scores, source.image_shape)


def save_and_test(
    net: nn.Module,
    source: Source,
    *,
    out: Path,
    encoder: Encoder | None,
    meta: Mapping[str, str],
) -> Outcome:
    """`save`, then `test`; see there."""
    model, gates_before = save(net, source, out=out, encoder=encoder, meta=meta)
    return test(net, model, source, encoder=encoder, gates_before=gates_before)


def save(
    net: nn.Module,
    source: Source,
    *,
    out: Path,
    encoder: Encoder | None,
    meta: Mapping[str, str],
    deciding: Deciding | None = None,
) -> tuple[Model, int]:
    """Make the network's model, optimize and save it.

    Args:
        net: trained.
        source: whose classes it tells apart.
        out: where to save.
        encoder: that the network was trained with.
        meta: of the model.
        deciding: what to set on rows held back.

    Returns:
        The model, and the live gates that it had before it was optimized.

    Raises:
        CommandError: the model can't be saved there; says where it is instead.
    """
    raw = discretize(net, encoder=encoder, labels=source.labels or _labels(source.classes))
    raw = replace(raw, meta=meta)
    model = raw.optimize()
    model = model if deciding is None else deciding.apply(model, source)
    try:
        model.save(out)
    except ModelFileError as error:
        raise CommandError(f"{error}; {_kept_elsewhere(model, out)}") from error
    return model, live_gates(raw.circuit)


def _kept_elsewhere(model: Model, out: Path) -> str:
    """Save the model in another place than `out`, where the disk is full: it took long to train."""
    for folder in (Path.home(), Path(tempfile.gettempdir()), Path("/dev/shm")):
        path = folder / f"{out.stem}-{secrets.token_hex(4)}.gg"
        with suppress(ModelFileError, OSError, RuntimeError):
            model.save(path)
            return f"the trained model is in {path} instead"
    return "nor can it be saved in the home folder or that of temporary files"


def test(
    net: nn.Module, model: Model, source: Source, *, encoder: Encoder | None, gates_before: int
) -> Outcome:
    """What network and model get right of the test rows."""
    decided, targets = model.program().labels(source.x_test), source.y_test
    soft = train.soft_accuracy(net, source.x_test, targets, encoder=encoder)
    more: dict[str, object] = dict(constant(source.kind, targets))
    if source.kind == "multilabel":
        more["subset_accuracy"] = subset_accuracy(decided, targets)
        more |= as_json(source.kind, of_labels(source.classes, decided, targets))
    if source.kind in ("argmax", "binary"):
        more |= as_json(source.kind, of_classes(source.classes, decided, targets))
    if source.kind == "regression":
        more["rmse"] = rmse(decided, targets)
    hard = figure(source.kind, decided, targets)
    return Outcome(model, gates_before, soft, hard, decided == targets, more)


def _labels(classes: tuple[str, ...]) -> tuple[str, ...] | tuple[int, ...]:
    """The class names, as integers where all are."""
    if all(name.lstrip("-").isdecimal() and str(int(name)) == name for name in classes):
        return tuple(map(int, classes))
    return classes
