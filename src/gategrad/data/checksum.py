"""Is this the published file? Sizes first, then the published checksum."""

import hashlib
from pathlib import Path

from gategrad.data.errors import DataError
from gategrad.data.sources import PublishedFile


def digest(path: Path, algorithm: str) -> str:
    """The hexadecimal digest of a file; `algorithm` is "md5" or "sha256"."""
    with path.open("rb") as stream:
        # MD5 tells a damaged copy from a good one here; it is no signature.
        return hashlib.file_digest(
            stream, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()


def mismatch(path: Path, checksum: str | None, size: int) -> str | None:
    """What is wrong with the file at `path`, or None when it is the published one.

    A file without a published checksum passes here; its reader checks its structure.
    """
    if checksum is None:
        return None
    found = path.stat().st_size
    if size and found != size:
        return f"{found:,} bytes, expected {size:,}"
    algorithm, expected = checksum.split(":")
    actual = digest(path, algorithm)
    return None if actual == expected else f"{algorithm} is {actual}, expected {expected}"


def read_checked(path: Path, file: PublishedFile) -> bytes:
    """The bytes of the file at `path`.

    Raises:
        DataError: the file cannot be read, or is not the published one.
    """
    try:
        wrong = mismatch(path, file.checksum, file.size)
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if wrong:
        raise DataError(
            f"{path} is not the published file ({wrong}). "
            "Replace it with a good copy, or delete it and load again to download one."
        )
    return content
