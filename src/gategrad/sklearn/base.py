"""What both estimators do: encode, train, and keep the model."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from gategrad.circuit import N_CONSTANTS, Circuit, behind
from gategrad.encoding import Table
from gategrad.engine import Program
from gategrad.engine.cores import usable_cores
from gategrad.model import Model
from gategrad.model.calibration import with_readout
from gategrad.sklearn.choosing import (
    CONSTANT,
    Scorer,
    best,
    compared,
    constant_model,
    held_parts,
    log_shares,
)
from gategrad.sklearn.columns import Columns, finer
from gategrad.sklearn.ensemble import chosen, put_together
from gategrad.sklearn.fitting import Fitting
from gategrad.sklearn.importances import importances
from gategrad.sklearn.members import (
    NETWORK,
    USUAL,
    Fitted,
    checked_members,
    fit_member,
    fits,
    same_numbers,
)
from gategrad.sklearn.rows import categorical_columns, check_cells, together
from gategrad.sklearn.task import Task

_LARGEST_SEED = 2**31 - 1
# With fewer rows, those held back would be missed more than they tell.
_ENOUGH_TO_HOLD_BACK = 1_000
# Recipes are compared where no rows are held back, and parts have some rows of their own.
_FOLDS, _FEWEST_TO_COMPARE = 3, 30
# With so many rows, one part of them says enough of the weights of members.
_ENOUGH_FOR_ONE_PART = 10_000
# Trees and the linear member read so many times the thresholds of the network.
_FINER = 4


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
        members = self._members(int((weights > 0).sum()))
        encoder, own = self._fit_encoders(x, weights, categorical, members, going_on)
        bits, targets, weights = together(encoder.encode(x), task.targets, weights)
        fitting = Fitting(bits, replace(task, targets=targets), weights, seed, own)
        if members == (NETWORK,):
            model = self._train_network(fitting, going_on)
        else:
            model = self._train_members(fitting, encoder, members)
        self.model_ = replace(model, encoder=encoder, labels=task.labels)
        self.encoder_ = encoder

    def _train_network(self, fitting: Fitting, going_on: bool) -> Model:
        """The network alone, or the constant answer."""
        recipe = self._recipe(fitting, going_on)
        net = None
        if recipe is None:
            self.result_, made = None, constant_model(fitting.judge(), fitting.bits.shape[1])
        else:
            net, self.result_ = self._fit_net(
                fitting,
                recipe,
                self._net if going_on else None,
                validation=self._validation(len(fitting.bits)),
            )
            made = _model(net)
        self._net = net if self.warm_start else None
        return self._decided(made, fitting)

    def _train_members(self, fitting: Fitting, encoder: Table, members: tuple[str, ...]) -> Model:
        """The members that pay, weighed on rows that they were not trained on."""
        from gategrad.train.choosing import checked_metric

        checked_metric(fitting.task.kind, fitting.task.metric)
        self._net = self.result_ = None
        held = fitting.held(self.validation_fraction) if self._needs_held_rows() else None
        learned = fitting if held is None else fitting.only(~held)
        if len(learned.bits) < 2:
            judge = fitting.judge()
            self.comparison_, self.weights_ = {CONSTANT: judge.constant()}, {CONSTANT: 1.0}
            return self._decided(log_shares(judge, fitting.bits.shape[1]), fitting)
        columns = Columns.of(encoder)
        recipe = self._recipe_for(learned, len(learned.own))
        held_back = self._holds_back(len(learned.bits))
        validation = self.validation_fraction if held_back else None

        def train(name: str, some: Fitting) -> Fitted:
            if name == NETWORK and not same_numbers(some.task):
                return self._fit_network(some, recipe, validation)
            weights = some.judge().weights
            return fit_member(
                name, columns, some.bits, some.task, weights, seed=some.seed, n_jobs=self._threads()
            )

        names = [name for name in members if fits(name, fitting.task)]
        if not names:
            raise ValueError(
                f"members is {self.members!r}; boosting is for at most three classes, or one "
                "number a row: add another member"
            )
        found = compared(
            names,
            lambda name, kept: train(name, learned.only(kept)).scores,
            learned.bits,
            learned.judge(),
            self._parts(learned),
        )
        choice = chosen(found, by_figure=self._by_figure())
        self.comparison_, self.weights_, self.result_ = choice.figures, choice.weights, None
        fitted = {name: train(name, learned) for name in choice.weights if name != CONSTANT}
        made = put_together(choice, fitted, log_shares(learned.judge(), fitting.bits.shape[1]))
        return self._decided(made, fitting)

    def _fit_network(self, fitting: Fitting, recipe: Any, validation: float | int | None) -> Fitted:
        """The network as one member of several."""
        own, n_inputs = fitting.own, fitting.bits.shape[1]
        seen = replace(fitting, bits=fitting.bits[:, own])
        net, self.result_ = self._fit_net(seen, recipe, validation=validation)
        model = _model(net)
        return Fitted(
            lambda bits: model.scores(bits[:, own], threads=1).astype(np.float64),
            lambda factor: _scaled(_reading(model, own, n_inputs), factor),
        )

    def _members(self, n_rows: int) -> tuple[str, ...]:
        """What a model may be made of."""
        if isinstance(self.members, str) and self.members == "auto":
            free = self._free() and not self.warm_start and self.folds == "auto"
            return USUAL if free and n_rows >= _FEWEST_TO_COMPARE else (NETWORK,)
        asked = checked_members(self.members)
        if asked == (NETWORK,):
            return asked
        if self.warm_start:
            raise ValueError(
                f"members is {self.members!r} and warm_start goes on with a network; set "
                "members='network', or warm_start=False"
            )
        if NETWORK not in asked and not self._free():
            raise ValueError(
                f"members is {self.members!r} and layers, steps, gate_penalty or options say what "
                "network to train; add 'network' to the members, or leave them out"
            )
        if self.folds == 0:
            raise ValueError(
                f"members is {self.members!r} and folds=0; members are weighed by rows that they "
                "were not trained on: let folds be 'auto', or 2 or more"
            )
        return asked

    def _free(self) -> bool:
        """Whether nothing says what network to train."""
        told = (self.layers, self.steps, self.options, self.gate_penalty or None)
        return all(value is None for value in told)

    def _by_figure(self) -> bool:
        """Whether a metric was asked for."""
        return getattr(self, "metric", None) is not None

    def _parts(self, fitting: Fitting) -> list[NDArray[np.bool_]]:
        """The rows to weigh members by."""
        n = len(fitting.bits)
        if self.folds == "auto" and n >= _ENOUGH_FOR_ONE_PART:
            return [fitting.held(self.validation_fraction)]
        folds = min(_FOLDS, n) if self.folds == "auto" else self._folds(n)
        return held_parts(fitting.judge(), folds, fitting.seed)

    def _decided(self, model: Model, fitting: Fitting) -> Model:
        """The model with what is set on rows that are held back."""
        return model

    def _fit_encoders(
        self,
        x: NDArray,
        weights: NDArray,
        categorical: Sequence[int | str],
        members: tuple[str, ...],
        going_on: bool,
    ) -> tuple[Table, NDArray[np.int64]]:
        """The encoder, and which of its bits the network reads."""
        found = self.encoder_ if going_on else self._fit_encoder(x, weights, categorical, self.bits)
        if members == (NETWORK,):
            return found, np.arange(found.n_inputs)
        fine = self._fit_encoder(x, weights, categorical, _FINER * self.bits)
        return finer(found, fine) if NETWORK in members else (fine, np.arange(0))

    def _fit_encoder(
        self, x: NDArray, weights: NDArray, categorical: Sequence[int | str], bits: int
    ) -> Table:
        there = weights > 0
        return Table.fit(
            x[there],
            bits,
            categorical=categorical,
            names=getattr(self, "feature_names_in_", None),
            missing=self.missing,
            sample_weight=weights[there],
        )

    def _recipe(self, fitting: Fitting, going_on: bool) -> Any:
        """What to follow, a `Recipe`; None for the constant answer."""
        from gategrad.sklearn.defaults import recipes_to_compare

        n, n_bits = fitting.bits.shape
        kind = fitting.task.kind
        self.comparison_ = self.weights_ = None
        folds = 0 if going_on else self._folds(n)
        if folds:
            recipes = recipes_to_compare(n_bits, kind)
            recipes = {name: self._told(recipe, fitting) for name, recipe in recipes.items()}

            def train(name: str, kept: NDArray[np.bool_]) -> Scorer:
                net, _ = self._fit_net(fitting.only(kept), recipes[name], validation=None)
                return partial(_model(net).scores, threads=1)

            judge = fitting.judge()
            held = held_parts(judge, folds, fitting.seed)
            found = compared(list(recipes), train, fitting.bits, judge, held)
            self.comparison_ = found.figures
            return recipes.get(best(self.comparison_))
        return self._recipe_for(fitting, n_bits)

    def _recipe_for(self, fitting: Fitting, n_bits: int) -> Any:
        """What suits so many rows of so many bits."""
        from gategrad.sklearn.defaults import table_recipe

        n, kind = len(fitting.bits), fitting.task.kind
        return self._told(
            table_recipe(n, n_bits, kind=kind, gate_penalty=self.gate_penalty), fitting
        )

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
        few = _FEWEST_TO_COMPARE <= n_rows < _ENOUGH_TO_HOLD_BACK
        return _FOLDS if self._free() and few and not self.warm_start else 0

    def _fit_net(
        self, fitting: Fitting, recipe: Any, net: Any = None, *, validation: float | int | None
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
            validation=validation,
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


def _model(net: Any) -> Model:
    """Of the bits that the network reads."""
    from gategrad.harden import discretize

    return discretize(net).optimize()


def _reading(model: Model, own: NDArray[np.int64], n_inputs: int) -> Model:
    """The model of `own` of so many bits."""
    front = Circuit(n_inputs, [], [], N_CONSTANTS + own)
    return Model(behind(front, model.circuit), model.readout, neurons=model.neurons)


def _scaled(model: Model, factor: float) -> Model:
    """The model with so many times its scores, the step of a sum to three binary digits."""
    scale = model.readout.scale.astype(np.float64) * factor
    unit = 2.0 ** (np.floor(np.log2(np.maximum(scale, 1e-30))) - 2)
    brief = (np.rint(scale / unit) * unit).astype(np.float32)
    offset = (model.readout.offset * factor).astype(np.float32)
    return with_readout(model, scale=brief, offset=offset)
