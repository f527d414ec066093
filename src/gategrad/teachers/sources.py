"""Scores of whatever has some: modules, estimators, forests, models, functions and arrays."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gategrad.model import Model
from gategrad.teachers.errors import TeacherError, not_taken
from gategrad.trees import from_trees

KNOWN = (
    "a torch module, an estimator with predict_proba or decision_function, a Booster, a "
    "gategrad.Model, a function of rows, the path of a file, or an array of soft targets"
)
# Of a leaf's value in a forest: scores then differ by less than float32 can tell.
LEAF_BITS = 24


@dataclass(frozen=True, eq=False)
class Source:
    """What was read.

    Attributes:
        scores: from rows to scores, one or k numbers a row; None of an array.
        content: bytes that tell this source from others, or None.
        gives: what its numbers are, where that is known.
        array: soft targets (n, k), where that is all.
        labels: names of its classes, in the order of the scores, where it has some.
    """

    scores: Callable[[Any], Any] | None
    content: Callable[[], bytes | None]
    gives: str | None = None
    array: NDArray | None = None
    labels: tuple | None = None


def source_of(given: Any) -> Source:
    """Read an object.

    Raises:
        TeacherError: it gives no scores.
        TreesError: a Booster that can't be expressed.
    """
    if isinstance(given, nn.Module):
        return of_module(given)
    if isinstance(given, Model):
        return of_model(given)
    if isinstance(given, (np.ndarray, Tensor, list)):
        return of_array(given)
    if hasattr(given, "predict_proba"):
        return _of_estimator(given, given.predict_proba, "probabilities")
    libraries = {cls.__module__.split(".")[0] for cls in type(given).__mro__}
    if libraries & {"lightgbm", "xgboost"} and not hasattr(given, "fit"):
        return of_model(from_trees(given, bits=LEAF_BITS))
    if hasattr(given, "decision_function"):
        return _of_estimator(given, given.decision_function, "logits")
    if hasattr(given, "predict") and hasattr(given, "classes_"):
        raise TeacherError(
            f"the teacher, a {type(given).__name__}, gives labels, no scores; give one with "
            "predict_proba"
        )
    if hasattr(given, "predict"):
        return _of_estimator(given, given.predict, "logits")
    if callable(given):
        return Source(given, lambda: None)
    raise TeacherError(f"teacher is a {type(given).__name__}; expected {KNOWN}")


def of_module(module: nn.Module) -> Source:
    """A module in `.eval()` without gradients, whatever mode it is in otherwise."""

    def scores(x: Any) -> Tensor:
        with in_eval(module), torch.no_grad():
            try:
                found = module(_tensor_for(module, x))
            except torch.cuda.OutOfMemoryError:  # of as many rows, not of their kind
                raise
            except (RuntimeError, TypeError, ValueError, IndexError) as error:
                raise not_taken(x, error) from error
        if not isinstance(found, Tensor):
            raise TeacherError(
                f"the teacher's module gave a {type(found).__name__}; expected one tensor of "
                "scores: wrap it in a function of rows that gives them"
            )
        return found

    return Source(scores, lambda: _digest(module))


@contextmanager
def in_eval(module: nn.Module) -> Iterator[None]:
    """`.eval()` while the context lasts; what `torch.jit.freeze` made has no modes."""
    modes = [(part, part.training) for part in module.modules() if hasattr(part, "training")]
    try:
        if modes:
            module.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training


def _tensor_for(module: nn.Module, x: Any) -> Tensor:
    tensor = x if isinstance(x, Tensor) else torch.from_numpy(np.ascontiguousarray(x))
    first = next(module.parameters(), torch.zeros(()))
    return tensor.to(first.device, first.dtype)


def as_array(given: Any) -> NDArray:
    """Numbers as an array; numpy has no bfloat16, which becomes float32."""
    if not isinstance(given, Tensor):
        return np.asarray(given)
    plain = given.detach().cpu()
    return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()


def of_model(model: Model) -> Source:
    """The scores of a circuit; of a forest of shares their probabilities."""
    shares = (model.meta or {}).get("link") == "share"
    scores = model.probabilities if shares else model.scores
    gives = "probabilities" if shares else "logits"
    return Source(scores, lambda: sha256(model.to_bytes()).digest(), gives, labels=model.labels)


def of_array(given: Any) -> Source:
    """Soft targets."""
    array = as_array(given)
    if array.ndim not in (1, 2) or array.dtype.kind not in "biuf":
        raise TeacherError(
            f"the soft targets are {array.dtype} of shape {array.shape}; expected (n, classes) "
            "numbers, a row for each row of x"
        )
    array = array.reshape(len(array), -1)
    return Source(None, lambda: sha256(np.ascontiguousarray(array)).digest(), array=array)


def _of_estimator(given: Any, scores: Callable[[Any], Any], gives: str) -> Source:
    labels = getattr(given, "classes_", None)
    names = tuple(labels.tolist()) if isinstance(labels, np.ndarray) else None

    def found(x: Any) -> Any:
        said = scores(x)
        # Of several labels scikit-learn's forests give a list.
        if isinstance(said, list):
            said = _of_labels(said, getattr(given, "classes_", [(0, 1)] * len(said)))
        return said

    return Source(found, lambda: _pickled(given), gives, labels=names)


def _of_labels(said: list[Any], classes: list[Any]) -> NDArray:
    """The probability of 1 of each label; rows to train on may have had one of its classes."""
    for label, own in enumerate(map(np.asarray, classes)):
        if own.dtype.kind not in "biuf" or not np.isin(own, (0, 1)).all():
            raise TeacherError(
                f"the teacher's classes of label {label} are {own.tolist()}; expected 0 and 1 for "
                "each label"
            )
    pairs = zip(said, classes, strict=True)
    return np.stack([np.asarray(p) @ (np.asarray(own) == 1) for p, own in pairs], axis=1)


def _digest(module: nn.Module) -> bytes:
    digest = sha256(repr(module).encode())
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        if isinstance(value, Tensor):
            plain = value.detach().cpu().contiguous().reshape(-1)
            digest.update(plain.view(torch.uint8).numpy())
    return digest.digest()


def _pickled(given: Any) -> bytes | None:
    """By its pickle, which is written here and never read."""
    with suppress(Exception):  # whatever a stranger's object raises when it is pickled
        return sha256(pickle.dumps(given)).digest()
    return None
