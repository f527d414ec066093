"""Write a file as a whole or not at all."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_atomic(path: str | os.PathLike, data: bytes) -> None:
    """Put `data` at `path`: whoever reads it sees the old file or the new one, never a part.

    A new file beside `path` takes the bytes, is flushed to disk and then renamed. A process that
    is killed leaves the old file, and at worst a hidden `.NAME.*.tmp` beside it.

    Raises:
        OSError: the directory is missing or not writable, the disk is full, or `path` is there and
            is no regular file.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise OSError("it is no regular file; choose another name")
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_directory(target.parent)


def _sync_directory(directory: Path) -> None:
    """Make the rename itself last, on file systems that can."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
