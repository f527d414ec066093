"""Take the published members, and nothing else, out of a zip or tar.gz archive."""

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from gategrad.data.errors import DataError
from gategrad.data.sources import PublishedFile

# RuntimeError: zipfile's for encrypted members, and those packed in ways that it doesn't know.
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error),
    RuntimeError,
)


def extract(archive: Path, files: Sequence[PublishedFile], target: Path) -> None:
    """Write `files` of the archive below `target`, under their own names.

    Only these members are read, and at most one byte more than their published size, so it does
    not matter what else an archive holds or which paths it names.

    Raises:
        DataError: the archive is damaged, or lacks a member.
    """
    sizes = {file.name: file.size for file in files}
    members = _zip_members if archive.name.endswith(".zip") else _tar_members
    try:
        for name, content in members(archive, sizes):
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            del sizes[name]
    except _BROKEN as error:
        raise DataError(f"{archive.name} is not a complete archive: {error}") from error
    if sizes:
        raise DataError(f"{archive.name} lacks {', '.join(sizes)}")


def _zip_members(archive: Path, sizes: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as opened:
        for name in [name for name in opened.namelist() if name in sizes]:
            with opened.open(name) as stream:
                yield name, stream.read(sizes[name] + 1)


def _tar_members(archive: Path, sizes: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive, "r:gz") as opened:
        for member in opened:
            if member.isfile() and member.name in sizes:
                stream = opened.extractfile(member)
                assert stream is not None, "a file has content"
                with stream:
                    yield member.name, stream.read(sizes[member.name] + 1)
