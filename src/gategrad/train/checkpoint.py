"""Save a run's state, whole or not at all, and read it back."""

import io
import os
from pathlib import Path
from typing import Any

import torch

from gategrad.model.atomic import write_atomic
from gategrad.train.errors import CheckpointError

# Plain dicts, lists, tensors and numbers: what torch.load(weights_only=True) takes.
State = dict[str, Any]
Path_ = str | os.PathLike

_VERSION = 1
_LONGEST_SHOWN = 60


def save(path: Path_, state: State, settings: State) -> None:
    """Write `state`, and the settings that a run which continues it must share.

    Raises:
        CheckpointError: the file can't be written there.
    """
    buffer = io.BytesIO()
    torch.save({"version": _VERSION, "settings": settings, "state": state}, buffer)
    try:
        write_atomic(path, buffer.getvalue())
    except OSError as error:
        raise CheckpointError(f"can't write checkpoint {os.fspath(path)!r}: {error}") from error


def load(path: Path_, settings: State) -> State:
    """The state in `path`, tensors on the CPU.

    Raises:
        CheckpointError: there is no such file, it is damaged or no checkpoint, or of another run.
    """
    saved = _read(path)
    for name, here in settings.items():
        there = saved["settings"].get(name)
        if there != here:
            raise CheckpointError(
                f"checkpoint {os.fspath(path)!r} is of another run: {_differs(name, there, here)}; "
                "use the settings that it was made with, or another file"
            )
    return saved["state"]


def check_absent(path: Path_) -> None:
    """Refuse to write over a run that could be continued.

    Raises:
        CheckpointError: there is a file at `path`.
    """
    if Path(path).exists():
        raise CheckpointError(
            f"there already is a file at checkpoint {os.fspath(path)!r}; "
            "continue that run with resume, delete it, or name another file"
        )


def _read(path: Path_) -> State:
    if not Path(path).is_file():
        raise CheckpointError(
            f"there is no checkpoint {os.fspath(path)!r} to resume from; "
            "check the name, or start without resume"
        )
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        version = saved["version"]
    except Exception as error:  # torch.load fails in many ways on a file that is none of its own
        raise CheckpointError(
            f"{os.fspath(path)!r} is no checkpoint, or a damaged one: start without resume, "
            f"with another file ({type(error).__name__})"
        ) from error
    if version != _VERSION:
        raise CheckpointError(
            f"checkpoint {os.fspath(path)!r} has version {version!r}; this gategrad reads "
            f"{_VERSION}: continue with the version that wrote it"
        )
    return saved


def _differs(name: str, there: object, here: object) -> str:
    if max(len(str(there)), len(str(here))) > _LONGEST_SHOWN:
        return f"another {name}"
    return f"{name} was {there!r} there and is {here!r} here"
