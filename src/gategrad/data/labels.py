"""The label column of a user's file: from whatever is written there to 0, 1, 2, ..."""

from collections.abc import Sequence

import numpy as np

from gategrad.data.errors import DataError


def encode(
    values: Sequence[np.ndarray], *, classes: Sequence[str] | None, where: str
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Class names and class indices.

    Args:
        values: one array (n,) a part, of integers, bools, whole floats or strings.
        classes: the class names in order; None: those found, in the order of numbers if all are
            whole numbers, else of the alphabet.
        where: file and column, for messages.

    Returns:
        The class names, and an int64 array (n,) of indices into them for each part.

    Raises:
        DataError: values that are no class labels, a value that is not in `classes`, or, without
            `classes`, fewer than two different ones.
    """
    texts = [_texts(part, where) for part in values]
    found = sorted(set().union(*map(set, texts)), key=_order)
    if classes is None and len(found) < 2:
        raise DataError(f"{where} has {_one(found)}; a classifier needs two classes or more")
    known = tuple(found if classes is None else map(str, classes))
    index = {label: i for i, label in enumerate(known)}
    unknown = [label for label in found if label not in index]
    if unknown:
        raise DataError(f"{where} has the label {unknown[0]!r}; known labels: {', '.join(known)}")
    return known, [np.array([index[text] for text in part], np.int64) for part in texts]


def _texts(part: np.ndarray, where: str) -> list[str]:
    if part.dtype.kind == "f":
        wrong = np.flatnonzero(~(np.isfinite(part) & (part == np.floor(part))))
        if len(wrong):
            raise DataError(
                f"{where} holds {part[wrong[0]]} in row {wrong[0] + 1}; expected class labels: "
                "whole numbers or names. For a measured quantity, make classes of it first."
            )
        part = part.astype(np.int64)
    if part.dtype.kind not in "biuU":
        raise DataError(f"{where} has dtype {part.dtype}; expected integers or strings")
    return [
        str(value) for value in (part.astype(np.uint8) if part.dtype == bool else part).tolist()
    ]


def _order(text: str) -> tuple:
    try:
        return 0, int(text), text
    except ValueError:
        return 1, 0, text


def _one(found: Sequence[str]) -> str:
    return f"only the class {found[0]!r}" if found else "no rows"
