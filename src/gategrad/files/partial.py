"""An output that is not complete yet, beside its place, and the note of how far it is."""

import errno
import hashlib
import json
import os
import stat
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, Self

from gategrad.files.errors import FileError
from gategrad.model.atomic import write_atomic

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

# Seconds between notes: what a run that is killed loses at most.
SAVE_SECONDS = 1.0
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Mark:
    """How far a run is: the input and the row in it that come next, what the reader remembers.

    `rows` is the number of all rows so far, `size` that of the bytes written.
    """

    input: int = 0
    row: int = 0
    memory: Any = None
    rows: int = 0
    size: int = 0


class Partial:
    """`.NAME.partial` beside the output NAME, and `.NAME.partial.json`.

    The note holds what the run is, `run`, and the last mark; what it marks is on disk before the
    note says so. One process at a time may hold the file.

    Args:
        out: where the output goes in the end.
        run: what must be equal for a run to be continued, as JSON; None for one that can't be.
    """

    def __init__(self, out: Path, run: dict[str, Any] | None) -> None:
        self.target = Path(os.path.realpath(out))
        self.path = partial_path(out)
        self.note = self.path.with_name(self.path.name + ".json")
        self._converted = self.path.with_name(self.path.name + ".converted")
        self._run = run
        self._content = _Checksum(self.path)
        self.mark = Mark()
        self.file: BinaryIO

    def __enter__(self) -> Self:
        """Open the file, for this process alone; its content is as it was."""
        self.file = self._locked()
        # Whoever held the lock before may have put its finished file, this one, into its place.
        while not self._is_ours():
            self.file.close()
            self.file = self._locked()
        self._saved = monotonic()
        self._untouched = False
        return self

    def _locked(self) -> BinaryIO:
        """The file at `path`, locked; never what a link leads to."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            handle = os.open(self.path, flags, 0o666)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise self._no_file() from error
            raise
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise self._no_file()
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise FileError(
                f"another process is writing {self.target}; wait for it, or name another output"
            ) from error
        except BaseException:
            os.close(handle)
            raise
        return os.fdopen(handle, "r+b")

    def _no_file(self) -> FileError:
        return FileError(
            f"{self.path} is no regular file, so the output can't grow there; remove it, or name "
            "another output"
        )

    def _is_ours(self) -> bool:
        """Whether the file that is locked is still the one at `path`."""
        try:
            found = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(self.file.fileno()), found)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Keep what can be continued, where the run was cut short and not refused; else nothing."""
        with self.file:
            if self._untouched and self.note.exists():
                return
            kept = kind is not None and issubclass(kind, (KeyboardInterrupt, OSError, MemoryError))
            if kept and self._run is not None and self.mark.rows:
                with suppress(OSError):
                    self._save()
                return
            ours = self._is_ours()
            # Under the lock, so that nothing of the next process goes; Windows can't remove it yet.
            if ours and fcntl is not None:
                self._remove()
        if ours and fcntl is None:
            self._remove()

    def why_not(self) -> str | None:
        """Why the file can't be continued; None where it can, and `mark` is where."""
        try:
            note = json.loads(self.note.read_bytes())
            was, mark, content = note["run"], Mark(**note["mark"]), note["content"]
            intact = note == _signed(was, note["mark"], content)
        except FileNotFoundError:
            return "there is no interrupted run"
        except (ValueError, TypeError, KeyError):
            return "the note of the interrupted run is damaged"
        if not intact:
            return "the note of the interrupted run was changed"
        if self._run is None:
            return "standard input can't be read from the middle"
        for key, what in DIFFERENCES.items():
            if was.get(key) != self._run[key]:
                return f"the interrupted run had {what}"
        if self._content.up_to(mark.size) != content:
            return "the interrupted run's output is damaged"
        self.mark = mark
        return None

    def leave(self) -> None:
        """Leave what an interrupted run has left as it is."""
        self._untouched = True

    def start(self, *, size: int) -> None:
        """Cut the file to `size` bytes, of a run to continue or 0, and go to its end."""
        if not size:
            self.note.unlink(missing_ok=True)
            self.mark = Mark()
            self._content = _Checksum(self.path)
        self.file.truncate(size)
        self.file.seek(size)

    def advance(self, mark: Mark) -> None:
        """Rows were written up to `mark`; it is saved now and then."""
        self.mark = mark
        if self._run is not None and monotonic() - self._saved >= SAVE_SECONDS:
            self._save()

    def _save(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        content = self._content.up_to(self.mark.size)
        note = json.dumps(_signed(self._run, asdict(self.mark), content))
        # A link in its place would lead elsewhere.
        if self.note.is_symlink():
            self.note.unlink()
        write_atomic(self.note, note.encode())
        self._saved = monotonic()

    def complete(self, convert: Any) -> None:
        """Put the finished file, or what `convert(file, other)` makes of it, into its place."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self._converted.unlink(missing_ok=True)
        converted = convert(self.path, self._converted)
        # Before another process may begin the next one.
        self.note.unlink(missing_ok=True)
        os.replace(self._converted if converted else self.path, self.target)

    def _remove(self) -> None:
        for path in (self.note, self._converted, self.path):
            with suppress(OSError):
                path.unlink()


class _Checksum:
    """SHA-256 of the beginning of a file that grows; what was read once isn't read again."""

    def __init__(self, path: Path) -> None:
        self._path, self._sum, self._size = path, hashlib.sha256(), 0

    def up_to(self, size: int) -> str | None:
        """The checksum of the first `size` bytes; None where the file is shorter, or was longer."""
        if size < self._size:
            return None
        with self._path.open("rb") as file:
            file.seek(self._size)
            while self._size < size:
                part = file.read(min(_READ_BYTES, size - self._size))
                if not part:
                    return None
                self._sum.update(part)
                self._size += len(part)
        return self._sum.hexdigest()


def _signed(run: Any, mark: Any, content: Any) -> dict[str, Any]:
    """The note, with a checksum over all that it says."""
    note = {"run": run, "mark": mark, "content": content}
    text = json.dumps(note, sort_keys=True)
    return note | {"checksum": hashlib.sha256(text.encode()).hexdigest()}


DIFFERENCES = {
    "gategrad": "another version of gategrad",
    "model": "another model",
    "inputs": "other inputs, or they have changed",
    "scores": "another choice between labels and scores",
}


def partial_path(out: str | os.PathLike) -> Path:
    """Where an output is while it is not complete."""
    target = Path(os.path.realpath(out))
    return target.with_name(f".{target.name}.partial")
