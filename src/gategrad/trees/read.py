"""A forest from whatever holds one: a file, its content, or a library's model."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from gategrad.trees import lightgbm, sklearn_trees, treelite, xgboost
from gategrad.trees.errors import TreesError
from gategrad.trees.forest import Forest

KNOWN = (
    "a LightGBM text file, Booster or estimator, an XGBoost .json or .ubj file, Booster or "
    "estimator, a fitted tree, forest or gradient boosting of scikit-learn, or a treelite.Model"
)


def read(model: Any, *, raw: bool = False) -> Forest:
    """Read a forest.

    Args:
        model: the path of a file, or a model of LightGBM, XGBoost, scikit-learn or treelite.
        raw: take scores as they are where the objective would transform them, such as a count's.

    Raises:
        TreesError: none of these, or a model that can't be expressed; says what to do.
    """
    if isinstance(model, (str, os.PathLike)):
        return _read_file(Path(model), raw)
    libraries = {cls.__module__.split(".")[0] for cls in type(model).__mro__}
    if "lightgbm" in libraries:
        return _lightgbm(model, raw)
    if "xgboost" in libraries:
        return _xgboost(model, raw)
    if "treelite" in libraries:
        return treelite.read(model, raw=raw)
    if "sklearn" in libraries:
        return sklearn_trees.read(model, raw=raw)
    raise TreesError(f"got a {type(model).__name__}; expected {KNOWN}")


def _read_file(path: Path, raw: bool) -> Forest:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TreesError(f"can't read {str(path)!r}: {error.strerror or error}") from error
    try:
        return _read_bytes(data, raw)
    except TreesError as error:
        raise TreesError(f"can't read {str(path)!r}: {error}") from error


def _read_bytes(data: bytes, raw: bool) -> Forest:
    if data.startswith(b"{"):
        return xgboost.read(data, raw=raw)
    if data.startswith(b"tree"):
        return lightgbm.read(data.decode("utf-8", "replace").replace("\r\n", "\n"), raw=raw)
    raise TreesError(
        f"it is no forest; expected {KNOWN}. A pickled model is loaded in Python and passed to "
        "gategrad.from_trees"
    )


def _lightgbm(model: Any, raw: bool) -> Forest:
    booster = model if hasattr(model, "model_to_string") else model.booster_
    return _named(lightgbm.read(booster.model_to_string(), raw=raw), model)


def _xgboost(model: Any, raw: bool) -> Forest:
    if not hasattr(model, "get_booster"):
        return xgboost.read(bytes(model.save_raw("ubj")), raw=raw)
    # Its estimators stop where validation was best, if it was looked at; a Booster by itself does
    # not.
    best = getattr(model, "best_iteration", None)
    rounds = None if best is None else best + 1
    data = bytes(model.get_booster().save_raw("ubj"))
    return _named(xgboost.read(data, raw=raw, iterations=rounds), model)


def _named(forest: Forest, model: Any) -> Forest:
    """The forest with the names of an estimator's classes."""
    classes = getattr(model, "classes_", None)
    if forest.kind == "regression" or classes is None:
        return forest
    labels = sklearn_trees.labels_of(np.asarray(classes))
    fields = {name: getattr(forest, name) for name in Forest.__dataclass_fields__}
    return Forest(**{**fields, "labels": labels})
