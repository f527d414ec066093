"""The label column of a user's file: from whatever is written there to 0, 1, 2, ...

One rule: numbers compare as numbers, text as text, and the type that came in goes out. Models keep
integers and text: whole numbers in floating point come back as integers, which is told.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gategrad.data.errors import DataError

Label = int | str
UNSEEN = ("refuse", "count")
# Whole numbers of float64 beyond it stand for several integers; models keep labels in int64.
_LARGEST_FLOAT, _LARGEST = 2**53, 2**63 - 1
_SHOWN = 12
_PADDED = re.compile(r"[+-]?0\d+")


@dataclass(frozen=True)
class Encoded:
    """Labels as indices.

    Attributes:
        classes: the labels as text.
        labels: as a model gives them back: integers where they were numbers, else text.
        parts: (n,) int64 indices into `classes` for each part; -1 for a label that is none of them.
        notes: sentences about what is legal and looks wrong.
    """

    classes: tuple[str, ...]
    labels: tuple[int, ...] | tuple[str, ...]
    parts: list[np.ndarray]
    notes: tuple[str, ...] = ()


def encode(
    values: Sequence[np.ndarray],
    *,
    classes: Sequence[str] | None,
    where: str,
    unseen: str = "refuse",
) -> Encoded:
    """Class names and class indices.

    Args:
        values: one array (n,) a part, of integers, bools, whole floats or strings.
        classes: the class names in order; None: those found, in the order of numbers if all are
            whole numbers, else of the alphabet.
        where: file and column, for messages.
        unseen: "refuse" a label that is not in `classes`, or "count" it as -1.

    Raises:
        DataError: values that are no class labels, a value that is not in `classes`, or, without
            `classes`, fewer than two different ones.
    """
    if unseen not in UNSEEN:
        raise DataError(f"unseen is {unseen!r}; known: {', '.join(UNSEEN)}")
    parts = [_labels(part, where) for part in values]
    found = sorted(set().union(*map(set, parts)), key=_order)
    if classes is None and len(found) < 2:
        raise DataError(f"{where} has {_one(found)}; a classifier needs two classes or more")
    known = tuple(map(str, found if classes is None else classes))
    index = _index(found, known)
    missing = [label for label in found if index[label] < 0]
    if missing and unseen == "refuse":
        raise DataError(f"{where} has the label {str(missing[0])!r}; known labels: {_few(known)}")
    integers = tuple(label for label in found if isinstance(label, int))
    whole = classes is None and len(integers) == len(found)
    return Encoded(
        known,
        integers if whole else known,
        [np.array([index[label] for label in part], np.int64) for part in parts],
        tuple(_told(values, known, where)) if classes is None else _unseen(missing, parts, where),
    )


def _unseen(missing: Sequence[Label], parts: Sequence[list[Label]], where: str) -> tuple[str, ...]:
    if not missing:
        return ()
    counts = [(str(label), sum(part.count(label) for part in parts)) for label in missing]
    shown = ", ".join(f"{label!r} ({count:,})" for label, count in counts[:_SHOWN])
    more = ", ..." if len(counts) > _SHOWN else ""
    return (f"{where} has labels that are not known, counted as wrong (rows): {shown}{more}",)


def from_cells(texts: Sequence[str]) -> np.ndarray:
    """Label cells of a table without gaps, as integers, floats or text.

    Cells that are all numbers are numbers, 1.0 and 01 the same as 1; but where they are padded by
    zeros, each in one way only, they are names. Among names, numbers are spelled in one way.
    """
    spellings = dict.fromkeys(texts)
    numbers = {t: number for t in spellings if (number := _finite(t)) is not None}
    if len(numbers) < len(spellings):
        return np.array(one_spelling(texts), np.str_)
    once = len(numbers) == len(set(numbers.values()))
    if once and any(_PADDED.fullmatch(text) for text in numbers):
        return np.array(texts, np.str_)
    if all(number.is_integer() for number in numbers.values()):
        whole = {text: _whole(text, number) for text, number in numbers.items()}
        if all(-_LARGEST <= number <= _LARGEST for number in whole.values()):
            return np.array([whole[text] for text in texts], np.int64)
    return np.array([numbers[text] for text in texts], np.float64)


def one_spelling(texts: Sequence[str]) -> list[str]:
    """The cells, where those that are one number have one text: 1 for 1.0 and +1.

    A number that is written in one way only keeps it, as 007 or 1.50.
    """
    spellings = defaultdict(set)
    for text in set(texts):
        if (number := _finite(text)) is not None:
            spellings[number].add(text)
    changed = {
        text: _plain(number)
        for number, found in spellings.items()
        if len(found) > 1
        for text in found
    }
    return [changed.get(text, text) for text in texts] if changed else list(texts)


def _labels(part: np.ndarray, where: str) -> list[Label]:
    if part.dtype.kind == "f":
        part = _whole_numbers(part, where)
    if part.dtype.kind not in "biuU":
        raise DataError(f"{where} has dtype {part.dtype}; expected integers or strings")
    labels = (part.astype(np.uint8) if part.dtype == bool else part).tolist()
    for label in set(labels):
        if isinstance(label, int) and abs(label) > _LARGEST:
            raise DataError(f"{where} has the label {label}, beyond 64 bits; use text instead")
        if isinstance(label, str):
            _check_text(label, where)
    return labels


def _whole_numbers(part: np.ndarray, where: str) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(~(np.isfinite(part) & (part == np.floor(part))))
    if len(wrong):
        raise DataError(
            f"{where} holds {part[wrong[0]]} in row {wrong[0] + 1}; expected class labels: "
            "whole numbers or names. To predict the number itself, train with --task regression "
            '(targets="numbers").'
        )
    wrong = np.flatnonzero(np.abs(part) > _LARGEST_FLOAT)
    if len(wrong):
        raise DataError(
            f"{where} holds {part[wrong[0]]} in row {wrong[0] + 1}, where floats leave integers "
            "out; save labels as integers or text"
        )
    return part.astype(np.int64)


def _check_text(label: str, where: str) -> None:
    """Refuse text that model files and arrays would change or can't hold."""
    try:
        label.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{where} has the label {label!r}, which is no valid text; save labels as UTF-8"
        ) from None
    if "\0" in label or "\r" in label:
        raise DataError(
            f"{where} has the label {label!r} with a control character in it; remove it"
        )


