"""A data set of Ray with predictions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gategrad.files import TablePredictor
from gategrad.model import Model
from gategrad.ray.predictor import Predictor, require_ray

if TYPE_CHECKING:
    import ray.data


def predict(
    rows: "ray.data.Dataset",
    model: Model,
    *,
    workers: int | None = None,
    keep: Sequence[str] | None = None,
    scores: bool = False,
    probabilities: bool = False,
    unknown: str = "zero",
) -> "ray.data.Dataset":
    """The rows with what `model` says of each; computed as the result is written or read.

    The model goes to Ray's store of objects once, whatever the number of workers. A block of rows
    is in memory at a time in each of them. A worker that dies is replaced, and its block predicted
    again.

    Args:
        rows: such as `ray.data.read_parquet(folder)`; columns as `gategrad.files.predict` takes
            them.
        model: decides.
        workers: the most processes, of one core each; as many as the cluster has cores where None.
            Ray starts with one, and leaves cores to whatever reads and writes.
        keep: columns to hand on beside the values, in this order; all where None.
        scores: give `Model.scores` instead of labels, a column a class.
        probabilities: give `Model.probabilities` instead.
        unknown: what rows with categories that the model doesn't know are: "zero" or an "error".

    Raises:
        FileError: no Ray; options that contradict each other.
        ValueError: `workers` below 1.
    """
    ray = require_ray()
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}; expected at least 1, or None")
    # What is wrong with the options is said here rather than by a worker.
    TablePredictor(model, keep=keep, scores=scores, probabilities=probabilities, unknown=unknown)
    most = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    return rows.map_batches(
        Predictor,
        fn_constructor_args=(ray.put(model),),
        fn_constructor_kwargs={
            "keep": keep,
            "scores": scores,
            "probabilities": probabilities,
            "unknown": unknown,
        },
        batch_format="pyarrow",
        batch_size=None,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
    )
