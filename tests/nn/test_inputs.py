"""Gates with three to six inputs: every parametrization, estimator and wiring, to the engine."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn, train
from gategrad.circuit import Circuit, Readout, decompose, evaluate, live_gates
from gategrad.nn.gates.inits import INITS
from gategrad.nn.gates.options import HARD_FORWARD
from gategrad.nn.gates.parametrization import TABLES, table_from_logits
from tests import fresh
from tests.nn.wide import INPUTS, OUT_DIM, layer, rows

ESTIMATORS = ("soft", "straight-through", "gumbel-soft", "gumbel-hard", "efd")
CONNECTIONS = {
    "random": {},
    "unique": {},
    "local": {"image_shape": (2, 5), "radius": 4},
    "structured": {"image_shape": (2, 5), "radius": 4},
    "learned": {"candidates": 3},
}


def _fits(kind: str, estimator: str) -> bool:
    if kind == "dwn":
        return estimator == "efd"
    return kind != "light" or not estimator.startswith("gumbel")


MATRIX = [pair for pair in itertools.product(TABLES, ESTIMATORS) if _fits(*pair)]


def looked_up(module, bits):
    """The hard layer by indexing its truth tables with its operands."""
    operands = bits[:, module.wires()].long()
    place = (operands << torch.arange(module.inputs)[:, None]).sum(1)
    return (module.tables() >> place & 1).to(bits.dtype)


def interpolated(entries, wires, x):
    """The sum over all patterns of entry times how much of the pattern the operands are."""
    total = 0
    for i in range(entries.shape[1]):
        share = entries[:, i].expand(len(x), -1)
        for j, wire in enumerate(wires):
            share = share * (x[:, wire] if i >> j & 1 else 1 - x[:, wire])
        total = total + share
    return total


def soft_entries(module):
    """By the formulas of docs/layers.md, for an estimator without noise."""
    w, temperature = module.weight, module.temperature
    if module.parametrization == "light":
        return 0.5 + 0.5 * w.sin()
    if module.parametrization == "light-sigmoid":
        return torch.sigmoid(w / temperature)
    n = w.shape[1]
    parity = [[bin(i & s).count("1") % 2 for s in range(n)] for i in range(n)]
    z = w @ (1 - 2 * torch.tensor(parity, dtype=w.dtype))
    return torch.sigmoid(-z / temperature)


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("kind", ["light", "light-sigmoid", "walsh"])
def test_soft_gates_interpolate_their_tables(inputs, kind):
    options = {} if kind == "light" else {"temperature": 0.7}
    module = layer(inputs=inputs, parametrization=kind, **options)
    with torch.no_grad():
        module.indices[:, 0] = 3  # all pins on one wire
        module.indices[1, 1] = module.indices[0, 1]
    x, upstream = rows(17).requires_grad_(), rows(17, OUT_DIM)
    wanted = interpolated(soft_entries(module), module.indices, x)
    got = module(x)
    torch.testing.assert_close(got, wanted)
    torch.testing.assert_close(
        torch.autograd.grad(got, (x, module.weight), upstream),
        torch.autograd.grad(wanted, (x, module.weight), upstream),
    )


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("kind", ["light", "light-sigmoid", "walsh"])
def test_gradcheck(inputs, kind):
    module = layer(7, 3, inputs=inputs, parametrization=kind)
    module.indices[:2, 0] = 3  # two pins on one wire

    def run(x, weight):
        return torch.func.functional_call(module, {"weight": weight}, (x,))

    assert torch.autograd.gradcheck(run, (rows(3, 7).requires_grad_(), module.weight))


@pytest.mark.parametrize("wiring", CONNECTIONS)
@pytest.mark.parametrize(("kind", "estimator"), MATRIX)
def test_hard_forward_soft_backward_and_the_circuit(kind, estimator, wiring):
    """The hard layer is its table, the circuit, the optimized circuit and the engine."""
    for inputs in INPUTS:
        module = layer(
            inputs=inputs, parametrization=kind, estimator=estimator, connections=wiring,
            **CONNECTIONS[wiring],
        )  # fmt: skip
        bits = rows(64, bits=True)
        y = module(bits)
        assert (((y == 0) | (y == 1)).all()) == (estimator in HARD_FORWARD)
        y.sum().backward()
        assert module.weight.grad.abs().sum() > 0
        hard = module.eval()(bits)
        assert torch.equal(hard, looked_up(module, bits))
        if estimator in ("straight-through", "efd"):
            assert torch.equal(y, hard)
        model = gg.discretize(torch.nn.Sequential(module, nn.GroupSum(1)))
        assert model.circuit.width == inputs
        assert np.array_equal(evaluate(model.circuit, bits.numpy() > 0), hard.numpy() > 0)
        sums = hard.sum(1, keepdim=True).int().numpy()
        for same in (model, model.optimize()):
            for backend in ("numpy", "native"):
                assert np.array_equal(same.sums(bits.numpy(), backend=backend), sums)


@pytest.mark.parametrize("kind", ["light", "light-sigmoid", "walsh"])
@pytest.mark.parametrize("batch", [1, 3, 17, 64])
def test_straight_through_is_hard_forward_and_soft_backward(kind, batch):
    for inputs in INPUTS:
        soft, through = (
            layer(inputs=inputs, parametrization=kind, estimator=e, grad_factor=1.5)
            for e in ("soft", "straight-through")
        )
        x, upstream = rows(batch).requires_grad_(), rows(batch, OUT_DIM)
        got = torch.autograd.grad(through(x), (x, through.weight), upstream)
        wanted = torch.autograd.grad(soft(x), (x, soft.weight), upstream)
        torch.testing.assert_close(got, wanted)
        assert not torch.allclose(through(x), soft(x))


def test_gumbel_noise_decides_the_tables():
    """Also of four inputs, whose 16 entries are no 16 functions."""
    module = layer(4, 4000, inputs=4, parametrization="light-sigmoid", estimator="gumbel-hard")
    with torch.no_grad():
        module.weight.fill_(np.log(3))  # probability 3/4 of a 1
    before = module.noise.clone()
    assert abs(module(rows(4, 4, bits=True)).mean() - 0.75) < 0.02
    assert not torch.equal(module.noise, before)
    assert module.eval()(rows(4, 4, bits=True)).min() == 1


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("init", INITS)
def test_inits_start_near_their_functions(kind, init):
    module = layer(
        out_dim=200, inputs=5, parametrization=kind, init=init,
        estimator="efd" if kind == "dwn" else "soft",
    ).eval()  # fmt: skip
    pins = rows(40, bits=True)[:, module.indices].movedim(1, 0).bool()
    y = module(rows(40, bits=True)).bool()
    near = {
        "residual": pins[:1],
        "residual-b": pins[1:2],
        "residual-random": pins,
        "and-or": torch.stack([pins.all(0), pins.any(0)]),
        "negation-asymmetric": torch.cat([pins.all(0)[None], pins.any(0)[None], pins]),
    }.get(init)
    if near is None:
        assert len(module.tables().unique()) > 150
        return
    same = (near == y).all(1)
    assert same.any(0).all()
    assert (same.sum(1) >= 10).all()
    assert module.train()(rows(40, bits=True)).sub(y.double()).abs().mean() < 0.3


def test_weights_of_given_tables():
    tables = torch.tensor([0, -1, 6, 2**62 + 5, -(2**63)])
    for name, kind in TABLES.items():
        kind = kind(6)
        weight = kind.weights_from_tables(tables, 0.9)
        assert torch.equal(kind.tables(weight), tables), name
        entries = kind.entries(weight)
        torch.testing.assert_close((entries - 0.5).abs(), torch.full((5, 64), 0.4))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": 1}, "inputs must be an integer from 2 to 6, got 1"),
        ({"inputs": 7}, "inputs must be an integer from 2 to 6, got 7"),
        ({"inputs": 3.5}, r"inputs must be an integer from 2 to 6, got 3\.5"),
        (
            {"parametrization": "raw"},
            r"inputs=6 applies to .* \(light, light-sigmoid, walsh, d",
        ),
        ({"parametrization": "covjac"}, "not to 'covjac'"),
        ({"parametrization": "lihgt"}, "unknown parametrization 'lihgt'; known: raw, .*dwn"),
        ({"gates": ("nand",)}, "gates applies to parametrizations that choose among the functions"),
        ({"logic": "min-max"}, "logic='min-max' applies only to parametrization='raw'"),
        ({"temperature": 0.5}, "temperature=0.5 applies to parametrizations of logits"),
        ({"estimator": "gumbel-soft"}, "estimator='gumbel-soft' applies to parametrizations of"),
        ({"parametrization": "dwn"}, "parametrization='dwn' .* needs estimator='efd', got 'soft'"),
        ({"inputs": 2, "parametrization": "raw", "estimator": "efd"}, "estimator='efd' applies"),
        ({"connections": [[0] * 7] * 2}, r"connections must have shape \(6, 7\), got \(2, 7\)"),
        ({"in_dim": 5}, "needs in_dim of at least 6 for 6 different pins, got 5"),
        ({"connections": "unique", "in_dim": 6}, "there are 1; use at most 1 gates"),
        ({"parametrization": TABLES["light"](3)}, "inputs=6, but the gates .*'light' have 3"),
    ],
)
def test_misfits_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        layer(**options)


def test_a_parametrization_of_ones_own():
    def cube(weight):
        return weight**3

    def normal(gates, generator):
        return torch.randn(gates, 8, generator=generator)

    own = table_from_logits("cube", 3, cube, gaussian=normal)
    module = layer(inputs=3, parametrization=own, temperature=0.5)
    x = rows(3)
    wanted = interpolated(torch.sigmoid(module.weight**3 / 0.5), module.indices, x)
    torch.testing.assert_close(module(x), wanted)
    assert torch.equal(module.tables(), layer(inputs=3, parametrization=own).tables())


def test_learned_wires_are_mixed_and_chosen():
    module = layer(inputs=4, connections="learned", candidates=5, wire_estimator="soft")
    share = torch.softmax(module.wiring.logits, 2)
    pins = (rows(6)[:, module.wiring.candidates.long()] * share).sum(3)
    x = rows(6).requires_grad_()
    y = module(x)
    entries, every = soft_entries(module), [[0], [1], [2], [3]]
    gates = [interpolated(entries[g : g + 1], every, pins[:, :, g]) for g in range(OUT_DIM)]
    torch.testing.assert_close(y, torch.cat(gates, 1))
    y.sum().backward()
    assert module.wiring.logits.grad.abs().sum() > 0
    assert module.wires().shape == (4, OUT_DIM)


def test_networks_mix_gates_of_every_width():
    net = nn.Sequential(
        nn.LogicDense(12, 20, seed=0, estimator="straight-through"),
        nn.LogicDense(20, 24, seed=1, inputs=6, parametrization="light"),
        nn.LogicDense(24, 16, seed=2, inputs=3, parametrization="walsh"),
        nn.LogicDense(16, 10, seed=3),
        nn.GroupSum(5, tau=2.0),
    )
    bits = rows(65, 12, bits=True).float()
    net(bits).sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters())
    scores = net.eval()(bits).numpy()
    model = gg.discretize(net)
    assert model.circuit.width == 6
    for same in (model, model.optimize()):
        assert np.array_equal(same.scores(bits.numpy() > 0), scores)
    back = nn.from_circuit(model, parametrization="light").eval()
    assert np.array_equal(back(bits).numpy(), scores)
    assert [m.inputs for m in back if isinstance(m, nn.LogicGraph)] == [6]


@pytest.mark.parametrize("kind", ["light", "walsh"])
def test_a_wide_circuit_keeps_its_inputs_on_the_way_back(kind):
    layers = [layer(12, 9, inputs=5, parametrization=kind), layer(9, 8, inputs=5, seed=1)]
    model = gg.discretize(torch.nn.Sequential(*layers, nn.GroupSum(2)))
    back = nn.from_circuit(model, parametrization=kind, estimator="straight-through")
    assert [(m.in_dim, m.out_dim, m.inputs) for m in back[:2]] == [(12, 9, 5), (9, 8, 5)]
    assert gg.discretize(back).circuit == model.circuit
    optimized = model.optimize()
    assert optimized.circuit.width > 2
    again = gg.discretize(nn.from_circuit(optimized, parametrization=kind))
    bits = rows(200, 12, bits=True).numpy() > 0
    assert np.array_equal(again.sums(bits), model.sums(bits))
    assert again.circuit.width == optimized.circuit.width
    narrow = nn.from_circuit(model)  # of two inputs each
    assert np.array_equal(gg.discretize(narrow).sums(bits), model.sums(bits))


def test_live_gates_are_those_of_the_decomposition():
    model = gg.discretize(layer(inputs=6)).optimize()
    assert model.circuit.width == 6
    assert live_gates(model.circuit) == live_gates(decompose(model.circuit)) > 50


def test_a_gate_with_fewer_operands_keeps_its_reachable_entries():
    """Tables of six inputs may have learned bits that operands of constant false never select."""
    circuit = Circuit(3, [[2, 3, 4], [5, 2, 0]], [0x96, 0x6], [5, 6])
    net = nn.from_circuit(gg.Model(circuit, Readout.identity(2)), parametrization="light")
    with torch.no_grad():
        net[0].levels[1].gates.weight[0, 4:] = 1.0
    assert gg.discretize(net[0]).circuit == circuit


def test_state_in_a_fresh_process(tmp_path):
    made = "[make('walsh', 'gumbel-hard', {seed}), make('dwn', 'efd', {seed})]"
    code = """
