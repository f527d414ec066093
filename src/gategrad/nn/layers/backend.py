"""Who computes a network in training: the native core, Triton or plain torch."""

from torch import nn

from gategrad.nn.executors.plan import Run, plan
from gategrad.nn.registry import kind_of


def training_backend(net: nn.Module) -> str:
    """Who computes the logic layers of `net` in training, and why: a sentence for people.

    Nothing is computed and no module touched.

    Example:
        "native (avx512, torch's OpenMP threads)", "triton (cuda:0)" or
        "torch (the weights are torch.float64)".
    """
    runs = [
        (Run((module,), next(module.parameters()), training=True), kind.executors)
        for module in net.modules()
        if (kind := kind_of(module)) and kind.circuit and kind.executors is not None
    ]
    if not runs:
        return "torch (no logic layers)"
    plans = [plan(run, executors) for run, executors in runs]
    for (run, _), found in zip(runs, plans, strict=True):
        if found.executor is None:
            own = f"{type(run.layers[0]).__name__} has no kernels of its own"
            return f"torch ({found.reason or own})"
    return plans[0].executor.label(runs[0][0].x.device)
