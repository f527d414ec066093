"""Every parametrization with every estimator: gradients, hard networks, noise, limited gates."""

import itertools

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.circuit import evaluate
from gategrad.nn.executors.training_variable import VARIABLE
from gategrad.nn.gates.functions import coefficients_from_tables, entries_from_tables, table_from_id
from gategrad.nn.gates.noise import draw_noise
from gategrad.nn.gates.options import EFD, ESTIMATORS, HARD_FORWARD
from gategrad.nn.gates.parametrization import PARAMETRIZATIONS, from_logits
from tests import fresh

OF_COEFFICIENTS = [estimator for estimator in ESTIMATORS if estimator != EFD]
OF_LOGITS = [name for name, p in PARAMETRIZATIONS.items() if p.logits is not None]
MATRIX = [
    (name, estimator)
    for name, estimator in itertools.product(PARAMETRIZATIONS, OF_COEFFICIENTS)
    if name in OF_LOGITS or estimator in ("soft", "straight-through")
]
BACKENDS = ["native", "torch"]


def layer(in_dim=10, out_dim=24, **options):
    return nn.LogicDense(in_dim, out_dim, **{"seed": 0, "dtype": torch.float64, **options})


def rows(batch, in_dim=10):
    generator = torch.Generator().manual_seed(batch)
    return torch.rand(batch, in_dim, dtype=torch.float64, generator=generator)


def polynomials(coefficients, module, x):
    a, b = x[:, module.indices[0]], x[:, module.indices[1]]
    c0, c1, c2, c3 = coefficients.unbind(1)
    return c0 + c1 * a + c2 * b + c3 * a * b


def wanted_coefficients(module):
    """Soft and hard coefficients of the next pass, by the definitions, without `nn.relaxed`."""
    p = PARAMETRIZATIONS[module.parametrization]
    if p.logits is None:
        return p.coefficients(module.weight), coefficients_from_tables(
            p.tables(module.weight.detach()), torch.float64
        )
    logits = p.logits(module.weight)
    if module.estimator.startswith("gumbel"):
        logits = logits + draw_noise(module.noise.clone(), logits)
    if logits.shape[1] == 16:
        tables = table_from_id(torch.arange(16))
        share = torch.softmax(logits / module.temperature, 1)
        soft = share @ coefficients_from_tables(tables, torch.float64)
        return soft, coefficients_from_tables(tables[logits.argmax(1)], torch.float64)
    w00, w10, w01, w11 = torch.sigmoid(logits / module.temperature).unbind(1)
    h00, h10, h01, h11 = (logits > 0).double().unbind(1)
    return (
        torch.stack([w00, w10 - w00, w01 - w00, w11 - w10 - w01 + w00], 1),
        torch.stack([h00, h10 - h00, h01 - h00, h11 - h10 - h01 + h00], 1),
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("kind", "estimator", "temperature"),
    [(*pair, t) for pair in MATRIX for t in (None, 0.4) if t is None or pair[0] in OF_LOGITS],
)
def test_forward_and_gradient_are_those_of_the_definition(
    monkeypatch, backend, kind, estimator, temperature
):
    monkeypatch.setenv(VARIABLE, backend)
    module = layer(parametrization=kind, estimator=estimator, temperature=temperature)
    x, upstream = rows(33).requires_grad_(), rows(33, 24)
    soft, hard = wanted_coefficients(module)
    forward = hard if estimator in HARD_FORWARD else soft
    wanted = torch.autograd.grad(polynomials(soft, module, x), (x, module.weight), upstream)
    got = module(x)
    torch.testing.assert_close(got, polynomials(forward, module, x))
    torch.testing.assert_close(torch.autograd.grad(got, (x, module.weight), upstream), wanted)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kind", "estimator"), [m for m in MATRIX if m[1] not in HARD_FORWARD])
def test_gradcheck(monkeypatch, backend, kind, estimator):
    monkeypatch.setenv(VARIABLE, backend)
    options = {"parametrization": kind, "estimator": estimator}
    net = nn.Sequential(layer(4, 5, **options), layer(5, 4, **options), nn.GroupSum(2, tau=2.0))
    states = {k: v.clone() for k, v in net.named_buffers() if k.endswith("noise")}

    def run(x, *weights):
        for name, state in states.items():
            net.get_buffer(name).copy_(state)
        names = [name for name, _ in net.named_parameters()]
        return torch.func.functional_call(net, dict(zip(names, weights, strict=True)), (x,))

    inputs = (rows(3, 4).requires_grad_(), *net.parameters())
    torch.autograd.gradcheck(run, inputs, check_undefined_grad=False)


