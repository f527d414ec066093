"""What every encoder offers."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

State = tuple[dict[str, Any], dict[str, NDArray]]
Config = Mapping[str, Any]
Arrays = Mapping[str, NDArray]


@runtime_checkable
class Encoder(Protocol):
    """A fitted, immutable map from rows of features to rows of bits."""

    @property
    def n_features(self) -> int:
        """Columns that `encode` takes."""

    @property
    def n_inputs(self) -> int:
        """Bits that `encode` gives for a row: the inputs of the circuit behind it."""

    def encode(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Encode rows: (n, n_features) to (n, n_inputs) bool, C-contiguous."""

    def thresholds(self) -> tuple[NDArray[np.uint32], NDArray[np.float64]] | None:
        """Say which comparison each bit is, where every bit is one.

        Returns:
            `(feature, threshold)`, both (n_inputs,): bit j is `x[:, feature[j]] > threshold[j]`,
            compared in float64; None for an encoder that isn't of that form.
        """

    def input_names(self, feature_names: Sequence[str] | None = None) -> list[str]:
        """Name every bit for people, such as "age > 37.5"."""

    def to_state(self) -> State:
        """Give `(config, arrays)`: JSON values, and numpy arrays; `from_state` is the inverse."""
