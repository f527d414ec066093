"""`LogicClassifier`: a classifier whose fitted form is a Boolean circuit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from gategrad.model import (
    THRESHOLD_METRICS,
    Model,
    calibrated,
    chosen_threshold,
    with_threshold,
)
from gategrad.sklearn.base import LogicBase, categories_of
from gategrad.sklearn.fitting import Fitting
from gategrad.sklearn.task import Task


class LogicClassifier(ClassifierMixin, LogicBase):
    """Learn a circuit of logic gates that tells classes apart.

    Columns of numbers become bits by thresholds, columns of text by their categories; layers of
    gates that choose their wires are trained on the bits; the circuit that is left is the model.
    A row of weight 2 is that row twice.

    Args:
        members: what the circuit may be made of, one or several of "network", gates that are
            trained; "forest", 100 extremely randomized trees; "boosted", 100 trees one after
            another, for at most three classes; "linear", weights of thresholds and categories; and
            "tuned", 20 boosted trees whose gates are trained on. Those that pay are weighed by rows
            that they were not trained on, and their scores added: one model. "auto" is all but
            "tuned" where 30 rows or more and neither `layers`, `steps`, `gate_penalty`, `options`,
            `folds` nor `warm_start` say what to train, else the network.
        layers: gates a layer, such as "200x2" or (300, 200); what suits the rows where None. The
            last width grows until the classes divide it.
        bits: thresholds a column of numbers for the network; the other members have four times
            as many.
        steps: to train; what suits the rows where None.
        gate_penalty: weight of the share of live gates in the loss, for small circuits.
        folds: parts of the rows by which members are weighed, or recipes of a network alone and
            the constant answer compared, each on the rows that it was not trained on; what is
            taken is trained on all rows. "auto" weighs by 3 parts, by one that is held back of
            10,000 different rows or more; and compares by 3 parts of 30 to 999 different rows
            where neither `layers`, `steps`, `gate_penalty` nor `options` say what to train. 0
            compares none.
        options: further ones of `gategrad.train.Recipe`, such as `{"inputs": 4, "parametrization":
            "light"}`.
        categorical: columns of numbers that are categories, by place or name; "auto": those of a
            DataFrame that have such a dtype. Text always is.
        missing: what a missing value becomes: "indicator", a bit of its own; "most-frequent", that
            value of the column; "zero", all bits 0; or "error".
        class_weight: "balanced", by which all classes weigh the same; or what each counts, by
            label, others 1. Labels that y lacks are refused, unless each class has a weight.
        metric: what the best network is chosen by, see `gategrad.train.fit`; accuracy where None.
        calibrate: whether to hold rows back and set the temperature of the probabilities on them,
            by which they are as sure as they are right; decisions stay.
        threshold: of two classes, the probability of the second above which `predict` says it,
            0.5 where None; or the metric by which to choose it on rows held back, "accuracy",
            "balanced-accuracy" or "f1" of the second class.
        early_stopping: whether to hold rows back, to choose the best network on them and to stop
            when it gets no better; "auto" does with 1,000 different rows or more. Else the
            training rows choose.
        validation_fraction: how many of the rows to hold back, where anything needs some.
        n_iter_no_change: looks at them without a better network until training stops.
        n_jobs: threads; one where None, as many as there are where -1.
        random_state: of wiring, weights, order and rows held back.
        warm_start: whether `fit` goes on with the network of the last one, and its encoder.
        verbose: whether training shows how far it is.

    Attributes:
        classes_: the labels, sorted.
        threshold_: the probability of the second of two classes above which `predict` says it.
        model_: the `gategrad.Model`.
        encoder_: its `gategrad.encoding.Table`.
        result_: how the network's training went, a `gategrad.train.Result`; None without one.
        comparison_: the figure of each recipe and member on rows that it was not trained on, by
            name, of the "constant" answer and of the "ensemble"; None where none were compared.
        weights_: what the scores of each member are multiplied by, by name; None of a network
            alone.
        n_features_in_: columns.
        feature_names_in_: their names, where X had some; later rows must have the same in that
            order. `to_model().predict` takes a table's columns by name.
    """

    def __init__(
        self,
        *,
        members: str | Sequence[str] = "auto",
        layers: str | Sequence[int] | None = None,
        bits: int = 8,
        steps: int | None = None,
        gate_penalty: float = 0.0,
        folds: int | str = "auto",
        options: Mapping[str, object] | None = None,
        categorical: str | Sequence[int | str] | None = "auto",
        missing: str = "indicator",
        class_weight: str | Mapping[Any, float] | None = None,
        metric: str | None = None,
        calibrate: bool = False,
        threshold: float | str | None = None,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        n_jobs: int | None = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: bool = False,
    ) -> None:
        self.members = members
        self.layers = layers
        self.bits = bits
        self.steps = steps
        self.gate_penalty = gate_penalty
        self.folds = folds
        self.options = options
        self.categorical = categorical
        self.missing = missing
        self.class_weight = class_weight
        self.metric = metric
        self.calibrate = calibrate
        self.threshold = threshold
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train on rows (n, columns) and their labels (n,).

        Args:
            X: numbers, text, missing values; an array or a DataFrame.
            y: integers or text.
            sample_weight: (n,) what each row counts.

        Raises:
            ValueError: rows, labels or parameters that can't be trained on, fewer than two classes.
            TypeError: cells that are neither numbers nor text.
        """
        categorical = categories_of(self, X)
        x, y = validate_data(self, X, y, dtype=None, ensure_all_finite=False, ensure_min_samples=2)
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        weights = _check_sample_weight(sample_weight, x, ensure_non_negative=True)
        classes, places = np.unique(y, return_inverse=True)
        if len(np.unique(places[weights > 0])) < 2:
            raise ValueError(
                f"the rows are all of one class, {classes[0]!r}; a classifier needs two classes or "
                "more among the rows that count"
            )
        if self.warm_start and not np.array_equal(getattr(self, "classes_", classes), classes):
            raise ValueError(
                f"warm_start goes on with the classes {self.classes_}, and y has {classes}; fit a "
                "clone for others"
            )
        self._check_threshold(len(classes))
        self.classes_ = classes
        task = Task(
            "argmax",
            places.astype(np.int64),
            len(classes),
            _labels(classes),
            self._class_weight(),
            self.metric,
        )
        self._train(x, task, weights, categorical)
        return self

    def predict(self, X: ArrayLike) -> NDArray:
        """The label (n,) of each row; of equal sums the first class's."""
        x = self._rows(X)
        return self.classes_[self._program().labels(x, threads=self._threads())]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The softmax (n, classes) of the scores, in the order of `classes_`."""
        x = self._rows(X)
        return self.model_.probabilities(x, threads=self._threads())

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The logarithm of `predict_proba`."""
        return np.log(self.predict_proba(X))

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """The scores (n, classes); of two classes (n,), the second's less the first's.

        Less the log odds of `threshold_` too: above 0 where `predict` says the second.
        """
        x = self._rows(X)
        scores = self.model_.scores(x, threads=self._threads()).astype(np.float64)
        if len(self.classes_) != 2:
            return scores
        return scores[:, 1] - scores[:, 0] - log(self.threshold_ / (1 - self.threshold_))

    def _needs_held_rows(self) -> bool:
        return bool(self.calibrate) or isinstance(self.threshold, str)

    def _decided(self, model: Model, fitting: Fitting) -> Model:
        """The model with its temperature and its threshold."""
        bare, self.threshold_ = replace(model, encoder=None, labels=None), 0.5
        if self._needs_held_rows():
            held = fitting.held(self.validation_fraction)
            rows = fitting.bits[held], fitting.task.targets[held]
            weights = fitting.weights[held]
            if self.calibrate:
                bare = calibrated(bare, *rows, sample_weight=weights)
            if isinstance(self.threshold, str):
                self.threshold_ = chosen_threshold(
                    bare, *rows, metric=self.threshold, sample_weight=weights
                )
        if isinstance(self.threshold, float):
            self.threshold_ = self.threshold
        if self.threshold_ != 0.5:
            bare = with_threshold(bare, self.threshold_)
        return replace(model, readout=bare.readout)

    def _check_threshold(self, n_classes: int) -> None:
        """Before a training that would be lost."""
        given = self.threshold
        if given is None:
            return
        if isinstance(given, str):
            known = given in THRESHOLD_METRICS
        else:
            known = isinstance(given, float) and 0 < given < 1
        if not known:
            raise ValueError(
                f"threshold is {given!r}; expected None, a probability above 0 and below 1, or one "
                f"of {', '.join(THRESHOLD_METRICS)}"
            )
        if n_classes != 2:
            raise ValueError(f"threshold is for two classes; y has {n_classes}")

    def _class_weight(self) -> Mapping[int, float] | str | None:
        if self.class_weight is None or isinstance(self.class_weight, str):
            return self.class_weight
        places = {label: place for place, label in enumerate(self.classes_.tolist())}
        unknown = [label for label in self.class_weight if label not in places]
        # Where each class has a weight, those of others are of classes that a fold lacks.
        if unknown and len(self.class_weight) - len(unknown) < len(places):
            raise ValueError(
                f"class_weight has a weight for {unknown[0]!r}, which is no class of y; the "
                f"classes are {', '.join(map(repr, places))}"
            )
        return {
            places[label]: weight for label, weight in self.class_weight.items() if label in places
        }


def _labels(classes: NDArray) -> list[int] | list[str]:
    """The classes as a model keeps them: integers where they are, else text."""
    if classes.dtype.kind in "iu":
        return [int(label) for label in classes]
    return [str(label) for label in classes.tolist()]