@pytest.mark.parametrize(("kind", "estimator"), MATRIX)
def test_hard_network_circuit_and_engines_agree(kind, estimator):
    net = torch.nn.Sequential(
        nn.LogicDense(12, 60, parametrization=kind, estimator=estimator, seed=0),
        nn.LogicDense(60, 40, parametrization=kind, estimator=estimator, init="heavy-tail", seed=1),
        nn.GroupSum(4, tau=3.0),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    bits = rows(65, 12) > 0.5
    for _ in range(3):
        optimizer.zero_grad()
        net(bits).square().sum().backward()
        optimizer.step()
    model = gg.discretize(net)
    hard = net.eval()(bits).detach().numpy()
    outputs = evaluate(model.circuit, bits.numpy())
    assert np.array_equal(outputs.reshape(65, 4, 10).sum(2), model.sums(bits.numpy()))
    for candidate in (model, model.optimize()):
        for backend in ("numpy", "native"):
            assert np.array_equal(candidate.scores(bits.numpy(), backend=backend), hard)


PROGRAM = """
import sys, torch
from gategrad import nn
for kind in sys.argv[2:]:
    saved = torch.load(f"{sys.argv[1]}/{kind}.pt", weights_only=True)
    module = nn.LogicDense(10, 24, parametrization=kind, estimator=saved["estimator"], seed=99)
    module.load_state_dict(saved["state"])
    assert torch.equal(module(saved["x"]), saved["soft"]), kind
    assert torch.equal(module.eval()(saved["x"]), saved["hard"]), kind
"""


def test_a_state_in_a_fresh_process_gives_the_same_outputs(tmp_path):
    for kind in PARAMETRIZATIONS:
        estimator = "gumbel-hard" if kind in OF_LOGITS else "soft"
        module = nn.LogicDense(10, 24, parametrization=kind, estimator=estimator, seed=1)
        x = rows(9).float()
        module(x)
        state = {k: v.clone() for k, v in module.state_dict().items()}
        soft, hard = module(x).detach(), module.eval()(x).detach()
        saved = {"state": state, "x": x, "soft": soft, "hard": hard, "estimator": estimator}
        torch.save(saved, tmp_path / f"{kind}.pt")
    done = fresh.run(PROGRAM, tmp_path, *PARAMETRIZATIONS)
    assert done.returncode == 0, done.stderr


def test_noise_is_new_every_pass_follows_the_seed_and_is_none_of_torchs():
    x = rows(9)
    before = torch.get_rng_state()
    one, same, other = (layer(estimator="gumbel-hard", seed=s) for s in (3, 3, 4))
    first, second = one(x), one(x)
    assert not torch.equal(first, second)
    assert torch.equal(first, same(x))
    assert torch.equal(second, same(x))
    assert not torch.equal(first, other(x))
    assert torch.equal(before, torch.get_rng_state())


def test_noisy_gates_are_samples_of_the_softmax():
    module = layer(2, 20_000, connections=torch.tensor([[0], [1]]).expand(2, 20_000))
    with torch.no_grad():
        module.weight.copy_(torch.linspace(-1, 1, 16).expand(20_000, 16))
    noisy = layer(2, 20_000, connections=module.indices, estimator="gumbel-hard")
    noisy.load_state_dict(module.state_dict(), strict=False)
    patterns = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)
    ids = noisy(patterns).long().T @ torch.tensor([8, 4, 2, 1])
    share = torch.bincount(ids, minlength=16) / 20_000
    wanted = torch.softmax(module.weight[0], 0).float()
    torch.testing.assert_close(share, wanted, atol=0.01, rtol=0)


def test_evaluation_has_no_noise():
    module = layer(estimator="gumbel-soft").eval()
    state = module.noise.clone()
    assert torch.equal(module(rows(4)), module(rows(4)))
    assert torch.equal(module.noise, state)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("estimator", OF_COEFFICIENTS)
