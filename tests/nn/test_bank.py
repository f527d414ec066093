"""Gates apart from what they read, and the description of a layer that executors share."""

import pytest
import torch

from gategrad import nn
from gategrad.nn.executors.description import LayerDescription, WeightKind, WireKind
from gategrad.nn.gates.bank import GateBank
from gategrad.nn.gates.parametrization import LIGHT, RAW

ALL_TABLES = torch.arange(16)


@pytest.mark.parametrize("kind", [RAW, LIGHT], ids=lambda kind: kind.name)
def test_tables_become_weights_and_back(kind) -> None:
    bank = GateBank(kind, torch.zeros(16, kind.n_parameters))
    bank.set_tables(ALL_TABLES, strength=0.9)
    assert torch.equal(bank.tables(), ALL_TABLES)
    forward, soft = bank._replace(training=False).coefficients()
    assert forward is soft
    at_ones = forward.sum(1)
    assert torch.equal(at_ones, (ALL_TABLES >> 3).to(at_ones.dtype))


def test_a_bank_is_a_view_of_the_layer() -> None:
    layer = nn.LogicDense(6, 4, seed=0, estimator="straight-through")
    bank = layer.bank
    assert bank.weight is layer.weight
    assert bank.hard_forward
    assert not bank.hard
    layer.frozen = True
    assert layer.bank.hard
    with pytest.raises(AttributeError):
        bank.frozen = True


def test_weights_may_be_shared_over_positions() -> None:
    """Three kernels at five positions: fifteen outputs, whose weights are three gates'."""
    bank = GateBank(LIGHT, torch.randn(3, 4, generator=torch.Generator().manual_seed(0)))
    description = LayerDescription(10, 15, 2, bank.weight_kind, positions=5)
    assert description.n_gates == 3
    description.check(tuple(bank.weight.shape), (2, 15))
    forward, _ = bank.coefficients()
    assert forward.repeat_interleave(description.positions, 0).shape == (15, 4)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, WeightKind.LOGITS),
        ({"gates": "no-xor"}, WeightKind.LOGITS),
        ({"parametrization": "covjac"}, WeightKind.LOGITS),
        ({"parametrization": "light"}, WeightKind.LIGHT),
        ({"parametrization": "walsh"}, WeightKind.COEFFICIENTS),
        ({"parametrization": "multilinear"}, WeightKind.COEFFICIENTS),
        ({"parametrization": "light", "inputs": 4}, WeightKind.LIGHT_ENTRIES),
        ({"parametrization": "light", "estimator": "efd"}, WeightKind.LIGHT_ENTRIES),
        ({"parametrization": "dwn", "inputs": 6, "estimator": "efd"}, WeightKind.ENTRIES),
    ],
)
@pytest.mark.parametrize("estimator", ["soft", "straight-through"])
def test_weights_are_what_they_are_called(options, kind, estimator) -> None:
    layer = nn.LogicDense(12, 8, seed=0, **{"estimator": estimator, **options})
    description = layer.describe()
    assert description.weights is kind
    assert description.hard_forward == (layer.estimator != "soft")
    if kind.of_tables:
        weight = layer.weight
    else:
        weight, named, hard = layer.bank.core_weights()
        assert (named, hard) == (kind, description.hard_forward)
    description.check(tuple(weight.shape), tuple(layer.wires().shape))


def test_wires_are_described() -> None:
    fixed = nn.LogicDense(8, 6, seed=0, grad_factor=2.0).describe()
    assert (fixed.wires, fixed.wires_shape, fixed.grad_factor) == (WireKind.FIXED, (2, 6), 2.0)
    learned = {"connections": "learned", "candidates": 4, "seed": 0}
    chosen = nn.LogicDense(8, 6, **learned)
    assert chosen.describe().wires is WireKind.CHOSEN
    assert chosen.describe().wires_shape == tuple(chosen.wiring.candidates.shape)
    assert chosen.eval().describe().wires is WireKind.FIXED
    mixed = nn.LogicDense(8, 6, wire_estimator="soft", **learned).describe()
    assert mixed.wires is WireKind.MIXED
    slots = nn.SlotDense(8, 6, slots=5, seed=0)
    slots.describe().check(tuple(slots.logits.shape), tuple(slots.slot_wires.shape))


def test_arrays_that_do_not_fit_are_refused() -> None:
    description = LayerDescription(8, 6, 2, WeightKind.LOGITS)
    with pytest.raises(ValueError, match=r"weights are \(6, 4\); expected \(6, 16\) for 6 gates"):
        description.check((6, 4), (2, 6))
    with pytest.raises(ValueError, match=r"wires are \(6, 2\); expected \(2, 6\)"):
        description.check((6, 16), (6, 2))
