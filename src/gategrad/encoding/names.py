"""Text for people: names of features and of thresholds."""

from collections import Counter
from collections.abc import Sequence

from gategrad.encoding.errors import EncodingError

LONGEST_NUMBER = 12


def feature_names_or_default(names: Sequence[str] | None, n_features: int) -> list[str]:
    """Check the given names, or make "x0", "x1", ...

    Raises:
        EncodingError: a wrong number of names, or one that isn't text.
    """
    if names is None:
        return [f"x{i}" for i in range(n_features)]
    names = [names] if isinstance(names, str) else list(names)
    if len(names) != n_features:
        raise EncodingError(
            f"got {len(names)} feature names; expected {n_features}: one for each column"
        )
    for name in names:
        if not isinstance(name, str):
            raise EncodingError(f"feature name {name!r} is a {type(name).__name__}; expected text")
    return [str(name) for name in names]


def checked_names(names: Sequence[str] | None, n_features: int) -> tuple[str, ...] | None:
    """Names of the columns, all different, or None.

    Raises:
        EncodingError: a wrong number of names, one that isn't text, or one twice.
    """
    if names is None:
        return None
    names = feature_names_or_default(names, n_features)
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise EncodingError(f"names hold {twice!r} more than once; expected distinct names")
    return tuple(names)


def number_text(value: float) -> str:
    """Write a number briefly: exactly where that is short, else to six digits."""
    value = float(value)
    exact = str(int(value)) if value.is_integer() and abs(value) < 1e12 else repr(value)
    return exact if len(exact) <= LONGEST_NUMBER else f"{value:.6g}"


def column_labels(names: Sequence[str] | None, n_features: int) -> list[str]:
    """Name the columns for error messages: "column 5 (age)", or "column 5"."""
    if names is None:
        return [f"column {i}" for i in range(n_features)]
    return [f"column {i} ({name})" for i, name in enumerate(names)]
