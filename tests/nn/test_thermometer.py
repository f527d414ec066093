"""nn.Thermometer: the bits of encoding.Thermometer in every mode, ordered levels, gradients."""

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import encoding, nn
from gategrad.encoding import EncodingError
from gategrad.harden import DiscretizeError
from tests import fresh

LEVELS = np.array([[0.1, -1.0, 3.0], [0.3, 0.0, 3.0], [0.7, 2.5, 1e6]])


def near_levels(levels, dtype):
    """Values at, just below and just above every level, as dtype."""
    at = np.asarray(levels).astype(dtype)
    info = (np.nextafter(at, -np.inf), at, np.nextafter(at, np.inf)) if at.dtype.kind == "f" else at
    return np.concatenate([np.asarray(info).reshape(-1, levels.shape[1]), at[:1] * 0])


def moved(learnable, seed=0):
    """A thermometer whose levels have been learning, out of order."""
    module = nn.Thermometer(LEVELS, learnable=learnable)
    if learnable:
        with torch.no_grad():
            noise = torch.randn(3, 3, generator=torch.Generator().manual_seed(seed))
            module.shift.copy_(3 * noise)
    return module


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.uint8, np.int64, bool])
@pytest.mark.parametrize("learnable", [False, True])
@pytest.mark.parametrize("mode", [True, False])
def test_bits_are_those_of_the_encoder_in_both_modes(dtype, learnable, mode):
    module = moved(learnable).train(mode)
    levels = module.levels().detach().numpy()
    with np.errstate(over="ignore", invalid="ignore"):
        x = near_levels(np.clip(levels, -200, 200), dtype)
    bits = module(torch.from_numpy(x))
    assert bits.dtype == (torch.float32 if learnable else torch.bool)
    np.testing.assert_array_equal(bits.bool().numpy(), module.encoder().encode(x))


def test_any_leading_dimensions():
    x = torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(0))
    module = nn.Thermometer(LEVELS)
    assert torch.equal(module(x).reshape(8, 9), module(x.reshape(8, 3)))
    assert module(x[:0]).shape == (0, 4, 9)
    assert module(x[0, 0]).shape == (9,)


def test_learned_levels_start_where_they_are_given_and_stay_ordered():
    module = nn.Thermometer(LEVELS, learnable=True)
    assert np.array_equal(module.levels().detach().numpy(), LEVELS)
    levels = moved(True).levels().detach().numpy()
    assert (np.diff(levels, axis=0) >= 0).all()
    assert not np.array_equal(levels, LEVELS)


def test_gradient_is_that_of_the_soft_comparison():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64).requires_grad_()
    module = nn.Thermometer(LEVELS, learnable=True, temperature=0.7).double()
    weights = torch.randn(5, 9, generator=generator, dtype=torch.float64)
    (module(x) * weights).sum().backward()

    shift = module.shift.detach().clone().requires_grad_()
    copy = x.detach().clone().requires_grad_()
    levels = (module.start + module.scale * shift).sort(dim=0).values
    soft = torch.sigmoid((copy[:, None, :] - levels) / (0.7 * module.scale))
    (soft.flatten(1) * weights).sum().backward()
    torch.testing.assert_close(module.shift.grad, shift.grad)
    torch.testing.assert_close(x.grad, copy.grad)


def test_fixed_levels_pass_the_gradient_of_x():
    x = torch.zeros(2, 3, requires_grad=True)
    bits = nn.Thermometer(LEVELS)(x)
    bits.sum().backward()
    assert bits.dtype == torch.float32
    assert (x.grad > 0).all()


def test_levels_learn_where_the_classes_part():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(512, 1, generator=generator)
    y = (x[:, 0] > 0.7).float()
    module = nn.Thermometer([[0.3]], learnable=True, temperature=0.5)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        (module(x)[:, 0] - y).square().mean().backward()
        optimizer.step()
    assert abs(module.levels().item() - 0.7) < 0.05