def _index(found: Iterable[Label], known: Sequence[str]) -> dict[Label, int]:
    """The class of each label, -1 for none: the one of its text, or else of its number."""
    texts = {text: i for i, text in enumerate(known)}
    numbers: dict[float | None, int] = {}
    for i, text in enumerate(known):
        numbers.setdefault(_finite(text), i)
    numbers.pop(None, None)
    places = {}
    for label in found:
        place = texts.get(str(label), -1)
        places[label] = numbers.get(_finite(str(label)), -1) if place < 0 else place
    return places


def _told(values: Sequence[np.ndarray], known: Sequence[str], where: str) -> Iterable[str]:
    floats = {part.dtype.name for part in values if part.dtype.kind == "f"}
    if floats:
        yield (
            f"{where} holds whole numbers as {' and '.join(sorted(floats))}; the model gives them "
            "back as integers"
        )
    yield from _alike(known, where)


def _alike(known: Sequence[str], where: str) -> Iterable[str]:
    """A note for each pair of names that differ in case and blanks only."""
    seen: dict[str, str] = {}
    for text in known:
        other = seen.setdefault(text.strip().casefold(), text)
        if other != text:
            yield f"{where} has the labels {other!r} and {text!r}, which are two classes"


def _order(label: Label) -> tuple:
    number = _finite(str(label))
    if number is not None and number.is_integer():
        return 0, _whole(str(label), number), str(label)
    return 1, 0, str(label)


def _whole(text: str, number: float) -> int:
    """The integer that a whole number's text says; exact beyond float64 too."""
    try:
        return int(text)
    except ValueError:
        return int(number)


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) and "_" not in text else None


def _plain(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _one(found: Sequence[Label]) -> str:
    return f"only the class {str(found[0])!r}" if found else "no rows"


def _few(known: Sequence[str]) -> str:
    return ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
