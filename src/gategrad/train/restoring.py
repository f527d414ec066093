"""Whether a checkpoint's state fits a run: its keys, and the shapes of all its tensors."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

_KEYS = {
    "net": dict,
    "best_weights": dict,
    "optimizer": dict,
    "random": Tensor,
    "random_gpu": (Tensor, type(None)),
    "step": int,
    "seconds": (int, float),
    "history": list,
    "best": (int, type(None)),
    "loss": list,
}


class RestoreError(ValueError):
    """Why a state can't be continued."""


def check_state(
    state: Mapping[str, Any], net: nn.Module, optimizer: Optimizer, *, averaged: bool = False
) -> None:
    """Raise RestoreError unless `state` can be loaded into the network and its optimizer.

    `averaged`: there is an average of the weights too.
    """
    for key, kind in _KEYS.items():
        if key not in state or not isinstance(state[key], kind):
            raise RestoreError(f"its {key!r} is missing or of another type")
    if state["step"] < 0:
        raise RestoreError(f"its step is {state['step']}")
    _check_history(state)
    # What a module keeps beside its tensors has no shape.
    own = net.state_dict()
    expected = {name: tuple(v.shape) if isinstance(v, Tensor) else None for name, v in own.items()}
    _check_tensors("weights", state["net"], expected)
    if state["best"] is not None:
        _check_tensors("best weights", state["best_weights"], expected)
    if averaged:
        shapes = {name: tuple(weight.shape) for name, weight in net.named_parameters()}
        found = state.get("average")
        _check_tensors("averaged weights", found if isinstance(found, dict) else {}, shapes)
    _check_optimizer(state["optimizer"], optimizer)
    if state["random"].dtype != torch.uint8 or state["random"].shape != torch.get_rng_state().shape:
        raise RestoreError("its random state is none")


def _check_history(state: Mapping[str, Any]) -> None:
    n, best = len(state["history"]), state["best"]
    if not n or not all(isinstance(e, list) and len(e) == 6 for e in state["history"]):
        raise RestoreError("its history is none")
    for step, loss, soft, hard, gates, figure in state["history"]:
        numbers = all(map(_is_number, (step, loss, soft, hard, gates or 0)))
        if not numbers or not isinstance(figure, str):
            raise RestoreError("its history holds something else than figures")
    if not all(map(_is_number, (*state.get("hard_losses", []), *state["loss"]))):
        raise RestoreError("its losses are no numbers")
    if best is not None and not 0 <= best < n:
        raise RestoreError(f"its best evaluation is number {best} of {n}")
    if len(state.get("hard_losses", state["history"])) != n or len(state["loss"]) != 2:
        raise RestoreError("its losses are not those of its history")


def _check_tensors(what: str, found: Mapping[str, Any], expected: Mapping[str, tuple]) -> None:
    if found.keys() != expected.keys():
        different = min(found.keys() ^ expected.keys())
        raise RestoreError(f"its {what} and those of the network differ in {different!r}")
    for name, shape in expected.items():
        if shape is None:
            continue
        if isinstance(found[name], Tensor) and found[name].is_complex():
            raise RestoreError(f"its {what} have complex numbers for {name!r}")
        if not isinstance(found[name], Tensor) or tuple(found[name].shape) != shape:
            got = getattr(found[name], "shape", type(found[name]).__name__)
            got = tuple(got) if isinstance(got, torch.Size) else got
            raise RestoreError(f"its {what} have {got} for {name!r}; expected {shape}")


def _check_optimizer(found: Mapping[str, Any], optimizer: Optimizer) -> None:
    """Groups of as many parameters, and for each parameter what has its shape or is one number."""
    groups = [list(group["params"]) for group in optimizer.state_dict()["param_groups"]]
    try:
        there = [list(group["params"]) for group in found["param_groups"]]
        states = dict(found["state"])
    except (KeyError, TypeError, ValueError):
        raise RestoreError("its optimizer has no groups or no state") from None
    if there != groups:
        raise RestoreError("its optimizer has other groups of parameters")
    for group, own in zip(found["param_groups"], optimizer.param_groups, strict=True):
        _check_settings(group, own)
    numbers = [number for group in groups for number in group]
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    shapes = dict(zip(numbers, (tuple(p.shape) for p in parameters), strict=True))
    for number, values in states.items():
        if number not in shapes or not isinstance(values, Mapping):
            raise RestoreError(f"its optimizer has a state for parameter {number!r}, which is none")
        _check_moments(number, values, shapes[number], optimizer)


def _check_settings(found: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """The rates of a group are those of the moment; all else is what the run is made with."""
    if found.keys() != own.keys() and found.keys() - own.keys() != {"initial_lr"}:
        raise RestoreError("its optimizer has other settings")
    for name, value in found.items():
        if name in ("lr", "initial_lr"):
            if not _is_number(value):
                raise RestoreError(f"its optimizer has the {name} {value!r}")
        elif name != "params" and value != own[name]:
            raise RestoreError(f"its optimizer has {name} {value!r}; the run has {own[name]!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_moments(
    number: int, values: Mapping[str, Any], shape: tuple[int, ...], optimizer: Optimizer
) -> None:
    # Others keep what they like; these abort the process where a moment has another shape.
    same = isinstance(optimizer, (torch.optim.Adam, torch.optim.AdamW))
    if same and not {"step", "exp_avg", "exp_avg_sq"} <= values.keys():
        raise RestoreError(f"its optimizer lacks moments of parameter {number}")
    for name, value in values.items():
        wanted = () if name == "step" else shape
        if isinstance(value, Tensor) and value.is_complex():
            raise RestoreError(f"its optimizer has a complex {name} for parameter {number}")
        if same and (not isinstance(value, Tensor) or tuple(value.shape) != wanted):
            got = tuple(value.shape) if isinstance(value, Tensor) else value
            raise RestoreError(
                f"its optimizer has {name} of shape {got} for parameter {number}; expected {wanted}"
            )
