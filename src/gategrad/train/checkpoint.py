"""Save a run's state, whole or not at all, and read it back."""

import io
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gategrad.model.atomic import write_atomic
from gategrad.train.errors import CheckpointError

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

# Plain dicts, lists, tensors and numbers: what torch.load(weights_only=True) takes.
State = dict[str, Any]
Path_ = str | os.PathLike

# Version 1 had no digest.
_VERSION, _UNSIGNED = 2, 1
_LONGEST_SHOWN = 60


def save(path: Path_, state: State, settings: State) -> None:
    """Write `state`, and the settings that a run which continues it must share.

    Raises:
        CheckpointError: the file can't be written there.
    """
    buffer = io.BytesIO()
    signed = {"settings": settings, "state": state}
    torch.save({"version": _VERSION, **signed, "digest": _digest(signed)}, buffer)
    try:
        write_atomic(path, buffer.getvalue())
    except OSError as error:
        kept = "; what it held before is whole, and resume goes on from it"
        raise CheckpointError(
            f"can't write checkpoint {os.fspath(path)!r}: {error}"
            + (kept if Path(path).is_file() else "")
        ) from error


def load(path: Path_, settings: State) -> State:
    """The state in `path`, tensors on the CPU.

    Raises:
        CheckpointError: there is no such file, it is damaged or no checkpoint, or of another run.
    """
    saved = _read(path)
    for name, here in settings.items():
        there = saved["settings"].get(name, here)
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
    if version not in (_UNSIGNED, _VERSION):
        raise CheckpointError(
            f"checkpoint {os.fspath(path)!r} has version {version!r}; this gategrad reads "
            f"{_UNSIGNED} and {_VERSION}: continue with the version that wrote it"
        )
    if not (isinstance(saved.get("settings"), dict) and isinstance(saved.get("state"), dict)):
        raise damaged(path, "it has no settings or no state")
    signed = {"settings": saved["settings"], "state": saved["state"]}
    if version == _VERSION and saved.get("digest") != _digest(signed):
        raise damaged(path, "its digest does not match its content")
    return saved


def damaged(path: Path_, why: str) -> CheckpointError:
    """The error for a file that is whole as a file, and no sound run."""
    return CheckpointError(
        f"checkpoint {os.fspath(path)!r} is damaged, or was changed: {why}; start without resume, "
        "with another file"
    )


def _digest(value: object) -> str:
    """A checksum over plain values and tensors, whatever order a file keeps them in."""
    digest = sha256()
    _feed(digest, value)
    return digest.hexdigest()


def _feed(digest: "Hash", value: object) -> None:
    if isinstance(value, Tensor):
        digest.update(f"{value.dtype}{tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    elif isinstance(value, Mapping):
        digest.update(f"dict{len(value)}".encode())
        for key, part in value.items():
            digest.update(repr(key).encode())
            _feed(digest, part)
    elif isinstance(value, (list, tuple)):
        digest.update(f"list{len(value)}".encode())
        for part in value:
            _feed(digest, part)
    else:
        digest.update(repr(value).encode())


def _differs(name: str, there: object, here: object) -> str:
    if max(len(str(there)), len(str(here))) > _LONGEST_SHOWN:
        return f"another {name}"
    return f"{name} was {there!r} there and is {here!r} here"
