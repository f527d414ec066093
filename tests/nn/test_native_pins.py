"""The native core's learned wires on values of any kind, against plain torch."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from gategrad import nn
from gategrad.nn.executors.training_variable import VARIABLE
from tests.nn.native_layers import (
    BATCHES,
    ESTIMATORS,
    bytes_kept,
    gradients,
    gradients_on_threads,
    noted_calls,
    rows,
    torch_gradients,
)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the core's functions for pins, as they are called."""
    return noted_calls(monkeypatch, "pins_")


def layer(candidates=16, *, in_dim=24, out_dim=19, **options) -> nn.LogicDense:
    """Some candidates of a pin are one wire, and so are both pins of gates; nobody reads wire 5."""
    options = {"seed": 0, "connections": "learned", "candidates": candidates} | options
    made = nn.LogicDense(in_dim, out_dim, **options)
    wires = made.wiring.candidates
    wires[:, :3] = wires[:, :3, :1]
    wires[:, 4] = wires[0, 4]
    wires[wires == 5] = 6
    with torch.no_grad():
        made.wiring.logits.normal_(std=2, generator=torch.Generator().manual_seed(1))
    return made


@pytest.mark.parametrize("candidates", [1, 3, 16, 21, "all"])
@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
def test_pins_are_those_of_plain_torch(isa, monkeypatch, calls, candidates, wire_estimator) -> None:
    for dtype, close in ((torch.float32, 2e-5), (torch.float64, 1e-12)):
        wiring = layer(candidates, wire_estimator=wire_estimator, dtype=dtype).wiring
        for batch in BATCHES:
            x = rows(batch, dtype=dtype).t()
            found, wanted = gradients(wiring, x), torch_gradients(wiring, x, monkeypatch)
            torch.testing.assert_close(found, wanted, rtol=close, atol=close)
            assert (found[1][5] == 0).all()
    assert len(calls) == 2 * 2 * len(BATCHES)


@pytest.mark.parametrize("inputs", [2, 3, 6])
@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_layers_are_those_of_plain_torch(
    isa, monkeypatch, calls, inputs, wire_estimator, estimator
) -> None:
    options = {"wire_estimator": wire_estimator, "estimator": estimator, "grad_factor": 1.5}
    module = layer(7, inputs=inputs, parametrization="light", **options)
    assert nn.training_backend(module).startswith(f"native ({isa}")
    for frozen, batch in ((False, 3), (False, 100), (True, 17)):
        module.frozen = frozen
        x = rows(batch)
        if frozen:
            with monkeypatch.context() as patch:
                patch.setenv(VARIABLE, "torch")
                wanted = module(x)
            torch.testing.assert_close(module(x), wanted)
            continue
        found, wanted = gradients(module, x), torch_gradients(module, x, monkeypatch)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-5)
    # Mixtures are made a second time for the gradients of the gates.
    assert len(calls) == 2 * (3 if wire_estimator == "soft" else 2)


@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
def test_wide_layers_and_threads(isa, monkeypatch, wire_estimator) -> None:
    # Of 9,000 wires narrower tiles are made, and the work is worth three threads.
    wiring = layer(60, in_dim=9000, out_dim=700, wire_estimator=wire_estimator).wiring
    x = rows(75, 9000).t()
    found = gradients_on_threads(wiring, x)
    for other in found[1:]:
        assert all(map(torch.equal, found[0], other))
    wanted = torch_gradients(wiring, x, monkeypatch)
    torch.testing.assert_close(found[0], wanted, rtol=1e-4, atol=1e-4)


def test_several_python_threads() -> None:
    module, x = layer(out_dim=300, wire_estimator="soft"), rows(64)
    wanted = gradients(module, x)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: gradients(module, x), range(16)):
            assert all(map(torch.equal, found, wanted))


@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
def test_only_what_is_wanted_is_computed(wire_estimator) -> None:
    wiring = layer(wire_estimator=wire_estimator).wiring
    x, upstream = rows(17).t(), torch.linspace(-1, 1, 2 * 19 * 17).reshape(2, 19, 17)
    _, of_x, of_logits = gradients(wiring, x)
    out = wiring(x)
    weights = torch.linspace(-1, 2, upstream.numel()).reshape(upstream.shape)
    (alone,) = torch.autograd.grad(out, wiring.logits, weights)
    assert torch.equal(alone, of_logits)
    wiring.logits.requires_grad_(False)
    leaf = x.clone().requires_grad_()
    (alone,) = torch.autograd.grad(wiring(leaf), leaf, weights)
    assert torch.equal(alone, of_x)


@pytest.mark.parametrize("candidate", [24, -1])
@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
def test_candidates_beyond_the_input_are_refused(wire_estimator, candidate) -> None:
    module = layer(wire_estimator=wire_estimator)
    module.wiring.candidates[1, 3, 2] = candidate
    with pytest.raises(IndexError, match="a pin has a candidate outside 0 to 23"):
        module(rows(9))


def test_rows_of_which_the_gradient_needs_them_are_kept_alone() -> None:
    wiring = layer(wire_estimator="soft").wiring
    # The rows; shares; candidates.
    assert bytes_kept(wiring, rows(100).t().contiguous()) == 4 * 24 * 100 + 4 * 2 * 19 * 16 * 2


@pytest.mark.parametrize("inputs", [2, 4])
@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
def test_four_bytes_a_wire_and_sample_are_kept_of_a_layer(wire_estimator, inputs) -> None:
    module = layer(inputs=inputs, parametrization="light", wire_estimator=wire_estimator)
    sizes = [bytes_kept(module, rows(batch).t().contiguous().t()) for batch in (100, 300)]
    assert sizes[1] - sizes[0] == 4 * 24 * 200


@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
def test_values_that_change_before_the_gradient_is_asked_for_are_refused(wire_estimator) -> None:
    # By features, as layers pass them: nothing is copied.
    module, x = layer(wire_estimator=wire_estimator), rows(5).t().contiguous().t()
    out = module(x)
    x += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


def test_no_second_derivatives() -> None:
    x = rows(4).requires_grad_()
    with pytest.raises(RuntimeError, match="can't be differentiated twice"):
        torch.autograd.grad(layer()(x).sum(), x, create_graph=True)


def test_where_plain_torch_computes(monkeypatch, calls) -> None:
    half = layer(dtype=torch.bfloat16)
    half(rows(3).bfloat16())
    assert nn.training_backend(half) == "torch (the wiring's logits are torch.bfloat16)"
    module = layer(wire_estimator="soft")
    assert nn.training_backend(module).startswith("native")
    monkeypatch.setenv(VARIABLE, "torch")
    module(rows(3))
    assert nn.training_backend(module) == "torch (GATEGRAD_TRAINING is torch)"
    assert not calls


def test_autocast_changes_nothing() -> None:
    module, x = layer(wire_estimator="soft"), rows(10)
    expected = module(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(module(x), expected)


def halved(wiring: torch.nn.Module) -> None:
    wiring.half()


def shrunk(wiring: torch.nn.Module) -> None:
    logits = wiring.logits
    logits.data = logits.data[:, :3].clone()


@pytest.mark.parametrize("change", [halved, shrunk])
def test_tensors_that_changed_between_the_passes_are_refused(change) -> None:
    module = layer(wire_estimator="straight-through")
    out = module(rows(9)).sum()
    change(module.wiring)
    with pytest.raises(RuntimeError, match=r"shares of candidates is .*; the native core expects"):
        out.backward()
