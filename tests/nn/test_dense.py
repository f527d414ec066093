"""LogicDense as a torch module: modes, estimators, state, dtypes, options, messages."""

import copy
import pickle

import numpy as np
import pytest
import torch

from gategrad import nn
from gategrad.nn.gates.functions import id_from_table

KINDS = ["raw", "light"]
ESTIMATORS = ["soft", "straight-through"]


def layer(in_dim=10, out_dim=24, **options):
    return nn.LogicDense(in_dim, out_dim, **{"seed": 0, **options})


def rows(batch, in_dim=10, seed=5, dtype=torch.float32):
    return torch.rand(batch, in_dim, generator=torch.Generator().manual_seed(seed)).to(dtype)


def table_lookup(module, bits):
    """The hard layer, gate by gate, by indexing its truth tables."""
    a, b = bits[:, module.indices[0]].long(), bits[:, module.indices[1]].long()
    return (module.tables() >> (a + 2 * b) & 1).float()


def soft_reference(module, x):
    """The relaxed layer by plain autograd on the entries of its soft tables."""
    a, b = x[:, module.indices[0]], x[:, module.indices[1]]
    if module.parametrization == "light":
        w00, w10, w01, w11 = (0.5 + 0.5 * module.weight.sin()).unbind(1)
    else:
        p = torch.softmax(module.weight, 1)
        bit = [[i for i in range(16) if i >> k & 1] for k in range(4)]
        w11, w10, w01, w00 = (p[:, ids].sum(1) for ids in bit)
    return (1 - a) * (1 - b) * w00 + a * (1 - b) * w10 + (1 - a) * b * w01 + a * b * w11


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [0, 1, 17])
def test_soft_training_equals_plain_autograd(kind, batch):
    module = layer(parametrization=kind, dtype=torch.float64)
    x = rows(batch, dtype=torch.float64).requires_grad_()
    upstream = rows(batch, 24, dtype=torch.float64)
    wanted = soft_reference(module, x)
    wanted_grads = torch.autograd.grad(wanted, (x, module.weight), upstream)
    got = module(x)
    got_grads = torch.autograd.grad(got, (x, module.weight), upstream)
    torch.testing.assert_close(got, wanted)
    torch.testing.assert_close(got_grads, wanted_grads)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [1, 3, 17])
def test_gradcheck_of_a_two_layer_network_with_self_connected_gates(kind, batch):
    wires = torch.tensor([[0, 1, 2, 3, 3, 0], [0, 1, 3, 2, 1, 3]])  # wire 4 is unused
    net = torch.nn.Sequential(
        layer(5, 6, parametrization=kind, connections=wires, dtype=torch.float64),
        layer(6, 4, parametrization=kind, seed=1, dtype=torch.float64),
        nn.GroupSum(2, tau=3.0),
    )
    weights = tuple(net.parameters())
    x = rows(batch, 5, dtype=torch.float64).requires_grad_()

    def run(x, *weights):
        names = [name for name, _ in net.named_parameters()]
        return torch.func.functional_call(net, dict(zip(names, weights, strict=True)), (x,))

    torch.autograd.gradcheck(run, (x, *weights))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_eval_is_the_truth_table_on_every_pattern(kind, estimator):
    wires = torch.stack([torch.zeros(200).long(), torch.ones(200).long()])
    module = layer(2, 200, parametrization=kind, estimator=estimator, connections=wires).eval()
    assert len(module.tables().unique()) > 10
    bits = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]])
    assert torch.equal(module(bits), table_lookup(module, bits))


@pytest.mark.parametrize("kind", KINDS)
def test_eval_takes_values_between_0_and_1_and_differentiates_them(kind):
    module = layer(parametrization=kind, dtype=torch.float64).eval()
    x = rows(4, dtype=torch.float64).requires_grad_()
    torch.autograd.gradcheck(module, x)
    y = module(x)
    corners = [table_lookup(module, torch.full((1, 10), float(v))) for v in (0, 1)]
    assert torch.equal(module(torch.zeros(1, 10)).float(), corners[0])
    assert torch.equal(module(torch.ones(1, 10)).float(), corners[1])
    y.sum().backward()
    assert module.weight.grad is None