@pytest.mark.parametrize("kind", ["raw", "covjac"])
@pytest.mark.parametrize("gates", [("nand",), (1, "or", "not-b"), "no-xor", "no-constants"])
def test_only_the_gates_allowed_are_ever_computed(monkeypatch, backend, estimator, kind, gates):
    monkeypatch.setenv(VARIABLE, backend)
    module = layer(parametrization=kind, estimator=estimator, gates=gates, out_dim=400)
    allowed = table_from_id(torch.tensor(module.gates))
    assert torch.isin(module.tables(), allowed).all()
    assert len(module.tables().unique()) >= min(3, len(allowed))
    module(rows(5)).sum().backward()
    assert module.weight.grad.isfinite().all()
    left_out = [i for i in range(16) if i not in module.gates]
    if kind == "raw":
        assert (module.weight.grad[:, left_out] == 0).all()
    if gates == ("nand",):
        a, b = rows(5)[:, module.indices[0]], rows(5)[:, module.indices[1]]
        torch.testing.assert_close(module(rows(5)), 1 - a * b)


def test_a_limited_layer_hardens_as_it_trained():
    net = torch.nn.Sequential(layer(8, 40, gates=("nand", "nor"), dtype=torch.float32))
    bits = rows(20, 8) > 0.5
    model = gg.discretize(net)
    assert set(model.circuit.table.tolist()) == {0b0111, 0b0001}
    assert np.array_equal(model.circuit.table, net[0].tables().numpy())
    assert torch.equal(net.train()(bits) > 2, net(bits) > 2)


def sigmoid_cube(weight):
    return weight**3


OWN = from_logits("cube", 4, sigmoid_cube, gaussian=lambda n, g: torch.randn(n, 4, generator=g))


@pytest.mark.parametrize("estimator", OF_COEFFICIENTS)
def test_a_parametrization_of_ones_own_runs_in_the_core(monkeypatch, estimator):
    make = [layer(parametrization=OWN, estimator=estimator) for _ in range(2)]
    assert nn.training_backend(make[0]).startswith("native")
    x = rows(33).requires_grad_()
    results = []
    for backend, module in zip(BACKENDS, make, strict=True):
        monkeypatch.setenv(VARIABLE, backend)
        y = module(x)
        results.append([y, *torch.autograd.grad(y.square().sum(), (x, module.weight))])
    torch.testing.assert_close(*results)
    entries = entries_from_tables(make[0].tables(), torch.float64)
    assert torch.equal(entries > 0.5, make[0].weight > 0)
    with pytest.raises(ValueError, match="for which 'cube' has no `towards`"):
        layer(parametrization=OWN, init="residual")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parametrization": "lite"}, "unknown parametrization 'lite'; known: raw, light, light-s"),
        ({"estimator": "gumbel"}, "unknown estimator 'gumbel'; known: soft, straight-through, gum"),
        (
            {"parametrization": "light", "estimator": "gumbel-hard"},
            r"estimator='gumbel-hard' applies to parametrizations of logits \(raw, light-sigmoid, "
            r"walsh, covjac\), not to 'light'",
        ),
        (
            {"parametrization": "multilinear", "temperature": 0.5},
            "temperature=0.5 applies to parametrizations of logits .* not to 'multilinear'",
        ),
        ({"temperature": 0}, "temperature must be a finite number above 0, got 0"),
        (
            {"init": "residual-c"},
            "unknown init 'residual-c'; known: gaussian, residual, residual-b",
        ),
        ({"gates": "nand"}, "unknown set of gates 'nand'; known: all, no-constants, no-xor.*nand"),
        ({"gates": ("nandd",)}, "unknown gate 'nandd'; known: false, and, .* ids 0 to 15"),
        ({"gates": (16,)}, "unknown gate 16"),
        ({"gates": ()}, "gates is empty"),
        (
            {"parametrization": "walsh", "gates": ("nand",)},
            r"gates applies to parametrizations that choose among the functions \(raw, covjac\), "
            "not to 'walsh'",
        ),
        (
            {"gates": ("nand",), "init": "residual"},
            "init='residual' starts near a, which gates leaves out; use init=\"gaussian\"",
        ),
        ({"logic": "fuzzy"}, "unknown logic 'fuzzy'; known: probabilistic, min-max, lukasiewicz"),
        (
            {"parametrization": "light", "logic": "min-max"},
            "logic='min-max' applies only to parametrization='raw'",
        ),
    ],
)
def test_messages(options, message):
    with pytest.raises(ValueError, match=message):
        layer(**options)
