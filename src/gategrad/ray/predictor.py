"""What a worker of Ray calls for each batch."""

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from gategrad.files import FileError, TablePredictor
from gategrad.model import Model

if TYPE_CHECKING:
    import pyarrow
    import ray


class Predictor:
    """For `ray.data.Dataset.map_batches`, with `batch_format="pyarrow"`: Arrow in, Arrow out.

    A worker makes one of it, and takes the model from the store of objects on its machine, where
    all of its workers share it.

    Args:
        model: what `ray.put(model)` returned; or a model.
        keep: columns to hand on beside the values, in this order; all where None.
        scores: give `Model.scores` instead of labels, a column a class.
        probabilities: give `Model.probabilities` instead.
        threads: of a worker; 1 where None, which is what Ray counts for it.
        unknown: what rows with categories that the model doesn't know are: "zero" or an "error".

    Raises:
        FileError: no Ray; options that contradict each other.
        TypeError: what `model` refers to is no model.
    """

    def __init__(
        self,
        model: "Model | ray.ObjectRef",
        *,
        keep: Sequence[str] | None = None,
        scores: bool = False,
        probabilities: bool = False,
        threads: int | None = None,
        unknown: str = "zero",
    ) -> None:
        if not isinstance(model, Model):
            model = _fetched(model)
        self._predict = TablePredictor(
            model.warm_up(),
            keep=keep,
            scores=scores,
            probabilities=probabilities,
            threads=threads,
            unknown=unknown,
        )

    def __call__(self, table: "pyarrow.Table") -> "pyarrow.Table":
        """The kept columns and the values; see `gategrad.files.TablePredictor`."""
        return self._predict(table)


def require_ray() -> ModuleType:
    """The module ray.

    Raises:
        FileError: it isn't installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise FileError(
            f"gategrad.ray needs Ray, which can't be imported here ({error}): "
            "pip install 'gategrad[ray]'"
        ) from error
    return ray


def _fetched(reference: "ray.ObjectRef") -> Model:
    ray = require_ray()
    model = ray.get(reference) if isinstance(reference, ray.ObjectRef) else reference
    if not isinstance(model, Model):
        raise TypeError(
            f"expected a gategrad.Model, or what ray.put made of one; got {type(model).__name__}"
        )
    return model
