"""`LogicRegressor`: a regressor whose fitted form is a Boolean circuit."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from gategrad.sklearn.base import LogicBase, categories_of
from gategrad.sklearn.task import Task


class LogicRegressor(MultiOutputMixin, RegressorMixin, LogicBase):
    """Learn a circuit of logic gates whose sums are numbers.

    A prediction is the smallest target plus as many equal steps as outputs of its group are 1, so
    predictions stay within the range of the targets, and a last layer of 200 gates has 201 values.

    Args:
        members: what the circuit may be made of, one or several of "network", gates that are
            trained; "forest", 100 extremely randomized trees; "boosted", 100 trees one after
            another, for at most three classes; "linear", weights of thresholds and categories; and
            "tuned", 20 boosted trees whose gates are trained on. Those that pay are weighed by rows
            that they were not trained on, and their scores added: one model. "auto" is all but
            "tuned" where 30 rows or more and neither `layers`, `steps`, `gate_penalty`, `options`,
            `folds` nor `warm_start` say what to train, else the network.
        layers: gates a layer, such as "200x2" or (300, 200); what suits the rows where None. The
            last width grows until the outputs divide it.
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
        options: further ones of `gategrad.train.Recipe`, such as `{"loss": "mae"}`.
        categorical: columns of numbers that are categories, by place or name; "auto": those of a
            DataFrame that have such a dtype. Text always is.
        missing: what a missing value becomes: "indicator", a bit of its own; "most-frequent", that
            value of the column; "zero", all bits 0; or "error".
        early_stopping: whether to hold rows back, to choose the best network on them and to stop
            when it gets no better; "auto" does with 1,000 different rows or more. Else the
            training rows choose.
        validation_fraction: how many of the rows to hold back.
        n_iter_no_change: looks at them without a better network until training stops.
        n_jobs: threads; one where None, as many as there are where -1.
        random_state: of wiring, weights, order and rows held back.
        warm_start: whether `fit` goes on with the network of the last one, and its encoder.
        verbose: whether training shows how far it is.

    Attributes:
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
        """Train on rows (n, columns) and numbers (n,) or (n, outputs).

        Args:
            X: numbers, text, missing values; an array or a DataFrame.
            y: numbers, not all the same.
            sample_weight: (n,) what each row counts.

        Raises:
            ValueError: rows, targets or parameters that can't be trained on.
            TypeError: cells that are neither numbers nor text.
        """
        categorical = categories_of(self, X)
        x, y = validate_data(
            self,
            X,
            y,
            dtype=None,
            ensure_all_finite=False,
            ensure_min_samples=2,
            multi_output=True,
            y_numeric=True,
        )
        weights = _check_sample_weight(sample_weight, x, ensure_non_negative=True)
        targets = np.asarray(y, np.float64).reshape(len(y), -1)
        self._flat = y.ndim == 1
        task = Task("regression", targets, targets.shape[1])
        self._train(x, task, weights, categorical)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The number of each row, (n,) or (n, outputs) as the targets were."""
        x = self._rows(X)
        found = self.model_.scores(x, threads=self._threads()).astype(np.float64)
        return column_or_1d(found) if self._flat else found
