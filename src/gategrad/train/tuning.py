"""`fine_tune`: the gates of a model, such as a forest's, go on learning."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.harden import discretize
from gategrad.model import Model
from gategrad.model.calibration import classes_of
from gategrad.nn import from_circuit
from gategrad.train.errors import TrainError
from gategrad.train.fit import fit
from gategrad.train.progress import Choice
from gategrad.train.rows import Validation
from gategrad.train.weights import ClassWeight


def fine_tune(
    model: Model,
    x: ArrayLike,
    y: ArrayLike,
    *,
    steps: int = 200,
    lr: float = 0.02,
    strength: float = 0.9,
    validation: Validation = 0.2,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Choice = True,
) -> Model:
    """Train the gates of a model on rows and give the circuit that they become.

    Wiring, encoder and readout stay, and the first evaluation is that of the model as it is, so
    that on the rows held back the result is not worse. A gate begins near its function, by a table
    that learns. Of a forest (`gategrad.from_trees`) gates that say which leaf a row reaches learn
    to say something better, and many become constants: the circuit gets smaller. A model without
    gates stays as it is.

    Args:
        model: of classes or numbers, whose scores are log odds, or the numbers.
        x: (n, features) rows as `model.predict` takes them.
        y: (n,) labels as `model.predict` gives them, or (n, outputs) numbers.
        steps: to train, of 128 rows.
        lr: learning rate of Adam.
        strength: how sure each gate is of its table at the start, in (0.5, 1).
        validation: rows held back to choose on, as for `fit`; best those that the forest has not
            learned, as `(x, y)`.
        sample_weight: as for `fit`.
        class_weight: as for `fit`.
        seed: of rows held back and their order.
        threads: for torch and the engine.
        progress: a bar on stderr, or as for `fit`.

    Returns:
        The model with its encoder and labels, optimized.

    Raises:
        TrainError: several labels a row, scores that `check_log_odds` refuses, or what `fit`
            refuses.
        ModelError: labels that the model doesn't have.
    """
    if model.readout.kind == "multilabel":
        raise TrainError("fine_tune takes models of classes or numbers; this is a multilabel one")
    check_log_odds(model)
    if not model.circuit.n_gates:
        return model
    net = from_circuit(
        model, parametrization="light", estimator="straight-through", strength=strength
    )
    if isinstance(validation, tuple):
        held_x, held_y = validation
        validation = _bits(model, held_x), _targets(model, held_y)
    fit(
        net,
        _bits(model, x),
        _targets(model, y),
        validation=validation,
        sample_weight=sample_weight,
        class_weight=class_weight,
        steps=steps,
        lr=lr,
        seed=seed,
        threads=threads,
        progress=progress,
    )
    tuned = discretize(net)
    found = replace(model, circuit=tuned.circuit, readout=tuned.readout, convolution=None)
    return found.optimize()


def check_log_odds(model: Model) -> None:
    """Refuse a forest whose scores are no logits of the loss.

    Raises:
        TrainError: scores are shares, or log odds of each of several classes on its own.
    """
    link = (model.meta or {}).get("link")
    if link == "share":
        raise TrainError(
            "the model's scores are shares of a forest's trees, and the loss needs log odds; take "
            "boosted trees, such as HistGradientBoostingClassifier"
        )
    if link == "logistic" and model.readout.kind == "argmax":
        raise TrainError(
            "the model's scores are log odds of each class on its own, and the loss is that of one "
            'among all; train the forest with the objective of that, such as "multiclass"'
        )


def _bits(model: Model, x: ArrayLike) -> NDArray[np.bool_]:
    return np.asarray(x, bool) if model.encoder is None else model.encoder.encode(x)


def _targets(model: Model, y: ArrayLike) -> NDArray:
    if model.readout.kind == "regression":
        return np.asarray(y, np.float64).reshape(-1, model.readout.n_classes)
    return classes_of(model, y, None)[0]
