"""The native core's tables against plain torch, and what they keep for the backward pass."""

from itertools import product

import pytest
import torch

from gategrad import _core, nn
from gategrad.nn.executors.training_variable import VARIABLE
from tests.nn.native_layers import bytes_kept

ISAS = _core.isas()
INPUTS = (2, 3, 4, 5, 6)


def _layer(inputs: int = 6, n_in: int = 20, n_out: int = 45, **options) -> nn.LogicDense:
    # Tables of two inputs are the core's own business unless finite differences ask for them.
    estimator = "efd" if inputs == 2 else "soft"
    defaults = {"parametrization": "light", "estimator": estimator, "seed": 0}
    layer = nn.LogicDense(n_in, n_out, inputs=inputs, **{**defaults, **options})
    layer.indices[:, 0] = 3  # all pins on one wire
    layer.indices[1, 1] = layer.indices[0, 1]
    layer.indices[layer.indices == 5] = 4  # wire 5 feeds no gate
    return layer


def _gradients(layer: nn.LogicDense, x: torch.Tensor) -> list[torch.Tensor]:
    x = x.clone().requires_grad_()
    layer.zero_grad()
    out = layer(x)
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
    (out * weights).sum().backward()
    return [out.detach(), x.grad, layer.weight.grad.clone()]


def _torch_gradients(
    layer: nn.LogicDense, x: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> list[torch.Tensor]:
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, "torch")
        return _gradients(layer, x)


def _rows(batch: int, dtype: torch.dtype = torch.float64, width: int = 20) -> torch.Tensor:
    return torch.rand(batch, width, dtype=dtype, generator=torch.Generator().manual_seed(batch))


OF_MORE_INPUTS = (
    {},
    {"estimator": "straight-through"},
    {"parametrization": "walsh", "estimator": "straight-through"},
    {"parametrization": "light-sigmoid", "grad_factor": 1.5},
)
OF_ANY = (
    {"parametrization": "dwn", "estimator": "efd"},
    {"estimator": "efd", "grad_factor": 0.5},
)


@pytest.mark.parametrize(
    ("inputs", "options"),
    [*product(INPUTS, OF_ANY), *product(INPUTS[1:], OF_MORE_INPUTS)],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_same_as_plain_torch(isa, monkeypatch, inputs, options) -> None:
    layer = _layer(inputs, dtype=torch.float64, **options)
    assert nn.training_backend(layer).startswith(f"native ({isa}")
    for batch in (0, 1, 3, 17, 64, 150, 290):  # up to 256 samples, one thread makes all in one pass
        x = _rows(batch)
        got, wanted = _gradients(layer, x), _torch_gradients(layer, x, monkeypatch)
        torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12)
        assert (got[1][:, 5] == 0).all()


@pytest.mark.parametrize("inputs", INPUTS)
def test_single_precision(isa, monkeypatch, inputs) -> None:
    for batch in (1, 16, 100, 129):
        layer, x = _layer(inputs, n_out=70), _rows(batch, torch.float32)
        torch.testing.assert_close(
            _gradients(layer, x), _torch_gradients(layer, x, monkeypatch), rtol=2e-5, atol=2e-5
        )


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("kind", ["light", "dwn"])
def test_hard_gates_are_exact(isa, inputs, kind) -> None:
    bits = (_rows(100, torch.float32) > 0.5).float()
    layer = _layer(inputs, parametrization=kind, estimator="efd")
    trained = layer(bits).detach()
    place = (bits.long()[:, layer.indices] << torch.arange(inputs)[:, None]).sum(1)
    assert torch.equal(trained, (layer.tables() >> place & 1).float())
    assert torch.equal(layer.eval()(bits), trained)


@pytest.mark.parametrize("batch", [200, 300])
def test_a_thread_count_repeats_and_threads_agree(batch) -> None:
    before = torch.get_num_threads()
    layer, x = _layer(n_out=3000), _rows(batch, torch.float32)
    try:
        results = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            first, second = _gradients(layer, x), _gradients(layer, x)
            assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
            results.append(first)
        torch.testing.assert_close(*results)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("kind", ["light", "light-sigmoid", "walsh", "dwn"])
@pytest.mark.parametrize("backend", ["native", "torch"])
def test_four_bytes_a_wire_and_sample_are_kept(monkeypatch, inputs, kind, backend) -> None:
    monkeypatch.setenv(VARIABLE, backend)
    layer = _layer(inputs, parametrization=kind, estimator="efd")
    sizes = [bytes_kept(layer, _rows(batch, torch.float32)) for batch in (100, 300)]
    assert sizes[1] - sizes[0] == 4 * 20 * 200


def test_nan_weights_are_seen() -> None:
    layer = _layer(dtype=torch.float32)
    with torch.no_grad():
        layer.weight[7, 30] = torch.nan
    out, _, grad = _gradients(layer, _rows(10, torch.float32))
    assert out[:, 7].isnan().all()
    assert grad[7, 30].isnan()
    others = torch.arange(45) != 7
    assert out[:, others].isfinite().all()
    assert grad[others].isfinite().all()


@pytest.mark.parametrize("wire", [20, -1, 2**62])
def test_wires_out_of_range_are_refused(wire: int) -> None:
    layer = _layer()
    layer.indices[4, 3] = wire
    with pytest.raises(IndexError, match="reads a wire outside 0 to 19"):
        layer(_rows(4, torch.float32))


def test_no_second_derivatives() -> None:
    x = _rows(4, torch.float32).requires_grad_()
    with pytest.raises(RuntimeError, match="can't be differentiated twice"):
        torch.autograd.grad(_layer()(x).sum(), x, create_graph=True)


def test_training_backend_is_told(monkeypatch) -> None:
    assert nn.training_backend(_layer()) == f"native ({ISAS[-1]}, torch's OpenMP threads)"
    half = _layer(dtype=torch.bfloat16)
    assert nn.training_backend(half) == "torch (the weights are torch.bfloat16)"
    learned = nn.LogicDense(20, 9, inputs=4, parametrization="light", connections="learned", seed=0)
    assert nn.training_backend(learned).startswith("native")
    mixed = torch.nn.Sequential(nn.LogicDense(20, 30, seed=0), _layer(n_in=30))
    assert nn.training_backend(mixed).startswith("native")
    monkeypatch.setenv(VARIABLE, "torch")
    assert nn.training_backend(mixed) == "torch (GATEGRAD_TRAINING is torch)"


def test_autocast_changes_nothing() -> None:
    layer, x = _layer(dtype=torch.float32), _rows(10, torch.float32)
    expected = layer(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(layer(x), expected)
