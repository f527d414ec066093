"""Wires that are learned straight-through, as fixed ones for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from gategrad.nn.layers.dense import LogicDense


@contextmanager
def fixed_wires(net: nn.Module) -> Iterator[None]:
    """Layers of `net` that learn their wires straight-through have the chosen ones meanwhile.

    Their outputs are the same, as of layers with fixed wiring: wires are chosen once and not at
    every call, and soft gates on any values run in the native core. Logits get no gradient.
    """
    layers = [
        module
        for module in net.modules()
        if isinstance(module, LogicDense)
        and module.wiring is not None
        and module.wiring.estimator == "straight-through"
    ]
    wirings = [layer.wiring for layer in layers]
    try:
        for layer in layers:
            wires, layer.wiring = layer.wires(), None
            layer.register_buffer("indices", wires, persistent=False)
        yield
    finally:
        for layer, wiring in zip(layers, wirings, strict=True):
            layer.wiring = wiring
            layer._buffers.pop("indices", None)
            layer._non_persistent_buffers_set.discard("indices")
