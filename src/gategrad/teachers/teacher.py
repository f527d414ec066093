"""`Teacher`: where scores come from."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.teachers.errors import TeacherError
from gategrad.teachers.files import read_file
from gategrad.teachers.sources import Source, as_array, source_of

GIVES = (None, "logits", "probabilities")


@dataclass(frozen=True, eq=False)
class Teacher:
    """A source of scores, and what a student should know of it.

    Attributes:
        source: a torch module (TorchScript too); a fitted estimator of scikit-learn, LightGBM or
            XGBoost, or a Booster; a `gategrad.Model`; a function from rows to scores; the path of
            a file, see `files.read_file`; or soft targets, an array (n, classes) with a row for
            each row that is trained on.
        preprocess: from rows (m, features), as the student's user has them, to what the source
            takes; where None a torch module gets float32 numbers, all others the rows themselves.
        gives: "logits" or "probabilities"; None: probabilities of estimators that have some, and of
            whatever gives numbers from 0 to 1 that sum to 1 in each row, else logits.
        batch: rows at a time.

    Raises:
        TeacherError: a source that is none of these, a file that can't be read, or an option that
            is none.
    """

    source: Any
    preprocess: Callable[[NDArray], Any] | None = None
    gives: str | None = None
    batch: int = 512
    read: Source = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.gives not in GIVES:
            raise TeacherError(
                f"gives is {self.gives!r}; expected 'logits', 'probabilities', or None"
            )
        if isinstance(self.batch, bool) or not isinstance(self.batch, int) or self.batch < 1:
            raise TeacherError(f"batch is {self.batch!r}; expected rows at a time, such as 512")
        is_path = isinstance(self.source, (str, os.PathLike))
        read = read_file(self.source) if is_path else source_of(self.source)
        if self.preprocess is not None and read.array is not None:
            raise TeacherError("an array of soft targets reads no rows; leave preprocess out")
        object.__setattr__(self, "read", read)

    @property
    def array(self) -> NDArray | None:
        """Soft targets (n, classes), of a teacher that is nothing else."""
        return self.read.array

    @property
    def identity(self) -> str | None:
        """A checksum of the source's content, and of the preprocessing's name; None of functions.

        Made anew at every call: modules change.
        """
        content = self.read.content()
        if content is None:
            return None
        told = getattr(self.preprocess, "__qualname__", repr(self.preprocess))
        return sha256(content + f"{told}{self.gives}".encode()).hexdigest()

    def scores(self, x: NDArray) -> NDArray[np.float32]:
        """What the source says of rows: (n, k) float32, not checked yet.

        Raises:
            TeacherError: it gives something else than a number or k numbers for each row.
        """
        if self.read.scores is None:
            raise TeacherError("an array of soft targets has no scores for other rows")
        parts = [self._part(x[i : i + self.batch]) for i in range(0, len(x), self.batch)]
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    def _part(self, x: NDArray) -> NDArray[np.float32]:
        made = x if self.preprocess is None else self.preprocess(x)
        found = as_array(self.read.scores(made))
        if found.ndim == 1:
            found = found[:, None]
        if found.ndim != 2 or len(found) != len(x) or found.dtype.kind not in "biuf":
            raise TeacherError(
                f"the teacher gave {found.dtype} of shape {found.shape} for {len(x)} rows; "
                f"expected ({len(x)}, classes) scores, a row of them for each row"
            )
        return found.astype(np.float32)


def as_teacher(given: Any) -> Teacher:
    """A `Teacher` as it is; all else as the source of one.

    Raises:
        TeacherError: no such source.
    """
    return given if isinstance(given, Teacher) else Teacher(given)
