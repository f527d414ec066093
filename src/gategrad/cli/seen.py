"""Which rows a model was trained on, known by their content: a small sketch of them in its meta.

A row is the numbers and texts of its features, whatever file, order or dtype they come in. Each has
a hash of 64 bits; a model keeps those of the training rows that are smallest, at most `KEPT`. What
was seen is then known exactly where there were fewer training rows, and as a share where there were
more, as in a bottom-k sketch (Bar-Yossef et al. 2002).
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KEPT = 1024
# Keys of a model's meta, for machines alone.
KEYS = ("data_sha256", "seen", "seen_below")
_ALL = 2**64 - 1
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Seen:
    """How much of some rows was trained on.

    Attributes:
        share: 0 to 1.
        exact: whether that is counted; else it is an estimate from the rows that a model keeps.
    """

    share: float
    exact: bool

    def text(self, n: int) -> str:
        """Of n rows, for people."""
        if self.exact:
            return f"{round(self.share * n):,} of {n:,} were seen in training"
        return f"about {100 * self.share:.0f} % were seen in training"


def row_hashes(x: NDArray) -> NDArray[np.uint64]:
    """A hash (n,) of each row (n, features) of numbers, or of numbers and text as objects."""
    weights = np.random.PCG64(0).random_raw(x.shape[1]).astype(np.uint64) | np.uint64(1)
    hashes = np.empty(len(x), np.uint64)
    step = max(1, _CHUNK // max(1, x.shape[1]))
    for first in range(0, len(x), step):
        codes = _mixed(_codes(x[first : first + step]))
        hashes[first : first + step] = _mixed((codes * weights).sum(axis=1, dtype=np.uint64))
    return hashes


def content_digest(hashes: NDArray[np.uint64], y: NDArray) -> str:
    """A checksum over all rows of a file in their order, and their targets."""
    return hashlib.sha256(
        hashes.astype("<u8").tobytes() + np.asarray(y, "<f8").tobytes()
    ).hexdigest()


def sketch(hashes: NDArray[np.uint64]) -> dict[str, str]:
    """The entries of a model's meta that `seen` reads, of the training rows' hashes."""
    distinct = np.unique(hashes)
    below = _ALL if len(distinct) <= KEPT else int(distinct[KEPT - 1])
    kept = distinct[distinct <= np.uint64(below)]
    text = base64.b64encode((kept & np.uint64(0xFFFFFFFF)).astype("<u4").tobytes()).decode()
    return {"seen": text, "seen_below": f"{below:016x}"}


def seen(meta: Mapping[str, str], hashes: NDArray[np.uint64]) -> Seen | None:
    """How much of the rows a model was trained on; None where its meta doesn't tell."""
    try:
        below = int(meta["seen_below"], 16)
        kept = np.frombuffer(base64.b64decode(meta["seen"], validate=True), "<u4")
    except (KeyError, ValueError):
        return None
    known = hashes[hashes <= np.uint64(min(max(below, 0), _ALL))]
    if not len(known):
        return None if below < _ALL else Seen(0.0, exact=True)
    found = np.isin((known & np.uint64(0xFFFFFFFF)).astype(np.uint32), kept)
    return Seen(float(found.mean()), exact=below >= _ALL)


def _codes(x: NDArray) -> NDArray[np.uint64]:
    """A number for each cell: that of its value as float64, or of its text."""
    if x.dtype != object:
        # Adding 0 makes one zero of both.
        return np.ascontiguousarray(x.astype(np.float64) + 0.0).view(np.uint64)
    texts = {cell: _text_code(cell) for cell in set(x.ravel().tolist()) if isinstance(cell, str)}
    numbers = np.array([[_number(cell) for cell in row] for row in x])
    codes = (numbers.reshape(x.shape) + 0.0).view(np.uint64)
    for place in zip(*np.nonzero(np.vectorize(lambda c: isinstance(c, str))(x)), strict=True):
        codes[place] = texts[x[place]]
    return codes


def _text_code(text: str) -> int:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "little")


def _mixed(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of splitmix64: close values far apart."""
    codes = (codes ^ (codes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    codes = (codes ^ (codes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return codes ^ (codes >> np.uint64(31))


def _number(cell: object) -> float:
    """A cell as a number: NaN for a missing one, 0 for text, whose letters count beside."""
    if cell is None:
        return np.nan
    return 0.0 if isinstance(cell, str) else float(cell)