@pytest.mark.parametrize("learnable", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_discretize_moves_it_into_the_model(learnable, dtype):
    rng = np.random.default_rng(0)
    x = np.clip(rng.normal(1, 2, (300, 3)) * 3, 0, 200).astype(dtype)
    net = torch.nn.Sequential(
        torch.nn.Flatten(),
        moved(learnable),
        nn.LogicDense(9, 60, seed=0),
        nn.LogicDense(60, 40, seed=1),
        nn.GroupSum(4, tau=1.7),
    )
    model = gg.discretize(net)
    assert isinstance(model.encoder, encoding.Thermometer)
    with torch.no_grad():
        expected = net.eval()(torch.from_numpy(x)).numpy()
    for made in (model, model.optimize()):
        for backend in ("native", "numpy"):
            np.testing.assert_array_equal(made.scores(x, backend=backend), expected)


def test_first_layer_stays_native_and_levels_get_gradients():
    net = nn.Sequential(moved(True), nn.LogicDense(9, 20, seed=0), nn.GroupSum(2))
    net(torch.rand(7, 3)).square().sum().backward()
    assert nn.training_backend(net).startswith("native")
    assert net[0].shift.grad.abs().sum() > 0


def test_state_dict_brings_levels_back():
    there = nn.Thermometer(LEVELS * 2 + 1, learnable=True)
    there.load_state_dict(moved(True).state_dict())
    assert torch.equal(there.levels(), moved(True).levels())


def test_fitted_constructors_are_those_of_encoding():
    x = np.random.default_rng(0).normal(size=(50, 4))
    assert nn.Thermometer.quantile(x, 3).encoder() == encoding.Thermometer.quantile(x, 3)
    uniform = nn.Thermometer.uniform(x, 3, low=-1, high=1, learnable=True, temperature=2.0)
    assert uniform.encoder() == encoding.Thermometer.uniform(x, 3, low=-1, high=1)
    assert (uniform.temperature, uniform.shift is not None) == (2.0, True)


def test_messages():
    with pytest.raises(EncodingError, match="fall in column 0"):
        nn.Thermometer(LEVELS[::-1])
    with pytest.raises(ValueError, match="temperature must be a finite number above 0, got 0"):
        nn.Thermometer(LEVELS, temperature=0)
    x = torch.zeros(4, 3)
    x[2, 1] = torch.nan
    with pytest.raises(ValueError, match=r"got NaN at \[2, 1\] of \(4, 3\)"):
        nn.Thermometer(LEVELS)(x)
    with pytest.raises(ValueError, match=r"Thermometer expects input of shape \(batch, 3\)"):
        nn.Thermometer(LEVELS)(torch.zeros(4, 9))


def test_refused_by_discretize():
    first, gates = nn.Thermometer(LEVELS), nn.LogicDense(9, 9, seed=0)
    with pytest.raises(DiscretizeError, match="there is a Thermometer as encoder= too"):
        gg.discretize(nn.Sequential(first, gates), encoder=first.encoder())
    with pytest.raises(DiscretizeError, match=r"'1' \(Thermometer\) comes after modules with gate"):
        gg.discretize(nn.Sequential(gates, nn.Thermometer(np.zeros((1, 9)))))
    diverged = moved(True)
    with torch.no_grad():
        diverged.shift[0, 0] = torch.nan
    with pytest.raises(DiscretizeError, match="has levels that are none: levels hold NaN"):
        gg.discretize(nn.Sequential(diverged, gates))


def test_from_circuit_takes_the_encoder_along_where_asked():
    layer = nn.Thermometer([[0.2] * 4, [0.6] * 4])
    model = gg.discretize(nn.Sequential(layer, nn.LogicDense(8, 9, seed=0), nn.GroupSum(3)))
    assert gg.discretize(nn.from_circuit(model, encoder=True)) == model
    assert gg.discretize(nn.from_circuit(model), encoder=model.encoder) == model
    bits = gg.Model(model.circuit, model.readout)
    with pytest.raises(TypeError, match=r"encoding.Thermometer, got NoneType; leave it out"):
        nn.from_circuit(bits, encoder=True)


def test_a_saved_state_gives_the_same_outputs_in_a_fresh_process(tmp_path):
    layer = moved(True)
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    torch.save([layer.state_dict(), x], tmp_path / "state.pt")
    script = f"""
import torch
from gategrad import nn
state, x = torch.load({str(tmp_path / "state.pt")!r}, weights_only=True)
layer = nn.Thermometer(torch.zeros({tuple(layer.levels().shape)}).numpy(), learnable=True)
layer.load_state_dict(state)
torch.save(layer(x).detach(), {str(tmp_path / "out.pt")!r})
"""
    done = fresh.run(script)
    assert done.returncode == 0, done.stderr
    assert torch.equal(torch.load(tmp_path / "out.pt", weights_only=True), layer(x).detach())