@pytest.mark.parametrize("kind", KINDS)
def test_straight_through_is_hard_forward_and_soft_backward(kind):
    soft = layer(parametrization=kind, dtype=torch.float64)
    through = layer(parametrization=kind, estimator="straight-through", dtype=torch.float64)
    x = rows(6, dtype=torch.float64).requires_grad_()
    upstream = rows(6, 24, dtype=torch.float64)
    y = through(x)
    assert torch.equal(y, copy.deepcopy(through).eval()(x))
    assert not torch.allclose(y, soft(x))
    got = torch.autograd.grad(y, (x, through.weight), upstream)
    wanted = torch.autograd.grad(soft(x), (x, soft.weight), upstream)
    torch.testing.assert_close(got, wanted)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_everything_follows_a_loaded_state(kind, estimator):
    """No derived table may survive load_state_dict, even after it was used in every mode."""
    options = {"parametrization": kind, "estimator": estimator}
    ours, theirs = layer(seed=1, **options), layer(seed=2, **options)
    x = rows(9).requires_grad_()
    for mode in (True, False):
        ours.train(mode)(x).sum().backward()
    assert not torch.equal(ours.indices, theirs.indices)
    ours.load_state_dict(theirs.state_dict())
    assert torch.equal(ours.indices, theirs.indices)
    for mode in (True, False):
        got, wanted = (m.train(mode)(x) for m in (ours, theirs))
        assert torch.equal(got, wanted)
        got_x, wanted_x = (torch.autograd.grad(y.square().sum(), x)[0] for y in (got, wanted))
        assert torch.equal(got_x, wanted_x)
    grads = [torch.autograd.grad(m.train()(x).square().sum(), m.weight)[0] for m in (ours, theirs)]
    assert torch.equal(*grads)
    assert torch.equal(ours.tables(), theirs.tables())


def test_weights_changed_in_place_change_the_hard_network():
    module = layer().eval()
    x = rows(3)
    before = module(x)
    with torch.no_grad():
        module.weight.copy_(torch.eye(16)[id_from_table(15 - module.tables())])
    torch.testing.assert_close(module(x), 1 - before)


def test_state_holds_wiring_and_weights_only():
    assert list(layer().state_dict()) == ["weight", "indices"]
    assert layer().weight.shape == (24, 16)
    assert layer(parametrization="light").weight.shape == (24, 4)


def test_a_state_with_wires_beyond_the_layer_is_refused():
    with pytest.raises(RuntimeError, match=r"0\.indices reads wires outside 0 to 4.*in_dim=5"):
        torch.nn.Sequential(layer(5)).load_state_dict(torch.nn.Sequential(layer(10)).state_dict())


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_behave_the_same_and_stand_alone(clone):
    module = layer(parametrization="light", estimator="straight-through", grad_factor=2.0)
    twin = clone(module)
    x = rows(4)
    assert torch.equal(module(x), twin(x))
    with torch.no_grad():
        twin.weight.neg_()
    assert not torch.equal(module(x), twin(x))


def test_a_layer_used_twice_in_one_graph_sums_its_gradients():
    module = layer(10, 10, dtype=torch.float64)
    x = rows(3, dtype=torch.float64)
    module(module(x)).sum().backward()
    wanted = soft_reference(module, soft_reference(module, x)).sum()
    torch.testing.assert_close(module.weight.grad, torch.autograd.grad(wanted, module.weight)[0])


@pytest.mark.parametrize("shape", [(10,), (3, 10), (2, 3, 10), (2, 0, 10), (0, 10)])
def test_leading_dimensions_are_kept(shape):
    module = layer()
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    y = module(x)
    assert y.shape == (*shape[:-1], 24)
    flat = module(x.reshape(-1, 10)) if x.numel() else torch.zeros(0, 24)
    assert torch.equal(y.reshape(-1, 24), flat)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float64])
@pytest.mark.parametrize("training", [True, False])
def test_bits_of_any_dtype_are_converted(dtype, training):
    module = layer().train(training)
    bits = rows(8) > 0.5
    assert module(bits.to(dtype)).dtype == torch.float32
    assert torch.equal(module(bits.to(dtype)), module(bits.float()))


def test_input_of_any_stride_gives_the_same():
    module = layer()
    x = rows(8)
    wide = torch.zeros(16, 20)
    wide[::2, ::2] = x
    for strided in (x.t().contiguous().t(), wide[::2, ::2], x.repeat(2, 1)[:8]):
        assert torch.equal(module(strided), module(x))


def test_consecutive_layers_exchange_features_major_memory(monkeypatch):
    """In plain torch; the native core has whole networks in one operation."""
    monkeypatch.setenv("GATEGRAD_TRAINING", "torch")
    assert layer().eval()(rows(8)).t().is_contiguous()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_follows_single_precision(dtype, kind):
    half = layer(parametrization=kind, dtype=dtype)
    full = layer(parametrization=kind)
    full.load_state_dict(half.state_dict())
    x = (rows(32) > 0.5).float().requires_grad_()
    got, wanted = half(x), full(x)
    assert got.dtype == dtype
    torch.testing.assert_close(got.float(), wanted, atol=0.03, rtol=0.03)
    grads = [
        torch.autograd.grad(y.float().mean(), m.weight)[0] for y, m in ((got, half), (wanted, full))
    ]
    torch.testing.assert_close(grads[0].float(), grads[1], atol=1e-3, rtol=0.05)
    assert torch.equal(half.eval()(x).float(), full.eval()(x))


