"""A `.npz` file: the arrays in it, checked and brought to the shapes and dtypes that we use."""

import lzma
import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError

import numpy as np

from gategrad.data.errors import DataError

_KEPT = (np.dtype(bool), np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float64))
# zipfile raises RuntimeError for encrypted members and NotImplementedError, which is one, for ways
# to pack that it doesn't know, and OSError for places that are none; numpy OverflowError and
# TypeError for shapes that are none, SyntaxError and TokenError for heads that are none.
_BROKEN = (
    *(ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OverflowError),
    *(TypeError, lzma.LZMAError, SyntaxError, TokenError, OSError),
)
_SUFFIX = ".npy"
_HEADS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read(path: Path) -> dict[str, np.ndarray]:
    """All arrays of the file by name; nothing in it is executed, and other members are left alone.

    Raises:
        DataError: it is no `.npz` file, or it holds Python objects.
        OSError: it can't be opened.
    """
    with path.open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            raise DataError(f"{path} is not a complete .npz file (it is no zip archive)")
        try:
            with zipfile.ZipFile(stream) as archive:
                return {
                    member.filename.removesuffix(_SUFFIX): _array(archive, member)
                    for member in archive.infolist()
                    if member.filename.endswith(_SUFFIX)
                }
        except _BROKEN as error:
            raise _failure(path, error) from error


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array, for which memory is taken only where the member is as long as its head says."""
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADS:
            raise ValueError(f"{member.filename} has version {version} of the format")
        shape, _, dtype = _HEADS[version](stream)
        left = member.file_size - stream.tell()
    n_bytes = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or (not dtype.hasobject and n_bytes != left):
        raise ValueError(f"{member.filename} has {left} bytes for {dtype} of shape {shape}")
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _failure(path: Path, error: Exception) -> DataError:
    if "allow_pickle" in str(error):
        return DataError(
            f"{path} holds Python objects, which are not read because that could run code; "
            "save plain arrays of numbers, or a .csv file"
        )
    if "encrypted" in str(error):
        return DataError(f"{path} is encrypted; save it without a password")
    return DataError(f"{path} is not a complete .npz file: {error}")


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
