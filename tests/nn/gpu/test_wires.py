"""Learned wires in Triton equal plain torch."""

import pytest

torch = pytest.importorskip("torch", reason="needs gategrad[train]")

from gategrad import nn  # noqa: E402
from gategrad.nn.executors.training_variable import VARIABLE  # noqa: E402


def _run(layer, x, grad):
    x = x.detach().requires_grad_()
    layer.zero_grad()
    y = layer(x)
    y.backward(grad)
    return y.detach(), x.grad, layer.weight.grad, layer.wiring.logits.grad


@pytest.mark.parametrize("wire_estimator", ["soft", "straight-through"])
@pytest.mark.parametrize(
    ("n_in", "n_gates", "candidates", "batch"), [(9, 5, 3, 1), (40, 33, 8, 35)]
)
def test_learned_wires(device, monkeypatch, wire_estimator, n_in, n_gates, candidates, batch):
    layer = nn.LogicDense(
        n_in, n_gates, connections="learned", candidates=candidates,
        wire_estimator=wire_estimator, grad_factor=2.0, seed=0, device=device,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        layer.wiring.logits += torch.randn(layer.wiring.logits.shape, generator=generator).to(
            device
        )
    x = torch.rand(batch, n_in, generator=generator).to(device)
    grad = torch.randn(batch, n_gates, generator=generator).to(device)
    assert nn.training_backend(layer).startswith("triton")
    got, hard = _run(layer, x, grad), layer.eval()(x)
    monkeypatch.setenv(VARIABLE, "torch")
    torch.testing.assert_close(hard, layer(x))
    for ours, plain in zip(got, _run(layer.train(), x, grad), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-5)


def test_operations_pass_torch_checks(device) -> None:
    from gategrad.nn.executors.gpu.wires_op import triton_wires

    share = torch.softmax(torch.arange(15.0, device=device).view(5, 3), 1).requires_grad_()
    rows = torch.rand(4, 3, device=device).requires_grad_()
    candidates = (torch.arange(15, dtype=torch.int32, device=device) % 4).view(5, 3)
    torch.library.opcheck(
        triton_wires,
        (rows, candidates, share, share.detach(), 1.0),
        test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
    )
