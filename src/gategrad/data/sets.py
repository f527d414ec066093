"""`load`: a data set by its name, from wherever it is."""

from collections.abc import Callable
from functools import partial

import numpy as np

from gategrad.data import cifar, embedded, idx, tables
from gategrad.data.checksum import read_checked
from gategrad.data.download import fetch
from gategrad.data.locate import find
from gategrad.data.registry import info
from gategrad.data.sources import SOURCES

_Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
_READERS: dict[str, Callable[[Callable[[str], bytes]], _Parts]] = {
    "mnist": idx.load,
    "fashion-mnist": idx.load,
    "cifar-10": cifar.load_cifar_10,
    "cifar-100": cifar.load_cifar_100,
    "adult": tables.load_adult,
    "breast-cancer": tables.load_breast_cancer,
    "monks-1": partial(tables.load_monks, problem=1),
    "monks-2": partial(tables.load_monks, problem=2),
    "monks-3": partial(tables.load_monks, problem=3),
}


def load(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Load a data set: embedded, from GATEGRAD_DATA, from the cache, or downloaded to it.

    Args:
        name: one of `names()`.

    Returns:
        x_train (n, features), y_train (n,) int64, x_test, y_test. x is bool for mnist-1bit,
        uint8 for images and the MONK's problems, object (float or str) for other tables; images
        are flattened from `info(name).shape`. Labels count in the order of `info(name).classes`.

    Raises:
        DataError: there is no such set, or a file is not the published one.
        DataUnavailableError: the set is neither on this machine nor reachable.

    Examples:
        >>> x_train, y_train, x_test, y_test = load("mnist-1bit")
        >>> x_train.shape, x_train.dtype
        ((60000, 784), dtype('bool'))
    """
    if info(name).name == embedded.NAME:
        return embedded.load()
    return _READERS[name](_reader(name))


def load_breast_cancer_whole() -> tuple[np.ndarray, np.ndarray]:
    """Breast Cancer as it is published: x (286, 9) object, y (286,) int64, for splits of others.

    Raises:
        DataError: the file is not the published one.
        DataUnavailableError: it is neither on this machine nor reachable.
    """
    return tables.breast_cancer_rows(_reader("breast-cancer"))


def _reader(name: str) -> Callable[[str], bytes]:
    """What reads the checked files of a set by name, fetched where they are not here."""
    found = find(name)
    folder = found.folder if found else fetch(name)
    files = {file.name: file for file in SOURCES[name].files}
    return lambda file: read_checked(folder / file, files[file])
