"""Optimizers and learning-rate schedules by name."""

from collections.abc import Callable, Iterable
from math import cos, inf, pi

import torch
from torch import nn
from torch.optim import Optimizer

from gategrad.nn import parameter_groups
from gategrad.train.errors import TrainError

OptimizerChoice = str | Optimizer | Callable[[Iterable[nn.Parameter]], Optimizer]

OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
DEFAULT_LR = 0.03
_COSINE_END = 0.01


def make_optimizer(
    choice: OptimizerChoice,
    net: nn.Module,
    lr: float | None,
    wiring_lr: float | None = None,
    weight_decay: float | None = None,
) -> Optimizer:
    """The optimizer of a run; see `fit`.

    Raises:
        TrainError: an unknown name, a learning rate or decay for an optimizer that has its own, a
            decay of another than "adamw", or an optimizer that holds no weight of the network.
    """
    if isinstance(choice, str):
        lr = DEFAULT_LR if lr is None else lr
        return _by_name(choice, net, lr, wiring_lr, _decay(choice, weight_decay))
    own = {"lr": lr, "wiring_lr": wiring_lr, "weight_decay": weight_decay}
    for name, rate in own.items():
        if rate is not None:
            raise TrainError(
                f"{name}={rate!r} is for optimizers by name; set it where you make your own "
                "optimizer"
            )
    optimizer = choice if isinstance(choice, Optimizer) else choice(net.parameters())
    if not isinstance(optimizer, Optimizer):
        raise TrainError(
            f"optimizer is {choice!r}; expected {', '.join(map(repr, OPTIMIZERS))}, "
            "a torch optimizer, or a function from parameters to one"
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in net.parameters()):
        raise TrainError(
            "the optimizer holds none of the network's parameters; "
            "make it with net.parameters() of the network that you train"
        )
    return optimizer


def _decay(name: str, weight_decay: float | None) -> dict[str, float]:
    """The argument of the optimizer, if any."""
    if weight_decay is None:
        return {}
    if name != "adamw":
        raise TrainError(
            f"weight_decay={weight_decay!r} is for optimizer='adamw', not {name!r}, which would "
            "add it to the gradient"
        )
    if not 0 <= weight_decay < inf:
        raise TrainError(f"weight_decay is {weight_decay!r}; expected a number of at least 0")
    return {"weight_decay": float(weight_decay)}


def _by_name(
    name: str, net: nn.Module, lr: float, wiring_lr: float | None, decay: dict[str, float]
) -> Optimizer:
    if name not in OPTIMIZERS:
        raise TrainError(f"unknown optimizer {name!r}; known: {', '.join(OPTIMIZERS)}")
    if not lr > 0:
        raise TrainError(f"lr is {lr!r}; expected a number above 0, such as {DEFAULT_LR}")
    if wiring_lr is not None and not wiring_lr > 0:
        raise TrainError(f"wiring_lr is {wiring_lr}; expected a number above 0, such as 0.05")
    parameters = list(net.parameters())
    if not parameters:
        raise TrainError("the network has no weights; expected at least one nn.LogicDense")
    fused = all(p.device.type in ("cpu", "cuda") for p in parameters)
    try:
        groups = parameter_groups(net, lr=lr, wiring_lr=wiring_lr)
    except ValueError as error:
        raise TrainError(str(error)) from error
    return OPTIMIZERS[name](groups, lr=lr, fused=fused, **decay)


def _cosine(progress: float) -> float:
    return _COSINE_END + (1 - _COSINE_END) * (1 + cos(pi * progress)) / 2


def _constant(progress: float) -> float:
    return 1.0


# From the share of the steps done, 0 to 1, to the factor on the learning rate.
SCHEDULES: dict[str, Callable[[float], float]] = {"cosine": _cosine, "constant": _constant}


def schedule_factor(name: str) -> Callable[[float], float]:
    """The schedule of that name.

    Raises:
        TrainError: there is none; lists the known ones.
    """
    if name not in SCHEDULES:
        raise TrainError(f"unknown schedule {name!r}; known: {', '.join(SCHEDULES)}")
    return SCHEDULES[name]
