"""The Triton layer equals plain torch: forward, gradients, dtypes, shapes, estimators."""

import pytest

torch = pytest.importorskip("torch", reason="needs gategrad[train]")

from gategrad import nn  # noqa: E402
from gategrad.nn.executors.torch.polynomial import gate_polynomials  # noqa: E402
from gategrad.nn.executors.training_variable import VARIABLE  # noqa: E402

SHAPES = [(1, 1, 1), (7, 5, 3), (9, 130, 33), (3, 2, 300)]


def _random(shape, seed, device, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=generator).to(device, dtype)


def _layer(n_in, n_gates, device, **options):
    wires = torch.randint(0, n_in, (2, n_gates), generator=torch.Generator().manual_seed(1))
    wires[:, ::3] = wires[:1, ::3]  # both pins on one wire
    wires[wires == 1] = 0  # wire 1 is not read
    return nn.LogicDense(n_in, n_gates, connections=wires, seed=2, device=device, **options)


def _run(layer, x, grad):
    x = x.detach().requires_grad_()
    layer.zero_grad()
    y = layer(x)
    y.backward(grad)
    return y.detach(), x.grad, layer.weight.grad


def _compare(layer, device, monkeypatch, batch, tolerance=1e-5, dtype=torch.float32):
    x = _random((batch, layer.in_dim), 3, device, dtype)
    grad = _random((batch, layer.out_dim), 4, device, dtype) - 0.5
    assert nn.training_backend(layer).startswith("triton")
    got = _run(layer, x, grad)
    monkeypatch.setenv(VARIABLE, "torch")
    wanted = _run(layer, x, grad)
    for ours, plain in zip(got, wanted, strict=True):
        assert ours.dtype == plain.dtype
        scale = plain.abs().max().item() + 1e-3
        torch.testing.assert_close(ours, plain, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize(("n_in", "n_gates", "batch"), SHAPES)
@pytest.mark.parametrize("deterministic", [True, False])
def test_shapes(device, monkeypatch, n_in, n_gates, batch, deterministic) -> None:
    layer = _layer(n_in, n_gates, device, grad_factor=1.5, deterministic=deterministic)
    _compare(layer, device, monkeypatch, batch)


@pytest.mark.parametrize("estimator", ["soft", "straight-through"])
@pytest.mark.parametrize("parametrization", ["raw", "light", "walsh"])
def test_parametrizations(device, monkeypatch, parametrization, estimator) -> None:
    layer = _layer(9, 130, device, parametrization=parametrization, estimator=estimator)
    _compare(layer, device, monkeypatch, 5)


@pytest.mark.parametrize("parametrization", ["raw", "light"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(device, monkeypatch, dtype, parametrization) -> None:
    layer = _layer(9, 40, device, parametrization=parametrization, dtype=dtype)
    _compare(layer, device, monkeypatch, 33, tolerance=0.05, dtype=dtype)


def test_autocast_keeps_values_in_its_dtype(device) -> None:
    layer = _layer(9, 40, device)
    x = _random((33, 9), 5, device).requires_grad_()
    with torch.autocast(device, dtype=torch.bfloat16):
        y = layer(x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype, layer.weight.grad.dtype) == (
        torch.bfloat16, torch.float32, torch.float32,
    )  # fmt: skip
    torch.testing.assert_close(y.float(), layer(x), rtol=0, atol=0.02)


def test_limited_gates_with_a_temperature(device, monkeypatch) -> None:
    layer = _layer(9, 40, device, gates=("nand", "xor"), temperature=0.5)
    _compare(layer, device, monkeypatch, 5)


def test_straight_through_is_the_hard_network(device) -> None:
    for parametrization in ("raw", "light"):
        layer = _layer(
            9, 130, device, parametrization=parametrization, estimator="straight-through"
        )
        x = (_random((33, 9), 5, device) > 0.5).float()
        assert torch.equal(layer(x), layer.eval()(x))


def test_many_samples_are_summed_in_parts(device) -> None:
    from gategrad.nn.executors.gpu import layer_op, tiles

    batch = 1100
    assert tiles.splits(1, tiles.blocks(batch, 256)) > 1
    x, wires = _random((6, batch), 0, device), torch.tensor([[0, 3], [1, 3]], device=device)
    soft, grad = _random((2, 4), 1, device), _random((2, batch), 2, device)
    ours, plain = soft.clone()[:, None].requires_grad_(), soft.clone().requires_grad_()
    layer_op.EagerLayer.apply(x, wires, ours, 2, False, 1.0, True).backward(grad)
    gate_polynomials(x, wires, plain.detach(), plain).backward(grad)
    torch.testing.assert_close(ours.grad[:, 0], plain.grad, rtol=1e-5, atol=1e-4)


def test_no_samples(device) -> None:
    layer = _layer(9, 5, device)
    x = torch.zeros(0, 9, device=device, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.shape == (0, 9)
    assert not layer.weight.grad.any()


def test_bool_rows_and_more_dimensions(device, monkeypatch) -> None:
    layer = _layer(9, 5, device)
    x = _random((2, 3, 9), 5, device) > 0.5
    ours = layer(x)
    monkeypatch.setenv(VARIABLE, "torch")
    torch.testing.assert_close(ours, layer(x))


def test_networks_repeat_bit_for_bit_and_learn(device) -> None:
    def losses():
        net = nn.Sequential(
            nn.LogicDense(9, 40, seed=0, device=device),
            nn.LogicDense(40, 20, seed=1, device=device),
            nn.GroupSum(2),
        )
        x = (_random((33, 9), 5, device) > 0.5).float()
        optimizer, target = torch.optim.Adam(net.parameters(), lr=0.1), x[:, 0].long()
        for _ in range(3):
            loss = torch.nn.functional.cross_entropy(net(x), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()

    first = list(losses())
    assert first == list(losses())
    assert first[-1] < first[0]


def test_a_changed_wiring_is_seen(device, monkeypatch) -> None:
    layer = _layer(9, 40, device)
    _compare(layer, device, monkeypatch, 3)
    monkeypatch.setenv(VARIABLE, "triton")
    layer.indices.copy_(layer.indices.flip(1))
    _compare(layer, device, monkeypatch, 3)


def test_second_derivatives_are_refused(device) -> None:
    layer = _layer(4, 3, device)
    x = _random((2, 4), 0, device).requires_grad_()
    with pytest.raises(RuntimeError, match="can't be differentiated twice"):
        torch.autograd.grad(layer(x).sum(), x, create_graph=True)


def test_frozen_layers_and_eval(device, monkeypatch) -> None:
    layer = _layer(9, 40, device).eval()
    x = _random((5, 9), 0, device).requires_grad_()
    ours = torch.autograd.grad(layer(x).sum(), x)[0]
    layer.train().frozen = True
    frozen = layer(x)
    assert not frozen.requires_grad
    layer.frozen = False
    monkeypatch.setenv(VARIABLE, "torch")
    torch.testing.assert_close(ours, torch.autograd.grad(layer.eval()(x).sum(), x)[0])
    torch.testing.assert_close(frozen, layer(x).detach())


def test_operations_pass_torch_checks(device) -> None:
    from gategrad.nn.executors.gpu.layer_op import triton_layer

    weight = _random((5, 16), 0, device).requires_grad_()
    rows = _random((4, 3), 1, device).requires_grad_()
    wires = torch.tensor([[0, 1, 2, 3, 3], [1, 1, 0, 0, 2]], device=device)
    torch.library.opcheck(
        triton_layer,
        (rows, wires, weight, 0, True, 1.0, True),
        test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
    )


def test_what_runs_is_said(device, monkeypatch) -> None:
    layer = _layer(4, 3, device, dtype=torch.float64)
    assert nn.training_backend(layer) == "torch (the weights are torch.float64)"
    minmax = _layer(4, 3, device, logic="min-max")
    assert nn.training_backend(minmax) == "torch (logic='min-max' is no polynomial)"
    if device == "cpu":
        monkeypatch.setenv("TRITON_INTERPRET", "0")
        with pytest.raises(ValueError, match="needs triton and TRITON_INTERPRET=1"):
            nn.training_backend(layer)


@pytest.mark.parametrize("options", [{}, {"connections": "learned", "candidates": 3}])
def test_compiles_whole(device, options) -> None:
    layer = nn.LogicDense(5, 7, seed=0, device=device, **options)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    x, grad = _random((4, 5), 0, device), _random((4, 7), 1, device)
    got = _run_compiled(compiled, layer, x, grad)
    for ours, eager in zip(got, _run(layer, x, grad), strict=True):
        torch.testing.assert_close(ours, eager, rtol=0, atol=0)


def _run_compiled(compiled, layer, x, grad):
    x = x.detach().requires_grad_()
    layer.zero_grad()
    y = compiled(x)
    y.backward(grad)
    return y.detach(), x.grad, layer.weight.grad