def test_autocast_does_not_lower_the_precision():
    net = torch.nn.Sequential(layer(), nn.GroupSum(4))
    x = rows(8)
    grads = []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            y = net(x)
        grads.append(torch.autograd.grad(y.square().sum(), net[0].weight)[0])
        assert y.dtype == torch.float32
    assert torch.equal(*grads)


# The tracer itself looks at .grad of the tensors between two graphs.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")
def test_compiled_networks_compute_the_same():
    net = torch.nn.Sequential(layer(), layer(24, 8, seed=1), nn.GroupSum(2))
    compiled = torch.compile(net, backend="eager")
    x = rows(5)
    assert torch.equal(compiled(x), net(x))
    net[0].load_state_dict(layer(seed=9).state_dict())
    assert torch.equal(compiled(x), net(x))
    net.eval()
    assert torch.equal(compiled(x), net(x))


def test_the_same_seed_gives_the_same_layer():
    one, same, other = (layer(seed=s).state_dict() for s in (7, np.int64(7), 8))
    for name, value in one.items():
        assert torch.equal(value, same[name])
        assert not torch.equal(value, other[name])


def test_a_shared_generator_gives_different_layers_and_repeats():
    def build():
        generator = torch.Generator().manual_seed(3)
        return [nn.LogicDense(10, 24, generator=generator) for _ in range(2)]

    (first, second), (again, _) = build(), build()
    assert not torch.equal(first.indices, second.indices)
    assert not torch.equal(first.weight, second.weight)
    assert torch.equal(first.indices, again.indices)
    assert torch.equal(first.weight, again.weight)


def test_wiring_does_not_depend_on_parametrization_or_init():
    layers = [layer(parametrization=k, init=i) for k in KINDS for i in ("gaussian", "residual")]
    assert all(torch.equal(m.indices, layers[0].indices) for m in layers)


def test_global_random_state_is_neither_read_nor_moved():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = nn.LogicDense(10, 24)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(0)
    assert not torch.equal(first.weight, nn.LogicDense(10, 24).weight)


def test_grad_factor_scales_the_gradient_of_the_input():
    x = rows(4).requires_grad_()
    plain, scaled = (torch.autograd.grad(layer(grad_factor=f)(x).sum(), x)[0] for f in (1.0, 2.5))
    torch.testing.assert_close(scaled, 2.5 * plain)


def test_residual_layers_pass_their_first_pins_through():
    module = layer(init="residual").eval()
    x = rows(5)
    assert torch.equal(module(x), x[:, module.indices[0]])


def test_local_wiring_through_the_layer():
    active = np.zeros((4, 4), bool)
    active[1:3, 1:3] = True
    module = layer(16, 40, connections="local", image_shape=(4, 4), radius=1, active=active)
    assert set(module.indices.flatten().tolist()) == {5, 6, 9, 10}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"parametrization": "rwa"},
            ValueError,
            "unknown parametrization 'rwa'; known: raw, ",
        ),
        ({"init": "zeros"}, ValueError, "unknown init 'zeros'; known: gaussian, residual"),
        ({"estimator": "hard"}, ValueError, "unknown estimator 'hard'; known: soft, straight-thr"),
        ({"connections": "all"}, ValueError, "unknown connections 'all'; known: random, unique"),
        ({"radius": 2}, ValueError, 'radius applies only to connections="local" or '),
        ({"in_dim": 0}, ValueError, "in_dim must be an integer of at least 1, got 0"),
        ({"out_dim": 2.5}, ValueError, r"out_dim must be an integer of at least 1, got 2\.5"),
        ({"dtype": torch.int32}, TypeError, "dtype must be a floating type"),
        ({"seed": "x"}, TypeError, "seed must be an integer or None, got 'x'"),
        ({"generator": 3, "seed": None}, TypeError, "generator must be a torch.Generator, got int"),
        ({"generator": torch.Generator()}, ValueError, "got both seed and generator; give one"),
    ],
)
def test_construction_messages(options, error, message):
    with pytest.raises(error, match=message):
        layer(**options)


def test_a_misspelt_option_is_an_error():
    with pytest.raises(TypeError, match="parametrisation"):
        nn.LogicDense(4, 4, parametrisation="raw")


def test_input_messages():
    module = layer()
    with pytest.raises(ValueError, match=r"expects input of shape \(batch, 10\), got \(3, 9\); fl"):
        module(torch.zeros(3, 9))
    with pytest.raises(TypeError, match=r"takes real or bool values, got torch.complex64"):
        module(torch.zeros(3, 10, dtype=torch.complex64))
    with pytest.raises(TypeError, match=r"takes a tensor, got ndarray; use torch.as_tensor"):
        module(np.zeros((3, 10)))
