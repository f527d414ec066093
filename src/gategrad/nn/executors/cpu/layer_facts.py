"""What shapes tell of a layer of a pass; kept, and without torch, so that no tensor is."""

from functools import lru_cache
from typing import NamedTuple

from gategrad import _core

# What a gate's weights are, by the core's names, which say more of each.
KINDS = {name: getattr(_core.WeightKind, name) for name in _core.WeightKind.__members__}
TABLES = ("light_entries", "entries")
UNFIT = "wires and weights of a layer must fit, in one dtype for all layers"


class LayerFacts(NamedTuple):
    """A layer of a pass as far as its arrays' shapes tell, and what follows from them.

    Attributes:
        core: what the core is told.
        wires_shape: of its wires.
        weight_shape: of its weights.
        coefficients: numbers that its gates are, in all.
        work: numbers that a sample costs.
    """

    core: _core.LayerDescription
    wires_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    coefficients: int
    work: int


@lru_cache(maxsize=1024)
def layer_facts(
    kind: str,
    hard: bool,
    grad_factor: float,
    smoothing: float,
    n_in: int,
    weight_shape: tuple[int, ...],
    wires_shape: tuple[int, ...] | None,
    window: _core.Window | None,
) -> LayerFacts:
    """The same for every step: the steps of a small network take less time than this does."""
    n_gates = weight_shape[0] if window is None else window.n_gates
    inputs = weight_shape[1].bit_length() - 1 if kind in TABLES else 2
    expected = _weight_shape(kind, inputs, n_gates, hard)
    if weight_shape != expected:
        raise ValueError(f"weights are {tuple(weight_shape)}; expected {expected} of {kind}")
    n_out = n_gates if window is None else window.n_out
    nodes = 1 if window is None else max(1, n_gates // window.out_channels)
    numbers = _numbers(kind, inputs)
    core = _core.LayerDescription(
        weights=KINDS[kind], inputs=inputs, n_in=n_in, n_out=n_out, straight_through=hard,
        grad_factor=grad_factor, smoothing=smoothing, window=window,
    )  # fmt: skip
    lists = (core.pins, core.n_lists)
    if wires_shape is not None and wires_shape != lists:
        raise ValueError(UNFIT)
    return LayerFacts(core, lists, expected, numbers * n_gates, n_out * nodes * numbers)


def _weight_shape(kind: str, inputs: int, n_gates: int, hard: bool) -> tuple[int, ...]:
    if kind == "coefficients":
        return n_gates, 2 if hard else 1, 4
    return n_gates, 16 if kind == "logits" else _numbers(kind, inputs)


def _numbers(kind: str, inputs: int) -> int:
    """Coefficients of a gate."""
    return 1 << inputs if kind in TABLES else 4
