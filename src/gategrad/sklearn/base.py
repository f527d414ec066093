"""What both estimators do: encode, train, and keep the model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from gategrad.encoding import Table
from gategrad.engine import Program
from gategrad.engine.cores import usable_cores
from gategrad.model import Model
from gategrad.sklearn.choosing import Judge, best, compared, constant_model
from gategrad.sklearn.importances import importances
from gategrad.sklearn.rows import categorical_columns, check_cells, together
from gategrad.sklearn.task import Task

_LARGEST_SEED = 2**31 - 1
# With fewer rows, those held back would be missed more than they tell.
_ENOUGH_TO_HOLD_BACK = 1_000
# Recipes are compared where no rows are held back, and parts have some rows of their own.
_FOLDS, _FEWEST_TO_COMPARE = 3, 30


@dataclass(frozen=True)
class Fitting:
    """Rows to train on, equal ones together.

    Attributes:
        bits: (n, inputs).
        task: with the targets of these rows.
        weights: (n,).
        seed: of wiring, weights, order and parts.
    """

    bits: NDArray[np.bool_]
    task: Task
    weights: NDArray[np.float64]
    seed: int

    def only(self, kept: NDArray[np.bool_]) -> "Fitting":
        """Some of the rows."""
        task = replace(self.task, targets=self.task.targets[kept])
        return Fitting(self.bits[kept], task, self.weights[kept], self.seed)

    def held(self, fraction: int | float) -> NDArray[np.bool_]:
        """Which rows training holds back, (n,)."""
        from gategrad.train.splitting import held_rows

        return held_rows(self.task.targets, fraction, self.seed)

    def judge(self) -> Judge:
        """Of answers for these rows; classes count as they do in training."""
        import torch

        from gategrad.train.weights import row_weights

        task = self.task
        found = row_weights(
            task.kind,
            torch.from_numpy(task.targets),
            task.n_scores,
            self.weights,
            task.class_weight,
        )
        return Judge(task, found.double().numpy())


class LogicBase(BaseEstimator):
    """An estimator whose parameters are those of `LogicClassifier` and `LogicRegressor`."""

    def _rows(self, x: ArrayLike) -> NDArray:
        """Rows to predict, as the encoder takes them."""
        check_is_fitted(self, "model_")
        found = validate_data(self, x, dtype=None, ensure_all_finite=False, reset=False)
        check_cells(found)
        return found

    def _train(
        self, x: NDArray, task: Task, weights: NDArray, categorical: Sequence[int | str]
    ) -> None:
        """Fit everything that ends in an underscore.

        Args:
            x: (n, columns), checked.
            task: with the targets of these rows.
            weights: (n,) of the rows.
            categorical: columns of categories.
        """
        check_cells(x)
        seed = int(check_random_state(self.random_state).randint(_LARGEST_SEED))
        going_on = self.warm_start and getattr(self, "_net", None) is not None
        encoder = self.encoder_ if going_on else self._fit_encoder(x, weights, categorical)
        bits, targets, weights = together(encoder.encode(x), task.targets, weights)
        fitting = Fitting(bits, replace(task, targets=targets), weights, seed)
        recipe = self._recipe(fitting, going_on)
        if recipe is None:
            net, self.result_ = None, None
            made = constant_model(fitting.judge(), encoder)
            self.model_ = self._decided(made, fitting)
        else:
            net, self.result_ = self._fit_net(fitting, recipe, self._net if going_on else None)
            self.model_ = self._decided(_model(net, encoder, task.labels), fitting)
        self._net = net if self.warm_start else None
        self.encoder_ = encoder

    def _decided(self, model: Model, fitting: Fitting) -> Model:
        """The model with what is set on rows that are held back."""
        return model

    def _fit_encoder(self, x: NDArray, weights: NDArray, categorical: Sequence[int | str]) -> Table:
        there = weights > 0
        return Table.fit(
            x[there],
            self.bits,
            categorical=categorical,
            names=getattr(self, "feature_names_in_", None),
            missing=self.missing,
            sample_weight=weights[there],
        )

    def _recipe(self, fitting: Fitting, going_on: bool) -> Any:
        """What to follow, a `Recipe`; None for the constant answer."""
        from gategrad.sklearn.defaults import recipes_to_compare, table_recipe

        n, n_bits = fitting.bits.shape
        kind = fitting.task.kind
        self.comparison_ = None
        folds = 0 if going_on else self._folds(n)
        if folds:
            recipes = recipes_to_compare(n_bits, kind)
            recipes = {name: self._told(recipe, fitting) for name, recipe in recipes.items()}

            def train(name: str, kept: NDArray[np.bool_]) -> Model:
                net, _ = self._fit_net(fitting.only(kept), recipes[name], held_back=False)
                return _model(net, None, None)

            self.comparison_ = compared(
                list(recipes), train, fitting.bits, fitting.judge(), folds, fitting.seed
            )
            return recipes.get(best(self.comparison_))
        recipe = table_recipe(n, n_bits, kind=kind, gate_penalty=self.gate_penalty)
        return self._told(recipe, fitting)

    def _told(self, recipe: Any, fitting: Fitting) -> Any:
        """The recipe with what this estimator was told."""
        found = recipe.but(**self._options(len(fitting.bits), fitting.task))
        return replace(found, rounds=True)

    def _folds(self, n_rows: int) -> int:
        """Parts to compare recipes by; 0 where there is nothing to compare."""
        if self.folds != "auto":
            if isinstance(self.folds, (bool, str)) or self.folds not in (0, *range(2, n_rows + 1)):
                raise ValueError(
                    f"folds is {self.folds!r}; expected 'auto', 0, or 2 to {n_rows}, the rows"
                )
            return int(self.folds)
        told = (self.layers, self.steps, self.options, self.gate_penalty or None)
        free = all(value is None for value in told)
        few = _FEWEST_TO_COMPARE <= n_rows < _ENOUGH_TO_HOLD_BACK
        return _FOLDS if free and few and not self.warm_start else 0

    def _fit_net(
        self, fitting: Fitting, recipe: Any, net: Any = None, *, held_back: bool = True
    ) -> tuple[Any, Any]:
        from gategrad.options import TrainingOptions, gathered
        from gategrad.train.recipes import recipe_network
        from gategrad.train.sitting import Sitting, train_on

        bits, task, fresh = fitting.bits, fitting.task, net is None
        if net is None:
            net = recipe_network(
                recipe,
                bits,
                classes=task.n_scores,
                kind=task.kind,
                targets=task.targets if task.kind == "regression" else None,
                seed=fitting.seed,
            )
        sitting = Sitting(
            validation=self._validation(len(bits)) if held_back else None,
            sample_weight=fitting.weights,
            seed=fitting.seed,
            threads=self._threads(),
            progress=bool(self.verbose),
            fresh=fresh,
        )
        result = train_on(net, bits, task.targets, gathered(TrainingOptions, recipe), sitting)
        return net, result

    def _options(self, n_rows: int, task: Task) -> dict[str, object]:
        given = {"layers": self.layers, "steps": self.steps, "gate_penalty": self.gate_penalty}
        found = {name: value for name, value in given.items() if value is not None}
        if "layers" in found and not isinstance(found["layers"], str):
            found["layers"] = ",".join(map(str, np.atleast_1d(found["layers"])))
        if self._holds_back(n_rows):
            found["patience"] = self.n_iter_no_change
        return {
            **found,
            "class_weight": task.class_weight,
            "metric": task.metric,
            **(self.options or {}),
        }

    def _holds_back(self, n_rows: int) -> bool:
        if self.early_stopping == "auto":
            return n_rows >= _ENOUGH_TO_HOLD_BACK
        if not isinstance(self.early_stopping, (bool, np.bool_)):
            raise ValueError(
                f"early_stopping is {self.early_stopping!r}; expected True, False or 'auto'"
            )
        return bool(self.early_stopping)

    def _validation(self, n_rows: int) -> float | int | None:
        held = self._holds_back(n_rows) or self._needs_held_rows()
        return self.validation_fraction if held else None

    def _needs_held_rows(self) -> bool:
        """Whether something is set on rows that are held back."""
        return False

    def _threads(self) -> int:
        return min(effective_n_jobs(self.n_jobs), usable_cores())

    def _program(self) -> Program:
        check_is_fitted(self, "model_")
        return self.model_.program()

    def to_model(self) -> Model:
        """The `gategrad.Model`: saves, exports, and predicts without scikit-learn and torch."""
        check_is_fitted(self, "model_")
        return self.model_

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """The share of each column in the sums, (n_features_in_,), 1 together.

        Every output counts what it weighs in the sums, and every gate passes what it counts on to
        its operands in proportion to their influence: how often the gate changes with that operand
        alone. What arrives at the bits of a column is its importance. No rows are needed.
        """
        model = self.to_model()
        return importances(model.circuit, model.readout, self.encoder_)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may hand in."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.categorical = True
        return tags


def categories_of(estimator: LogicBase, x: Any) -> list[int | str]:
    """The columns of categories; to be asked before `validate_data` makes an array of x."""
    return categorical_columns(x, estimator.categorical)


def _model(net: Any, encoder: Table | None, labels: Sequence[str] | Sequence[int] | None) -> Model:
    from gategrad.harden import discretize

    return discretize(net, encoder=encoder, labels=labels).optimize()
