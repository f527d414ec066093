"""The names of a model's classes."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Readout
from gategrad.model.errors import ModelError

Labels = tuple[str, ...] | tuple[int, ...]

# Predictions are arrays of text in which every row has room for the longest label.
LONGEST = 1_000
# Bytes of such an array for each byte of text in it, and what is granted whatever the text.
MOST_ROOM, SMALL = 64, 1 << 20


def check_labels(labels: Sequence[str] | Sequence[int], readout: Readout) -> Labels:
    """The labels of the classes that `readout` tells apart, as a tuple.

    Raises:
        ModelError: another number of labels, anything but text or 64-bit integers, a label twice,
            or text that predictions or files can't hold.
    """
    if isinstance(labels, str) or not isinstance(labels, (Sequence, np.ndarray)):
        raise ModelError(f"labels is {labels!r}; expected a list of a name for each class")
    given: tuple[Any, ...] = tuple(v.item() if isinstance(v, np.generic) else v for v in labels)
    expected = 2 if readout.kind == "binary" else readout.n_classes
    if len(given) != expected:
        raise ModelError(
            f"got {len(given)} labels, but the {readout.kind} readout of {readout.n_classes} "
            f"sum(s) needs {expected}"
        )
    kinds = set(map(type, given))
    if kinds == {int}:
        _check_integers(given)
    elif kinds == {str}:
        _check_text(given)
    else:
        raise ModelError(f"labels are {given!r}; expected only text or only integers")
    return given


def _check_integers(labels: tuple[int, ...]) -> None:
    for label in labels:
        if not -(2**63) <= label < 2**63:
            raise ModelError(f"label {label} does not fit 64 bits; use text instead")
    # Sorted, as whoever chooses integers can make all of them collide in a set.
    ordered = np.sort(np.array(labels, np.int64))
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        raise ModelError(f"label {twice[0]} occurs more than once; expected distinct labels")


def _check_text(labels: tuple[str, ...]) -> None:
    for label in labels:
        # Arrays of text drop a zero character at the end; files of UTF-8 hold no half characters.
        if "\0" in label or not is_unicode(label):
            raise ModelError(
                f"label {label[:LONGEST]!r} holds what no text file can; use other text"
            )
    if len(set(labels)) < len(labels):
        twice = next(v for v, n in Counter(labels).items() if n > 1)
        raise ModelError(f"label {twice!r} occurs more than once; expected distinct labels")
    _check_lengths(labels)


def _check_lengths(labels: tuple[str, ...]) -> None:
    lengths: NDArray[np.int64] = np.array([len(label) for label in labels])
    longest = int(np.argmax(lengths))
    start = labels[longest][:20]
    if lengths[longest] > LONGEST:
        raise ModelError(
            f"label {longest} ({start!r}...) has {lengths[longest]} characters; at most "
            f"{LONGEST} are possible: shorten it"
        )
    room = 4 * int(lengths[longest]) * len(labels)
    if room > max(SMALL, MOST_ROOM * int(lengths.sum() + len(labels))):
        raise ModelError(
            f"label {longest} ({start!r}...) has {lengths[longest]} characters, and an array of "
            f"the {len(labels)} labels has room for as many in each, {room} bytes: shorten it"
        )


def is_unicode(text: str) -> bool:
    """Whether `text` can be written: it has no half of a surrogate pair alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
