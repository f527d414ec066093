"""`LogicEncoder`: rows to bits, as a transformer."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from gategrad.encoding import Table
from gategrad.sklearn.rows import categorical_columns, check_cells


class LogicEncoder(TransformerMixin, BaseEstimator):
    """Turn the columns of a table into bits: numbers above thresholds, categories, missing values.

    Args:
        bits: thresholds a column of numbers; equal ones give one bit.
        spacing: "quantile" or "uniform".
        categorical: columns of numbers that are categories, by place or name; "auto": those of a
            DataFrame that have such a dtype.
        missing: "indicator", a bit of its own; "most-frequent", that value; "zero", all bits 0; or
            "error".
        unknown: of a category that comes later: "zero", all bits 0, or "error".

    Attributes:
        encoder_: the `gategrad.encoding.Table`.
        n_features_in_: columns.
        feature_names_in_: their names, where X had some.
    """

    def __init__(
        self,
        *,
        bits: int = 8,
        spacing: str = "quantile",
        categorical: str | Sequence[int | str] | None = "auto",
        missing: str = "indicator",
        unknown: str = "zero",
    ) -> None:
        self.bits = bits
        self.spacing = spacing
        self.categorical = categorical
        self.missing = missing
        self.unknown = unknown

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Find thresholds and categories; y is not looked at."""
        categorical = categorical_columns(X, self.categorical)
        x = validate_data(self, X, dtype=None, ensure_all_finite=False)
        check_cells(x)
        self.encoder_ = Table.fit(
            x,
            self.bits,
            spacing=self.spacing,
            categorical=categorical,
            names=getattr(self, "feature_names_in_", None),
            missing=self.missing,
            unknown=self.unknown,
        )
        names = self.encoder_.input_names()
        self._kept = np.sort(np.unique(names, return_index=True)[1])
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.bool_]:
        """The bits (n, outputs) of rows."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=None, ensure_all_finite=False, reset=False)
        check_cells(x)
        return self.encoder_.encode(x)[:, self._kept]

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """What each bit says, such as "age > 37.5"."""
        check_is_fitted(self)
        known = getattr(self, "feature_names_in_", None)
        if input_features is not None:
            given = np.asarray(input_features, object)
            if known is not None and not np.array_equal(given, known):
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(given) != self.n_features_in_:
                raise ValueError(
                    "input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(given)}"
                )
            known = given
        names = self.encoder_.input_names(None if known is None else list(known))
        return np.array(names, object)[self._kept]

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may hand in."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags
