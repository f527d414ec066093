"""Scores that are computed once and kept in a memory-mapped file."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gategrad.teachers.errors import TeacherError

Floats = NDArray[np.float32]
Parts = Iterator[tuple[int, Floats]]


def kept_scores(
    folder: str | os.PathLike | None, key: str | None, shape: tuple[int, int], parts: Parts
) -> Floats:
    """Scores of `shape`, mapped into memory.

    Args:
        folder: keeps them as `KEY.npy`, for the next run too, whole or not at all; None: a
            temporary file that goes with the array.
        key: a checksum of the teacher and the rows.
        shape: (n, k).
        parts: rows and scores from there on; asked for where there is no such file yet.

    Raises:
        TeacherError: a folder that can't be written, or a file in it that is damaged.
    """
    if folder is None:
        with tempfile.TemporaryFile() as file:
            return _filled(np.memmap(file, np.float32, "w+", shape=shape), parts)
    if key is None:
        raise TeacherError(
            "teacher_scores keeps the scores of a teacher whose content can be told from others': "
            "a module, a model, an estimator or a file; leave it out for a function"
        )
    path = Path(folder) / f"{key}.npy"
    if not path.is_file():
        _write(path, shape, parts)
    return _read(path, shape)


def _filled(array: Floats, parts: Parts) -> Floats:
    for first, scores in parts:
        array[first : first + len(scores)] = scores
    return array


def _write(path: Path, shape: tuple[int, int], parts: Parts) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        array = np.lib.format.open_memmap(temporary, "w+", np.float32, shape)
        _filled(array, parts)
        array.flush()
        del array
        os.replace(temporary, path)
    except OSError as error:
        raise TeacherError(
            f"can't keep the teacher's scores in {str(path.parent)!r}: {error.strerror or error}; "
            "name a folder that can be written"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _read(path: Path, shape: tuple[int, int]) -> Floats:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TeacherError(
            f"the teacher's scores in {str(path)!r} can't be read ({error}); delete the file, and "
            "they are computed again"
        ) from error
    if found.shape != shape or found.dtype != np.float32:
        raise TeacherError(
            f"{str(path)!r} holds {found.dtype} of shape {found.shape}; expected float32 of shape "
            f"{shape}: delete the file, and they are computed again"
        )
    return found
