"""torchlogix's dense checkpoints, read as our layers."""

import os
import pickle
import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gategrad.nn import GroupSum, LogicDense, Sequential
from gategrad.nn.checks import known_name

# Their names, ours.
_PARAMETRIZATIONS = {"raw": "raw", "light": "light-sigmoid", "warp": "walsh"}
_LAYER = re.compile(r"(?:(.*)\.)?(weight|connections\.indices|connections\.weights)")
# Buffers of a model left in export mode, which repeat what the others say.
_DERIVED = ("_export_lut_ids", "_export_indices")


@dataclass(frozen=True)
class _Saved:
    """What a checkpoint holds of one layer."""

    name: str
    weight: Tensor
    indices: Tensor
    candidates: Tensor | None


def load_torchlogix(
    path: str | os.PathLike,
    in_dim: int,
    classes: int,
    *,
    tau: float = 1.0,
    parametrization: str = "raw",
) -> Sequential:
    """A network of dense layers whose `state_dict` torchlogix 0.2 saved.

    Weights and wires are in it, the rest isn't and has to be said: the inputs, the classes, the
    temperature of the sums, the parametrization. Of learned wiring the chosen wires are taken. The
    file is read with torch's restricted unpickler; no code of it runs.

    Layers come in the order of the file, which is that of the model. On bits and in `.eval()` the
    network gives torchlogix's scores. What it computes between bits while training is the same for
    "raw" and "light"; for "warp" see `gategrad.nn.gates.parametrization.walsh`.

    Args:
        path: written by `torch.save(model.state_dict(), path)`.
        in_dim: width of the first layer's input.
        classes: groups of the GroupSum at the end.
        tau: of it.
        parametrization: "raw", "light" or "warp".

    Returns:
        `LogicDense` layers and a `GroupSum`.

    Raises:
        ValueError: the file holds no such layers, or they don't fit together; says what is wrong.
    """
    known_name("parametrization", parametrization, tuple(_PARAMETRIZATIONS))
    layers: list[nn.Module] = []
    for saved in _saved_layers(_state(path)):
        layers.append(_layer(saved, in_dim, parametrization))
        in_dim = len(saved.weight)
    if in_dim % classes:
        raise ValueError(f"the last layer has {in_dim} gates, which {classes} classes can't share")
    return Sequential(*layers, GroupSum(classes, tau=tau))


def _state(path: str | os.PathLike) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{os.fspath(path)} can't be read as a state_dict: {reason}") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(
            f"{os.fspath(path)} is no state_dict; save it with torch.save(model.state_dict(), path)"
        )
    return state


def _saved_layers(state: dict[str, Tensor]) -> list[_Saved]:
    parts: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        found = _LAYER.fullmatch(key)
        if found:
            parts.setdefault(found[1] or "", {})[found[2]] = value
        elif key.rpartition(".")[2] not in _DERIVED:
            raise ValueError(
                f"{key} is of no dense layer of torchlogix; only networks of LogicDense and "
                "GroupSum can be read"
            )
    if not parts:
        raise ValueError("there are no layers in the state_dict")
    made = []
    for name, part in parts.items():
        if not {"weight", "connections.indices"} <= part.keys():
            raise ValueError(f"layer {name!r} lacks weights or wires: it has {', '.join(part)}")
        candidates = part.get("connections.weights")
        made.append(_Saved(name, part["weight"], part["connections.indices"], candidates))
    return made


def _layer(saved: _Saved, in_dim: int, parametrization: str) -> LogicDense:
    wires = saved.indices
    if saved.candidates is not None:
        wires = wires.gather(0, saved.candidates.argmax(0, keepdim=True))[0]
    inputs = len(wires)
    columns = 16 if parametrization == "raw" else 1 << inputs
    if wires.ndim != 2 or saved.weight.shape != (wires.shape[1], columns):
        raise ValueError(
            f"layer {saved.name!r} has weights {tuple(saved.weight.shape)} and wires "
            f"{tuple(wires.shape)}; with parametrization={parametrization!r} expected "
            f"({wires.shape[-1]}, {columns}) weights"
        )
    # Their tables count the last input as the lowest bit, ours the first; ids of functions agree.
    wires = wires if parametrization == "raw" else wires.flip(0)
    layer = LogicDense(
        in_dim,
        len(saved.weight),
        inputs=inputs,
        parametrization=_PARAMETRIZATIONS[parametrization],
        connections=wires,
        seed=0,
    )
    with torch.no_grad():
        layer.weight.copy_(saved.weight)
    return layer
