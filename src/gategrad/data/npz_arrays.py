"""A `.npz` file: the arrays in it, checked and brought to the shapes and dtypes that we use."""

import lzma
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gategrad.data.errors import DataError

_KEPT = (np.dtype(bool), np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float64))
# zipfile raises RuntimeError for encrypted members and NotImplementedError, which is one, for ways
# to pack that it doesn't know; numpy OverflowError and TypeError for shapes that are none.
_BROKEN = (
    *(ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OverflowError),
    *(TypeError, lzma.LZMAError),
)


def read(path: Path) -> dict[str, np.ndarray]:
    """All arrays of the file by name; nothing in it is executed.

    Raises:
        DataError: it is no `.npz` file, or it holds Python objects.
    """
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not a complete .npz file (it is no zip archive)")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except _BROKEN as error:
        if "pickle" in str(error):
            raise DataError(
                f"{path} holds Python objects, which are not read because that could run code; "
                "save plain arrays of numbers, or a .csv file"
            ) from error
        if "encrypted" in str(error):
            raise DataError(f"{path} is encrypted; save it without a password") from error
        raise DataError(f"{path} is not a complete .npz file: {error}") from error


def features(arrays: dict[str, np.ndarray], key: str, path: Path) -> np.ndarray:
    """The array `key` as (n, features): bool, uint8, float32 or float64 as stored, else float64.

    Raises:
        DataError: fewer than two dimensions, no numbers, or NaN (row and column are named).
    """
    x = arrays[key]
    if x.dtype.kind not in "biuf":
        raise DataError(f"{path}: {key} has dtype {x.dtype}; expected bools, integers or floats")
    if x.ndim < 2:
        raise DataError(
            f"{path}: {key} has shape {x.shape}; expected (rows, features), or (rows, ...) images"
        )
    x = x.reshape(len(x), int(np.prod(x.shape[1:])))
    x = x if x.dtype in _KEPT else x.astype(np.float64)
    if x.dtype.kind == "f" and np.isnan(x).any():
        row, column = np.argwhere(np.isnan(x))[0]
        raise DataError(
            f"{path}: {key} is NaN in row {row}, column {column} (counted from 0); "
            "fill it with a number or drop the row"
        )
    return x


def labels(arrays: dict[str, np.ndarray], key: str, rows: int, path: Path) -> np.ndarray:
    """The array `key` as (rows,), whatever is written there.

    Raises:
        DataError: another shape.
    """
    y = arrays[key]
    if y.shape == (rows, 1):
        y = y[:, 0]
    if y.shape != (rows,):
        raise DataError(
            f"{path}: {key} has shape {y.shape}; expected ({rows},), one class label for each row "
            f"of x (of one-hot rows, take {key}.argmax(1))"
        )
    return y


def require(arrays: dict[str, np.ndarray], choices: Sequence[Sequence[str]], path: Path) -> tuple:
    """The first of several sets of array names that the file has complete.

    Raises:
        DataError: it has none of them; its names are listed.
    """
    for keys in choices:
        if all(key in arrays for key in keys):
            return tuple(keys)
    wanted = ", or ".join(" and ".join(keys) for keys in choices)
    raise DataError(f"{path} has the arrays {', '.join(arrays) or '(none)'}; expected {wanted}")
