"""Scores that are computed once and kept in a memory-mapped file."""

import errno
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gategrad.teachers.errors import TeacherError

Floats = NDArray[np.float32]
Parts = Iterator[tuple[int, Floats]]
# Of file systems that take no room in advance.
_CANT_RESERVE = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


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
        TeacherError: a folder that can't be written or is full, or a file in it that is damaged.
    """
    if folder is None:
        return _filled(_passing(shape), parts)
    if key is None:
        raise TeacherError(
            "teacher_scores keeps the scores of a teacher whose content can be told from others': "
            "a module, a model, an estimator or a file; leave it out for a function"
        )
    path = Path(folder) / f"{key}.npy"
    if not path.is_file():
        _write(path, shape, parts)
    return _read(path, shape)


def _passing(shape: tuple[int, int]) -> Floats:
    """An array in a file without a name, which goes with it."""
    with _told(tempfile.gettempdir(), "TMPDIR"), tempfile.TemporaryFile() as file:
        _reserve(file.fileno(), 4 * shape[0] * shape[1])
        return np.memmap(file, np.float32, "w+", shape=shape)


def _filled(array: Floats, parts: Parts) -> Floats:
    for first, scores in parts:
        array[first : first + len(scores)] = scores
    return array


def _write(path: Path, shape: tuple[int, int], parts: Parts) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with _told(path.parent, "teacher_scores="):
            array = _made(temporary, shape)
        # Errors of the teacher's own are none of the folder's.
        _filled(array, parts)
        with _told(path.parent, "teacher_scores="):
            array.flush()
            del array
            os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _made(path: Path, shape: tuple[int, int]) -> Floats:
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    with path.open("r+b") as file:
        _reserve(file.fileno(), path.stat().st_size)
    return array


def _reserve(file: int, n_bytes: int) -> None:
    """Take the room for a file: a mapped one that finds the disk full ends the process."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file, 0, n_bytes)
    except OSError as error:
        if error.errno not in _CANT_RESERVE:
            raise


@contextmanager
def _told(folder: str | Path, named: str) -> Iterator[None]:
    """Errors of files in a folder that the user names by `named`."""
    try:
        yield
    except OSError as error:
        wanted = "has more room" if error.errno == errno.ENOSPC else "can be written"
        raise TeacherError(
            f"can't keep the teacher's scores in {str(folder)!r}: {error.strerror or error}; "
            f"name a folder that {wanted} by {named}"
        ) from error


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
