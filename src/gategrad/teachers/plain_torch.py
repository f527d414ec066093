"""`.pt` files, read without running code from them."""

import os
import warnings
import zipfile
from pathlib import Path

import torch
from torch import nn

from gategrad.teachers.errors import TeacherError, first_line

# Layers that a file may hold: what they are is known, so that a file only brings their numbers.
PLAIN = (
    nn.Sequential, nn.Identity, nn.Flatten, nn.Unflatten, nn.Linear, nn.Conv1d, nn.Conv2d,
    nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm, nn.ReLU, nn.ReLU6, nn.LeakyReLU,
    nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Hardtanh, nn.Softmax, nn.LogSoftmax,
    nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d, nn.Dropout, nn.Dropout1d, nn.Dropout2d,
)  # fmt: skip


def load_network(path: str | os.PathLike) -> nn.Module:
    """The network in a `.pt` file, on the CPU, in `.eval()`.

    Args:
        path: of TorchScript, or of a `torch.nn.Sequential` of torch's plain layers that
            `torch.save(network, path)` wrote.

    Raises:
        TeacherError: a file that holds something else; says what to do.
    """
    path = Path(path)
    if not path.is_file():
        raise TeacherError(f"there is no network {str(path)!r}; check the name")
    try:
        scripted = _is_scripted(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            found = torch.jit.load(path, map_location="cpu") if scripted else _read(path)
    except Exception as error:  # torch fails in many ways on a file that is none of its own
        raise TeacherError(
            f"can't read the network {str(path)!r} without running code from it: expected "
            "TorchScript, or a torch.nn.Sequential of torch's own layers that torch.save wrote "
            f"whole ({type(error).__name__}: {first_line(error)})"
        ) from error
    if isinstance(found, dict):
        raise TeacherError(
            f"{str(path)!r} holds weights without their network; build it in Python, load them by "
            "load_state_dict(torch.load(path, weights_only=True)), and give the module as teacher, "
            "or save it whole by torch.save(network, path)"
        )
    if not isinstance(found, nn.Module):
        raise TeacherError(f"{str(path)!r} holds a {type(found).__name__}; expected a network")
    # What torch.jit.freeze made has no modes.
    return found.eval() if hasattr(found, "training") else found


def _is_scripted(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


def _read(path: Path) -> object:
    with torch.serialization.safe_globals(list(PLAIN)):
        return torch.load(path, map_location="cpu", weights_only=True)