import torch
from gategrad import nn
def make(kind, estimator, seed):
    return nn.LogicDense(10, 7, inputs=6, parametrization=kind, estimator=estimator, seed=seed)
def run(layers, x):
    return [m.train(mode)(x).detach() for m in layers for mode in (True, False)]
"""
    x, theirs = rows(5).float(), tmp_path / "state.pt"
    space = {}
    exec(code, space)
    layers = eval(made.format(seed=1), space)
    layers[0](x)  # a draw of noise later than the first one
    torch.save(([m.state_dict() for m in layers], x), theirs)
    code += f"""
layers = {made.format(seed=2)}
states, x = torch.load({str(theirs)!r})
for layer, state in zip(layers, states):
    layer.load_state_dict(state)
torch.save(run(layers, x), {str(tmp_path / "y.pt")!r})
"""
    done = fresh.run(code)
    assert done.returncode == 0, done.stderr
    for ours, theirs in zip(space["run"](layers, x), torch.load(tmp_path / "y.pt"), strict=True):
        assert torch.equal(ours, theirs)


def test_frozen_layers_are_hard_and_let_nothing_through():
    module = layer()
    module.frozen = True
    x = rows(4).requires_grad_()
    assert not module(x).requires_grad
    assert torch.equal(module(x.detach()), module.eval()(x.detach()))


def test_histogram_and_expected_gates():
    net = torch.nn.Sequential(layer(), layer(OUT_DIM, 4, inputs=2, parametrization="raw"))
    assert nn.output_histogram(net, rows(8)).counts.sum() == 8 * (OUT_DIM + 4)
    assert nn.output_histogram(layer(parametrization="dwn", estimator="efd"), rows(8)).mean[0] > 0.3
    with pytest.raises(ValueError, match=r"a layer has inputs=6, each of whose gates becomes"):
        nn.expected_gates(net)
    two = layer(inputs=2, estimator="efd")
    torch.testing.assert_close(nn.expected_gates(two), nn.expected_gates(layer(inputs=2)))


def test_a_network_of_wide_gates_learns_with_all_that_fit_offers():
    bits = rows(400, 16, bits=True).numpy() > 0
    y = (bits[:, :5].sum(1) % 2).astype(np.int64)
    net = train.build_network(16, 2, layers="100x2", inputs=5, parametrization="light-sigmoid")
    assert [m.inputs for m in net[:2]] == [5, 5]
    fit = partial(train.fit, net, bits, y, steps=30, validation=50, progress=False)
    result = fit(lr=0.05, anneal=(1.0, 0.2), freeze=(0.3, 0.8))
    assert net[1].temperature < 1
    assert len(result.history) > 0


def test_half_precision_follows_single_precision():
    half = layer(dtype=torch.bfloat16)
    full = layer(dtype=torch.float32)
    full.load_state_dict(half.state_dict())
    x = rows(32, bits=True).float()
    torch.testing.assert_close(half(x).float(), full(x), atol=0.03, rtol=0.03)
    assert torch.equal(half.eval()(x).float(), full.eval()(x))
