"""Expected live gates: against enumeration, and against the circuit of a hardened network."""

import itertools

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.circuit import live_gates
from gategrad.nn.measures.operand_use import operand_use, use_of_entries


def _depends(table: int) -> tuple[bool, bool]:
    w = [table >> i & 1 for i in range(4)]
    return w[0] != w[1] or w[2] != w[3], w[0] != w[2] or w[1] != w[3]


def test_use_of_entries_is_the_sum_over_all_tables() -> None:
    entries = torch.rand(7, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    both, either = use_of_entries(entries)
    expected = torch.zeros(3, 7, dtype=torch.float64)
    for bits in itertools.product((0, 1), repeat=4):
        p = torch.stack([e if b else 1 - e for b, e in zip(bits, entries.T, strict=True)]).prod(0)
        a, b = _depends(sum(bit << i for i, bit in enumerate(bits)))
        expected += p * torch.tensor([[a and b], [a], [b]])
    assert torch.allclose(torch.cat([both[None], either]), expected)


@pytest.mark.parametrize("parametrization", ["raw", "light"])
@pytest.mark.parametrize("table", range(16))
def test_a_sure_gate_uses_the_operands_of_its_table(parametrization: str, table: int) -> None:
    circuit = gg.Circuit(2, [[2, 3]], [table], [4])
    net = nn.LogicGraph(circuit, parametrization=parametrization, strength=1 - 1e-6)
    both, either = (t.detach() for t in operand_use(net.levels[0].gates.bank))
    a, b = _depends(table)
    found = [round(float(v), 3) for v in (*both, *either.flatten())]
    assert found == [a and b, a, b]


@pytest.mark.parametrize("parametrization", ["raw", "light"])
def test_equals_the_live_gates_of_an_optimized_circuit(parametrization: str) -> None:
    net = torch.nn.Sequential(
        nn.LogicDense(30, 200, seed=0), nn.LogicDense(200, 100, seed=1), nn.GroupSum(10)
    )
    model = gg.discretize(net).optimize()
    sure = nn.from_circuit(model, parametrization=parametrization, strength=1 - 1e-6)
    assert float(nn.expected_gates(sure).detach()) == pytest.approx(
        live_gates(model.circuit), rel=1e-3
    )


def test_gates_that_nothing_reads_do_not_count() -> None:
    first = nn.LogicDense(4, 50, seed=0)
    second = nn.LogicDense(50, 1, connections=np.array([[3], [7]]), seed=1)
    both = operand_use(first.bank)[0].detach()
    own, use = (t.detach() for t in operand_use(second.bank))
    expected = own[0] + use[0, 0] * both[3] + use[1, 0] * both[7]
    found = nn.expected_gates(torch.nn.Sequential(first, second))
    assert float(found.detach()) == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("parametrization", ["raw", "light"])
def test_gradient(parametrization: str) -> None:
    options = {"parametrization": parametrization, "dtype": torch.float64}
    net = torch.nn.Sequential(
        nn.LogicDense(4, 6, seed=0, **options), nn.LogicDense(6, 4, seed=1, **options)
    )
    weights = [layer.weight for layer in net]

    def count(*values: torch.Tensor) -> torch.Tensor:
        named = {"0.weight": values[0], "1.weight": values[1]}
        wrapped = _Counting(net)
        return torch.func.functional_call(wrapped, {f"net.{k}": v for k, v in named.items()})

    assert torch.autograd.gradcheck(count, weights)


class _Counting(torch.nn.Module):
    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self) -> torch.Tensor:
        return nn.expected_gates(self.net)


def test_a_network_without_gates_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no layer of gates to count; expected at least one"):
        nn.expected_gates(torch.nn.Flatten())


def test_a_layer_of_one_gate_is_as_sure_as_its_gate_set() -> None:
    layer = nn.LogicDense(8, 100, gates=("nand",), seed=0)
    assert float(nn.expected_gates(layer).detach()) == pytest.approx(100, abs=1e-3)


