"""The native core's slots against plain torch, on every instruction set."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from gategrad import _core, nn
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
    """Names of the core's functions for slots, as they are called."""
    return noted_calls(monkeypatch, "slots_")


def layer(slots=16, *, in_dim=24, out_dim=19, **options) -> nn.SlotDense:
    """Some slots read one wire twice, some are the same; nobody reads wire 5."""
    made = nn.SlotDense(in_dim, out_dim, slots=slots, **{"seed": 0} | options)
    made.slot_wires[1, :3] = made.slot_wires[0, :3]
    made.slot_wires[:, 4] = made.slot_wires[:, 4, :1]
    made.slot_wires[made.slot_wires == 5] = 6
    with torch.no_grad():
        made.logits.normal_(std=2, generator=torch.Generator().manual_seed(1))
        made.logits[3] = 0
    return made


@pytest.mark.parametrize("slots", [1, 3, 16, 37])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_same_as_plain_torch(isa, monkeypatch, calls, slots, estimator) -> None:
    for dtype, close in ((torch.float32, 3e-5), (torch.float64, 1e-12)):
        module = layer(slots, estimator=estimator, dtype=dtype)
        assert nn.training_backend(module).startswith(f"native ({isa}")
        for batch in BATCHES:
            x = rows(batch, dtype=dtype)
            found, wanted = gradients(module, x), torch_gradients(module, x, monkeypatch)
            torch.testing.assert_close(found, wanted, rtol=close, atol=close)
            assert (found[1][:, 5] == 0).all()
    assert len(calls) == 2 * 2 * len(BATCHES)


def test_gradcheck() -> None:
    module, x = layer(5, in_dim=7, out_dim=5, dtype=torch.float64), rows(3, 7, torch.float64)

    def run(x, logits):
        return torch.func.functional_call(module, {"logits": logits}, (x,))

    assert torch.autograd.gradcheck(run, (x.requires_grad_(), module.logits))


def test_straight_through_is_exact_on_bits(isa) -> None:
    module, bits = layer(estimator="straight-through"), rows(100).round()
    trained = module(bits)
    a, b = bits[:, module.wires()].long().unbind(1)
    assert torch.equal(trained, (module.tables() >> (a + 2 * b) & 1).float())
    assert torch.equal(trained, module.eval()(bits))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_wide_layers_and_threads(isa, monkeypatch, estimator) -> None:
    # Of 9,000 wires narrower tiles are made, and the work is worth three threads.
    module = layer(40, in_dim=9000, out_dim=600, estimator=estimator)
    x = rows(75, 9000)
    found = gradients_on_threads(module, x)
    for other in found[1:]:
        assert all(map(torch.equal, found[0], other))
    wanted = torch_gradients(module, x, monkeypatch)
    torch.testing.assert_close(found[0], wanted, rtol=1e-4, atol=1e-4)


def test_several_python_threads() -> None:
    module, x = layer(out_dim=300), rows(64)
    wanted = gradients(module, x)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: gradients(module, x), range(16)):
            assert all(map(torch.equal, found, wanted))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_only_what_is_wanted_is_computed(estimator) -> None:
    module, x = layer(estimator=estimator), rows(17)
    out, of_x, of_logits = gradients(module, x)
    upstream = torch.linspace(-1, 2, out.numel()).reshape(out.shape)
    (alone,) = torch.autograd.grad(module(x), module.logits, upstream)
    assert torch.equal(alone, of_logits)
    module.logits.requires_grad_(False)
    leaf = x.clone().requires_grad_()
    (alone,) = torch.autograd.grad(module(leaf), leaf, upstream)
    assert torch.equal(alone, of_x)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("number", [24, -1, 2**62])
def test_wires_and_tables_out_of_range_are_refused(estimator, number) -> None:
    module = layer(estimator=estimator)
    module.slot_wires[1, 3, 2] = number
    with pytest.raises(IndexError, match="a slot reads a wire outside 0 to 23"):
        module(rows(9))
    module = layer(estimator=estimator)
    module.slot_tables[3, 2] = number
    with pytest.raises(IndexError, match="a slot has a truth table outside 0 to 15"):
        module(rows(9))


def test_nothing_is_kept_for_every_slot_and_sample() -> None:
    # The rows; shares, wires and tables.
    assert bytes_kept(layer(), rows(100)) == 4 * 24 * 100 + 19 * 16 * (4 + 16 + 8)


def test_slots_drawn_anew_before_the_backward_pass_are_noticed() -> None:
    module = layer()
    out = module(rows(9)).sum()
    nn.resample_slots(module, None, generator=torch.Generator().manual_seed(0))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.backward()


def test_no_second_derivatives() -> None:
    x = rows(4).requires_grad_()
    with pytest.raises(RuntimeError, match="can't be differentiated twice"):
        torch.autograd.grad(layer()(x).sum(), x, create_graph=True)


def test_where_plain_torch_computes(monkeypatch, calls) -> None:
    half = layer(dtype=torch.bfloat16)
    half(rows(3).bfloat16())
    assert nn.training_backend(half) == "torch (the layer's logits are torch.bfloat16)"
    net = torch.nn.Sequential(nn.LogicDense(24, 24, seed=0), layer())
    assert nn.training_backend(net).startswith("native")
    monkeypatch.setenv(VARIABLE, "torch")
    net(rows(3))
    assert nn.training_backend(net) == "torch (GATEGRAD_TRAINING is torch)"
    assert not calls


def test_autocast_changes_nothing() -> None:
    module, x = layer(), rows(10)
    expected = module(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(module(x), expected)


def halved(module: torch.nn.Module) -> None:
    module.half()


def shrunk(module: torch.nn.Module) -> None:
    logits = module.logits
    logits.data = logits.data[:3].clone()


@pytest.mark.parametrize("change", [halved, shrunk])
def test_tensors_that_changed_between_the_passes_are_refused(change) -> None:
    module = layer(estimator="straight-through")
    out = module(rows(9)).sum()
    change(module)
    with pytest.raises(RuntimeError, match=r"shares of slots is .*; the native core expects"):
        out.backward()


def test_the_core_compares_shapes_with_its_description() -> None:
    as_array = lambda t, kind: _core.Array(t.data_ptr(), kind, t.shape)  # noqa: E731
    real, whole = _core.ScalarType.float32, _core.ScalarType.int64
    wires, tables = torch.zeros(2, 3, 4, dtype=torch.int64), torch.zeros(3, 4, dtype=torch.int64)
    sizes = {"pins": 0, "n": 3, "k": 4, "n_in": 5, "batch": 6, "threads": 1, "grad_factor": 1.0}
    choice = _core.ChoiceDescription(isa="baseline", **sizes)
    terms = _core.TermArrays(
        wires=as_array(wires, whole),
        tables=as_array(tables, whole),
        chosen_wires=None,
        chosen_tables=None,
    )
    share, out = torch.ones(3, 4), torch.ones(3, 6)
    with pytest.raises(ValueError, match=r"rows is \(4, 6\); expected \(5, 6\)"):
        _core.slots_forward(
            choice,
            terms,
            share=as_array(share, real),
            logits=None,
            rows=as_array(torch.ones(4, 6), real),
            out=as_array(out, real),
        )
    with pytest.raises(TypeError):
        _core.ChoiceDescription("baseline", *sizes.values())
