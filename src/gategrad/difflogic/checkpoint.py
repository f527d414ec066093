"""difflogic's saved modules, read without running what a pickle may hold."""

import os
import pickle

import torch
from torch import Tensor, nn

from gategrad.difflogic.layers import GroupSum, LogicLayer


class _Theirs(nn.Module):
    """Stands for a module of difflogic's: its attributes, and nothing that runs."""


class _LogicLayer(_Theirs):
    pass


class _GroupSum(_Theirs):
    pass


# Classes that a saved network may name, and what is made instead; nothing else is let in.
_ALLOWED = [
    (_LogicLayer, "difflogic.difflogic.LogicLayer"),
    (_GroupSum, "difflogic.difflogic.GroupSum"),
    nn.Sequential,
    nn.Flatten,
    nn.Identity,
    set,
]


def load_module(
    path: str | os.PathLike, device: str | torch.device | None = "cpu"
) -> nn.Sequential:
    """A network that difflogic saved whole, with `torch.save(model, path)`, as one of ours.

    Its wires are in no `state_dict` of difflogic's, but in the pickled module. The file is read
    with torch's restricted unpickler: classes other than difflogic's two, `Sequential`, `Flatten`
    and `Identity` are refused, and no code of the file runs.

    Args:
        path: the file.
        device: of the network.

    Returns:
        `nn.Sequential` with `LogicLayer` and `GroupSum` of this package.

    Raises:
        ValueError: the file holds something else; says what, and what to do.
    """
    try:
        with torch.serialization.safe_globals(_ALLOWED):
            saved = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"{os.fspath(path)} is no network that difflogic saved whole: {reason}"
        ) from error
    if isinstance(saved, dict):
        raise ValueError(
            f"{os.fspath(path)} is a state_dict, and difflogic's has no wires: gates without them "
            "compute something else. Where it was trained, save the module: torch.save(model, path)"
        )
    if not isinstance(saved, nn.Sequential):
        raise ValueError(
            f"{os.fspath(path)} holds a {type(saved).__name__}; expected an nn.Sequential"
        )
    return nn.Sequential(*(_ours(module, device) for module in saved))


def _ours(module: nn.Module, device: str | torch.device | None) -> nn.Module:
    if isinstance(module, _GroupSum):
        return GroupSum(module.k, module.tau)
    if not isinstance(module, _LogicLayer):
        return module
    weights, indices = module.weights, torch.stack([i.to(torch.int64) for i in module.indices])
    _check(weights, indices, module.in_dim)
    layer = LogicLayer(
        max(module.in_dim, 2),
        len(weights),
        device=device,
        grad_factor=float(module.grad_factor),
        connections="random",
    )
    layer.load_state_dict({"weight": weights.float(), "indices": indices})
    return layer


def _check(weights: Tensor, indices: Tensor, in_dim: int) -> None:
    n = len(weights)
    if weights.shape != (n, 16) or indices.shape != (2, n):
        raise ValueError(
            f"a layer has weights {tuple(weights.shape)} and wires {tuple(indices.shape)}; "
            "expected (gates, 16) and (2, gates)"
        )
    if n and not 0 <= int(indices.min()) <= int(indices.max()) < in_dim:
        raise ValueError(f"a layer reads wires beyond its {in_dim} inputs; the file is damaged")
