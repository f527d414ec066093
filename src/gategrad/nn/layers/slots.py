"""CompactLogic's layer: each gate chooses among slots of (function, wire a, wire b).

arXiv 2602.05830. Gates and wires are drawn, not learned; one softmax a gate weighs the slots, and
slots that lose are drawn anew while the network trains.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gategrad.nn.checks import (
    as_rows,
    float_dtype,
    known_name,
    layer_values,
    outside_graphs,
    positive_count,
)
from gategrad.nn.executors.description import LayerDescription, WireKind
from gategrad.nn.executors.native import HARD_SLOTS, SLOTS
from gategrad.nn.executors.plan import Run, compute
from gategrad.nn.executors.torch.polynomial import gate_polynomials
from gategrad.nn.gates.functions import N_FUNCTIONS, coefficients_from_tables
from gategrad.nn.gates.weight_kind import WeightKind
from gategrad.nn.kept import keep, mend, take_whole
from gategrad.nn.seeding import as_generator, place_of

ESTIMATORS = ("soft", "straight-through")
DEFAULT_SLOTS = 16
_DRAWN = ("slot_tables", "slot_wires")
KEEP_ABOVE = 0.95
REDRAW_BELOW = 0.4
# The winner's share after its rivals are drawn anew.
RESET_SHARE = 0.9


class _Chosen(NamedTuple):
    """The chosen gates as kernels of polynomials take them, see `GateBank`."""

    coefficients: Tensor

    @property
    def of_tables(self) -> bool:
        """Whether gates are tables."""
        return False

    def core_weights(self) -> tuple[Tensor, WeightKind, bool]:
        """As `GateBank.core_weights` in `.eval()`."""
        return self.coefficients[:, None], WeightKind.COEFFICIENTS, False


class SlotDense(nn.Module):
    """A layer of gates that are mixtures of `slots` drawn two-input gates.

    With `q = softmax(logits)` over the slots of a gate, the relaxed gate is
    `sum_s q_s f_s(x[a_s], x[b_s])`; the hard one is the slot of the largest logit, the first among
    equal ones. `.eval()` is the hard layer. `resample_slots` draws losing slots anew.

    Args:
        in_dim: width of the input, at least 1.
        out_dim: number of gates.
        slots: S, for each gate (16).
        estimator: "soft"; or "straight-through": the hard gates forward, the gradient of the
            logits of the mixture, that of the input through the chosen slot.
        seed: integer for all draws; without it and a generator, fresh entropy.
        generator: CPU generator that the draws advance.
        device: where everything lives; drawn on the CPU.
        dtype: floating type of the logits (torch's default one).

    Raises:
        ValueError: an unknown name, or a size below 1.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        *,
        slots: int = DEFAULT_SLOTS,
        estimator: str = "soft",
        seed: int | None = None,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_dim = positive_count("in_dim", in_dim)
        self.out_dim = positive_count("out_dim", out_dim)
        self.slots = positive_count("slots", slots)
        self.estimator = known_name("estimator", estimator, ESTIMATORS)
        dtype = float_dtype(dtype)
        device = place_of(device)
        tables, pins = _draw(self.in_dim, (out_dim, slots), as_generator(seed, generator))
        self.register_buffer("slot_tables", tables.to(device))
        self.register_buffer("slot_wires", pins.to(device))
        keep(self, *_DRAWN, fewest=1)
        self.logits = nn.Parameter(torch.zeros(out_dim, slots, device=device, dtype=dtype))

    # Of the input's gradient, as executors ask for it.
    grad_factor = 1.0

    @property
    def bank(self) -> _Chosen:
        """The gates of the hard layer."""
        return _Chosen(coefficients_from_tables(self.tables(), self.logits.dtype))

    def describe(self) -> LayerDescription:
        """The layer as a pass in training computes it."""
        return LayerDescription(
            n_in=self.in_dim,
            n_out=self.out_dim,
            inputs=2,
            weights=WeightKind.SLOTS,
            wires=WireKind.SLOTS,
            candidates=self.slots,
            hard_forward=self.estimator != "soft",
        )

    def forward(self, x: Tensor) -> Tensor:
        """Gate outputs (..., out_dim) of wires (..., in_dim), any leading dimensions."""
        x = layer_values(self, x, self.in_dim)
        mend(self, strict=True)
        if not self.training:
            rows = x if x.ndim == 2 else x.reshape(-1, self.in_dim)
            out = compute(Run((self,), rows), (HARD_SLOTS,))
            if out is not None:
                return out if x.ndim == 2 else out.reshape(*x.shape[:-1], self.out_dim)
        rows = as_rows(x.to(self.logits.dtype))
        return self._rows(rows).t().reshape(*x.shape[:-1], self.out_dim)

    def tables(self) -> Tensor:
        """Truth tables (out_dim,) int64 of the chosen slots."""
        mend(self, strict=True)
        return self.slot_tables.gather(1, self._choice())[:, 0]

    def wires(self) -> Tensor:
        """Wires (2, out_dim) int64 of the chosen slots."""
        mend(self, strict=True)
        return self.slot_wires.gather(2, self._choice().expand(2, -1, -1))[:, :, 0]

    def drawn(self) -> tuple[Tensor, Tensor]:
        """Truth tables (out_dim, slots) and wires (2, out_dim, slots) int64 of all slots."""
        mend(self, strict=True)
        return self.slot_tables, self.slot_wires

    @outside_graphs
    def _rows(self, rows: Tensor) -> Tensor:
        if (out := compute(Run((self,), rows), (SLOTS,))) is not None:
            return out
        hard = coefficients_from_tables(self.tables(), rows.dtype)
        if not self.training:
            return gate_polynomials(rows, self.wires(), hard, hard)
        share = torch.softmax(self.logits, 1)
        if self.estimator == "soft":
            return (share[:, :, None] * self._slot_values(rows)).sum(1)
        chosen = gate_polynomials(rows, self.wires(), hard, hard)
        mixture = (share[:, :, None] * self._slot_values(rows.detach())).sum(1)
        return chosen + mixture - mixture.detach()

    def _slot_values(self, rows: Tensor) -> Tensor:
        """What every slot computes, (out_dim, slots, batch)."""
        coefficients = coefficients_from_tables(self.slot_tables.flatten(), rows.dtype)
        values = gate_polynomials(rows, self.slot_wires.flatten(1), coefficients, coefficients)
        return values.view(self.out_dim, self.slots, rows.shape[1])

    def _choice(self) -> Tensor:
        return self.logits.detach().argmax(1, keepdim=True)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Tensor],
        prefix: str,
        local_metadata: dict[str, object],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """The slots of an average of one network as whole numbers; all else as torch does it."""
        if not take_whole(state_dict, [prefix + name for name in _DRAWN], error_msgs):
            return
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )
        keep(self, *_DRAWN, fewest=1)

    def _save_to_state_dict(
        self, destination: dict[str, Tensor], prefix: str, keep_vars: bool
    ) -> None:
        mend(self, strict=True)
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def extra_repr(self) -> str:
        """Sizes and settings, for printing."""
        return f"{self.in_dim}, {self.out_dim}, slots={self.slots}, estimator={self.estimator!r}"


