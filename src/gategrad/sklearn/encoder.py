"""`LogicEncoder`: rows to bits, as a transformer."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from gategrad.encoding import OneHot, Table, Thermometer
from gategrad.sklearn.rows import categorical_columns, check_cells

# What a bit says: of which column, "=", ">" or "is missing", and the exact category or level.
_Bit = tuple[int, str, str | float | None]


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
        first: dict[_Bit, int] = {}
        for place, bit in enumerate(_bits(self.encoder_)):
            first.setdefault(bit, place)
        self._kept = np.array(list(first.values()), np.intp)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.bool_]:
        """The bits (n, outputs) of rows."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=None, ensure_all_finite=False, reset=False)
        check_cells(x)
        return self.encoder_.encode(x)[:, self._kept]

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """What each bit says, such as "age > 37.5"; in all digits where fewer would not tell."""
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
        return np.array(self._names(None if known is None else list(known)), object)

    def _names(self, columns: list[str] | None) -> list[str]:
        """Of the bits, each another; those of two numbers that read the same have all digits."""
        brief, bits = self.encoder_.input_names(columns), _bits(self.encoder_)
        of_columns = columns or [f"x{i}" for i in range(self.n_features_in_)]
        times = Counter(brief[place] for place in self._kept)
        names = []
        for place in self._kept:
            column, sign, value = bits[place]
            exact = times[brief[place]] > 1 and isinstance(value, float)
            names.append(f"{of_columns[column]} {sign} {value!r}" if exact else brief[place])
        return names

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may hand in."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _bits(table: Table) -> list[_Bit]:
    """What the bits of a table say, in their order."""
    found: list[_Bit] = []
    for part, columns in zip(table.encoders, table.columns, strict=True):
        if isinstance(part, OneHot):
            for column, categories in zip(columns, part.categories, strict=True):
                found += [(column, "=", category) for category in categories]
            continue
        assert isinstance(part, Thermometer)
        for levels in part.levels.tolist():
            found += [(c, ">", level) for c, level in zip(columns, levels, strict=True)]
    return found + [(column, "is missing", None) for column in table.marked]
