"""The dtype that an encoder was fitted on, and the note about rows of another."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.encoder import Encoder
from gategrad.encoding.frames import plain_rows

# Fractions with so many binary digits are the same number in every dtype, and as text.
_EXACT_FRACTION = 2.0**12
_BLOCK_VALUES = 2**20
_LOG = logging.getLogger("gategrad")


def fitted_dtype(x: NDArray) -> str | None:
    """The dtype of rows (n, F) whose measurements are other numbers in another floating dtype.

    None for whole numbers, simple fractions such as halves, and anything but floats.
    """
    if x.dtype.kind != "f":
        return None
    step = max(1, _BLOCK_VALUES // max(1, x.shape[1]))
    for start in range(0, len(x), step):
        # Beyond the largest number all are whole.
        with np.errstate(over="ignore"):
            scaled = x[start : start + step].astype(np.float64) * _EXACT_FRACTION
        if (np.isfinite(scaled) & (np.rint(scaled) != scaled)).any():
            return x.dtype.name
    return None


def rows_for(encoder: Encoder | None, x: Any) -> Any:
    """What an engine is to read of `x`: a table's columns by the encoder's names, as an array.

    Raises:
        EncodingError: see `plain_rows`.
    """
    if isinstance(x, np.ndarray) and x.dtype.names is None:
        note_dtype(encoder, x)
        return x
    return plain_rows(x, getattr(encoder, "names", None))


def note_dtype(encoder: Encoder | None, x: NDArray) -> None:
    """Log a sentence, once an encoder, where rows are of another floating dtype than the fitted."""
    fitted_on = getattr(encoder, "fitted_on", None)
    if fitted_on is None or x.dtype.kind != "f" or x.dtype.name == fitted_on:
        return
    if not getattr(encoder, "_noted", False):
        object.__setattr__(encoder, "_noted", True)
        _LOG.warning(
            "rows are %s, and the encoder was fitted on %s: measurements of few digits have the "
            "same bits in both, values closer to a level than %s's rounding may not",
            x.dtype.name,
            fitted_on,
            min(x.dtype.name, fitted_on, key=lambda name: np.dtype(name).itemsize),
        )