@torch.no_grad()
def resample_slots(
    net: nn.Module, optimizer: Optimizer | None, *, generator: torch.Generator
) -> int:
    """Draw anew the slots of all gates whose choice has converged, and of those that never choose.

    A gate whose largest share is above 0.95 keeps that slot, at a share of 0.9, and draws the
    others anew; one whose largest share is below 0.4 draws all anew, at equal shares. Call it when
    the entropy of the shares no longer falls. The optimizer's moments of all slots that are drawn
    anew, and of a kept one, whose logit is reset, become 0.

    Args:
        net: any module; its `SlotDense` layers are resampled.
        optimizer: that trains it, such as Adam; None leaves moments alone.
        generator: CPU generator of the draws.

    Returns:
        How many slots were drawn anew.
    """
    return sum(
        _resample(module, optimizer, generator)
        for module in net.modules()
        if isinstance(module, SlotDense)
    )


def _resample(layer: SlotDense, optimizer: Optimizer | None, generator: torch.Generator) -> int:
    mend(layer, strict=True)
    top, winner = torch.softmax(layer.logits, 1).max(1)
    kept, lost = top > KEEP_ABOVE, top < REDRAW_BELOW
    # One slot has no rivals, and its share is always 1.
    changed = (kept | lost) if layer.slots > 1 else torch.zeros_like(kept)
    redrawn = changed[:, None].repeat(1, layer.slots)
    redrawn[kept, winner[kept]] = False
    tables, pins = _draw(layer.in_dim, redrawn.shape, generator)
    device = redrawn.device
    layer.slot_tables.copy_(torch.where(redrawn, tables.to(device), layer.slot_tables))
    layer.slot_wires.copy_(torch.where(redrawn, pins.to(device), layer.slot_wires))
    keep(layer, *_DRAWN, fewest=1)
    odds = RESET_SHARE / (1 - RESET_SHARE) * (layer.slots - 1)
    fresh = torch.zeros_like(layer.logits)
    fresh[kept, winner[kept]] = math.log(max(odds, 1.0))
    layer.logits.copy_(torch.where(changed[:, None], fresh, layer.logits))
    state = {} if optimizer is None else optimizer.state.get(layer.logits, {})
    for moment in state.values():
        if isinstance(moment, Tensor) and moment.shape == layer.logits.shape:
            moment[changed] = 0
    return int(redrawn.sum())


def _draw(in_dim: int, shape: tuple[int, int], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Tables (out_dim, slots) and wires (2, out_dim, slots), each balanced over all there are."""
    count = shape[0] * shape[1]
    with torch.device("cpu"):
        tables = torch.randperm(count, generator=generator) % N_FUNCTIONS
        pins = torch.randperm(2 * count, generator=generator) % in_dim
        order = torch.randperm(in_dim, generator=generator)
    return tables.view(shape), order[pins].view(2, *shape)