@pytest.mark.parametrize("parametrization", ["raw", "light", "covjac"])
def test_frozen_gates_count_as_what_they_are(parametrization: str) -> None:
    layer = nn.LogicDense(8, 100, parametrization=parametrization, init="heavy-tail", seed=0)
    layer.frozen = True
    model = gg.discretize(layer)
    assert float(nn.expected_gates(layer).detach()) == live_gates(model.circuit)


def test_learned_wires_count_as_they_are_chosen_now() -> None:
    learned, fixed, generator = [], [], torch.Generator().manual_seed(2)
    for seed, (a, b) in enumerate([(30, 200), (200, 100)]):
        options = {"connections": "learned", "candidates": 5, "seed": seed}
        learned.append(nn.LogicDense(a, b, **options))
        with torch.no_grad():
            learned[-1].wiring.logits.normal_(generator=generator)
        fixed.append(nn.LogicDense(a, b, connections=learned[-1].wires(), seed=seed))
        fixed[-1].weight = learned[-1].weight
    found = nn.expected_gates(torch.nn.Sequential(*learned, nn.GroupSum(10)))
    assert found == nn.expected_gates(torch.nn.Sequential(*fixed, nn.GroupSum(10)))
    found.backward()
    assert learned[0].weight.grad.any()
    assert learned[0].wiring.logits.grad is None


def test_the_penalty_makes_circuits_of_learned_wires_smaller() -> None:
    bits = torch.rand(300, 20, generator=torch.Generator().manual_seed(0)) < 0.5
    sizes = []
    for penalty in (0.0, 3.0):
        options = {"connections": "learned", "candidates": 4, "estimator": "straight-through"}
        net = nn.Sequential(
            nn.LogicDense(20, 100, seed=0, **options),
            nn.LogicDense(100, 100, seed=1, **options),
            nn.GroupSum(2, tau=5.0),
        )
        gg.train.fit(
            net,
            bits,
            (bits[:, 3] & bits[:, 7]).long(),
            lr=0.05,
            wiring_lr=0.05,
            steps=60,
            gate_penalty=penalty,
            progress=False,
        )
        sizes.append(live_gates(gg.discretize(net).optimize().circuit))
    assert sizes[1] < 0.7 * sizes[0]


def test_slots_count_by_their_shares() -> None:
    layer = nn.SlotDense(3, 1, slots=2, seed=0)
    layer.slot_tables.copy_(torch.tensor([[8, 10]]))  # AND, and its first wire
    layer.slot_wires.copy_(torch.tensor([[[0, 2]], [[1, 1]]]))
    with torch.no_grad():
        layer.logits.copy_(torch.tensor([[1.0, 0.0]]))
    first = nn.LogicDense(2, 3, gates=("and",), seed=1)
    share = torch.softmax(layer.logits[0], 0)
    alone = nn.expected_gates(layer)
    assert alone.item() == pytest.approx(share[0].item())
    # The wires 0 and 1 are needed by the first slot, wire 2 by the second.
    both = nn.expected_gates(torch.nn.Sequential(first, layer))
    assert both.item() == pytest.approx((3 * share[0] + share[1]).item(), rel=1e-5)
    alone.backward()
    assert layer.logits.grad.abs().min() > 0


def test_sure_slots_are_counted_as_the_gates_that_they_are() -> None:
    net = nn.Sequential(nn.SlotDense(9, 40, seed=0), nn.SlotDense(40, 20, seed=1), nn.GroupSum(2))
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for layer in net[:2]:
            layer.logits.copy_(40.0 * torch.rand(layer.logits.shape, generator=generator).round())
            layer.logits[:, 3] = 100.0
    same = nn.from_circuit(gg.discretize(net), strength=1 - 1e-6)
    expected = nn.expected_gates(same).item()
    assert 0 < expected < 60
    assert nn.expected_gates(net).item() == pytest.approx(expected, rel=1e-3)
