"""The estimators of `benchmarks.estimators`, each with what it needs to take raw columns."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from benchmarks.estimator_sets import TableSet
from gategrad.sklearn import LogicClassifier, LogicRegressor


def _ours(table: TableSet, seed: int) -> BaseEstimator:
    return (LogicRegressor if table.numbers else LogicClassifier)(random_state=seed)


def _network(table: TableSet, seed: int) -> BaseEstimator:
    kind = LogicRegressor if table.numbers else LogicClassifier
    return kind(members="network", random_state=seed)


def _forest(table: TableSet, seed: int) -> BaseEstimator:
    kind = RandomForestRegressor if table.numbers else RandomForestClassifier
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_pipeline(_columns(table, codes, "passthrough"), kind(random_state=seed))


def _linear(table: TableSet, seed: int) -> BaseEstimator:
    model = Ridge() if table.numbers else LogisticRegression(max_iter=2_000)
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return make_pipeline(_columns(table, OneHotEncoder(handle_unknown="ignore"), numbers), model)


def _lightgbm(table: TableSet, seed: int) -> BaseEstimator:
    import lightgbm

    kind = lightgbm.LGBMRegressor if table.numbers else lightgbm.LGBMClassifier
    model = kind(random_state=seed, n_jobs=1, verbose=-1)
    kinds = {name: pd.CategoricalDtype(np.unique(table.x[name])) for name in _text(table)}
    # By its own way with categories.
    return make_pipeline(FunctionTransformer(_as_types, kw_args={"kinds": kinds}), model)


def _constant(table: TableSet, seed: int) -> BaseEstimator:
    return DummyRegressor() if table.numbers else DummyClassifier()


def _as_types(x: pd.DataFrame, kinds: dict[str, pd.CategoricalDtype]) -> pd.DataFrame:
    return x.astype(kinds)


def _text(table: TableSet) -> list[str]:
    return [name for name in table.x if not pd.api.types.is_numeric_dtype(table.x[name])]


def _columns(table: TableSet, text: object, numbers: object) -> BaseEstimator:
    names = _text(table)
    rest = [name for name in table.x if name not in names]
    return make_column_transformer((text, names), (numbers, rest))


ESTIMATORS: dict[str, Callable[[TableSet, int], BaseEstimator]] = {
    "gategrad": _ours,
    "LightGBM": _lightgbm,
    "random forest": _forest,
    "linear": _linear,
    "constant": _constant,
    "network alone": _network,
}
