"""Strict reading of stored states, which may come from a damaged file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.encoder import Arrays, Config
from gategrad.encoding.errors import EncodingError

FLOATS = ("float16", "float32", "float64")
ORIGIN = {"names", "fitted_on"}


def read_kind(config: Config, known: tuple[str, ...]) -> str:
    """Read which encoder a state describes.

    Raises:
        EncodingError: no config, no kind, or an unknown one; lists the known ones.
    """
    if not isinstance(config, dict):
        raise EncodingError(f"encoder config is a {type(config).__name__}; expected a dict")
    kind = config.get("kind")
    if not isinstance(kind, str) or kind not in known:
        raise EncodingError(f"encoder kind is {kind!r}; known: {', '.join(known)}")
    return kind


def check_fields(
    config: Config, arrays: Arrays, *, keys: set[str], names: set[str] | None = None
) -> None:
    """Check that a state has exactly the expected keys (and "kind") and, if given, arrays.

    What `origin_config` stores may be there or not.

    Raises:
        EncodingError: missing or unexpected ones, by name.
    """
    if not isinstance(arrays, dict):
        raise EncodingError(f"encoder arrays are a {type(arrays).__name__}; expected a dict")
    found = set(config) - (ORIGIN - keys)
    _check_names(found, keys | {"kind"}, f"{config['kind']} config", "key")
    if names is not None:
        _check_names(set(arrays), names, f"{config['kind']} state", "array")


def origin_config(names: tuple[str, ...] | None, fitted_on: str | None) -> dict[str, Any]:
    """What a config says about the fit, where there is something to say."""
    found = {"names": None if names is None else list(names), "fitted_on": fitted_on}
    return {key: value for key, value in found.items() if value is not None}


def read_origin(config: Config) -> dict[str, Any]:
    """The arguments `names` and `fitted_on` that `origin_config` stored.

    Raises:
        EncodingError: they are malformed; the encoder itself checks the names.
    """
    names, fitted_on = config.get("names"), config.get("fitted_on")
    if names is not None:
        names = tuple(read_list(names, f"{config['kind']} names", str))
    if fitted_on is not None:
        choice(fitted_on, FLOATS, "fitted_on")
    return {"names": names, "fitted_on": fitted_on}


def read_array(arrays: Arrays, name: str, dtype: type, ndim: int) -> NDArray:
    """Read one array of exactly this dtype and number of dimensions.

    Raises:
        EncodingError: anything else.
    """
    array = arrays[name]
    if not isinstance(array, np.ndarray):
        raise EncodingError(f"array {name!r} is a {type(array).__name__}; expected a numpy array")
    if array.dtype != np.dtype(dtype) or array.ndim != ndim:
        raise EncodingError(
            f"array {name!r} has dtype {array.dtype} and {array.ndim} dimensions; expected "
            f"{np.dtype(dtype)} and {ndim}"
        )
    return array


def read_list(value: Any, what: str, item: type) -> list:
    """Read a JSON list whose items are exactly of one type.

    Raises:
        EncodingError: not a list, or another item in it.
    """
    if not isinstance(value, list):
        raise EncodingError(f"{what} is a {type(value).__name__}; expected a list")
    for entry in value:
        if type(entry) is not item:
            raise EncodingError(f"{what} holds {entry!r}; expected {item.__name__} items only")
    return value


def choice(value: str, known: tuple[str, ...], option: str) -> str:
    """Check an option that is one of a few words.

    Raises:
        EncodingError: another value; lists the known ones.
    """
    if not isinstance(value, str) or value not in known:
        raise EncodingError(f"{option} is {value!r}; known: {', '.join(known)}")
    return value


def _check_names(found: set, expected: set[str], where: str, what: str) -> None:
    for name in sorted(expected - found):
        raise EncodingError(f"{where} lacks the {what} {name!r}; the state is damaged or foreign")
    for name in sorted(found - expected, key=repr):
        raise EncodingError(
            f"{where} has an unexpected {what} {name!r}; expected {sorted(expected)}"
        )
