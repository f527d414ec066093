"""What an export made: texts or bytes by file name, written whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gategrad.export.errors import ExportError


@dataclass(frozen=True)
class Artifact:
    """Files by name.

    Attributes:
        files: content by name; text is written as UTF-8.
    """

    files: Mapping[str, str | bytes]

    def __getitem__(self, name: str) -> str | bytes:
        """The content of one file."""
        return self.files[name]

    def write(self, folder: str | os.PathLike) -> list[Path]:
        """Write all files into a folder, made where it is missing.

        Each file is complete under another name before the first one replaces what was there.

        Returns:
            The paths, in the order of `files`.

        Raises:
            ExportError: the folder or a file can't be written; says which.
        """
        folder = Path(folder)
        return self.write_as({name: folder / name for name in self.files})

    def write_as(self, paths: Mapping[str, str | os.PathLike]) -> list[Path]:
        """Write the files named in `paths`, each to its path; as `write`."""
        written: list[tuple[str, Path]] = []
        targets = {name: Path(path) for name, path in paths.items()}
        try:
            for name, path in targets.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                written.append((_temporary(path, _bytes(self.files[name])), path))
            for temporary, path in written:
                os.replace(temporary, path)
        except OSError as error:
            raise ExportError(f"can't write {os.fspath(path)!r}: {error.strerror}") from error
        finally:
            for temporary, _ in written:
                Path(temporary).unlink(missing_ok=True)
        return list(targets.values())


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _temporary(path: Path, content: bytes) -> str:
    """A file beside `path` with this content, on the disk."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return name
