"""Errors that a user can mend, each as a sentence; all others are ours and show a traceback."""

import errno
import tempfile
from pathlib import Path

from gategrad.engine.cores import usable_cores
from gategrad.engine.isa import choose, wanted_code


class CommandError(ValueError):
    """What a user asked for can't be done; the message says why and what to do instead."""


def explain(error: BaseException) -> str | None:
    """The sentence for the user, or None where the error is a defect of the program.

    Every ValueError of gategrad's own is the user's to mend, and only those.
    """
    if isinstance(error, ValueError) and type(error).__module__.startswith("gategrad."):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    # Whoever read our output through a pipe has seen enough: that is nobody's error.
    if isinstance(error, OSError) and error.errno != errno.EPIPE:
        return _of_the_system(error)
    if isinstance(error, MemoryError) or _is_torch_out_of_memory(error):
        return "not enough memory; take a smaller network, batch or file"
    return None


def require_torch() -> None:
    """Raise CommandError where torch can't be imported, or no engine can run."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise CommandError(
            f"training needs PyTorch, which can't be imported here ({error}): "
            "pip install gategrad[train]"
        ) from error
    require_engine()


def require_engine() -> None:
    """Raise CommandError where GATEGRAD_ISA, _CODE or _THREADS asks for what isn't there."""
    try:
        wanted_code(choose()[0])
        usable_cores()
    except ValueError as error:
        raise CommandError(str(error)) from error


def require_writable(path: Path) -> None:
    """Raise CommandError where no file can be made at `path`, before work is spent on it."""
    if path.is_dir():
        raise CommandError(f"can't write {path}: it is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise CommandError(f"can't write {path}: it is no regular file; name another")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> CommandError:
    """The error for an output file that can't be written."""
    reason = error.strerror or error
    return CommandError(
        f"can't write {path}: {reason}; name a file in a folder that can be written"
    )


def _of_the_system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _is_torch_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)
