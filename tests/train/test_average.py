"""Averaged weights: what is evaluated, kept and resumed is the average of the formula."""

import pytest
import torch

from gategrad import train
from gategrad.harden import discretize
from gategrad.train import CheckpointError
from gategrad.train.average import Average
from tests.train.examples import fit, network, problem, same_weights


def _weights(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def test_the_average_is_that_of_the_formula():
    net, seen = network(), []
    expected = _weights(net).double()
    sgd = torch.optim.SGD(net.parameters(), lr=1.0)
    sgd.register_step_post_hook(lambda *_: seen.append(_weights(net).double()))
    result = fit(net, steps=30, eval_every=30, optimizer=sgd, validation=None, ema=0.6)
    assert result.best_step == 30
    for n, weights in enumerate(seen, 1):
        keep = min(0.6, (1 + n) / (10 + n))
        expected = keep * expected + (1 - keep) * weights
    torch.testing.assert_close(_weights(net).double(), expected, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(expected, seen[-1], atol=1e-4)


def test_training_goes_on_with_the_weights_themselves():
    ends = []
    for ema in (None, 0.9):
        net, last = network(), {}
        adam = torch.optim.Adam(net.parameters(), lr=0.05)
        adam.register_step_post_hook(lambda *_, net=net, last=last: last.update(w=_weights(net)))
        fit(net, steps=12, eval_every=3, optimizer=adam, ema=ema)
        ends.append(last["w"])
    assert torch.equal(*ends)


@pytest.mark.parametrize("options", [{}, {"gate_penalty": 0.1}, {"freeze": (0.2, 0.8)}])
def test_figures_are_those_of_the_network_that_is_left(options):
    net = network()
    result = fit(net, steps=60, eval_every=10, validation=None, ema=0.9, **options)
    x, y = problem()
    assert (discretize(net).predict(x) == y).mean() == pytest.approx(result.hard)


def test_learned_wiring_and_straight_through_gates_are_averaged_too():
    net = train.build_network(
        8,
        3,
        layers="240x2",
        connections="learned",
        candidates=4,
        estimator="straight-through",
        seed=0,
    )
    result = fit(net, steps=60, eval_every=20, validation=None, ema=0.8)
    x, y = problem()
    assert (discretize(net).predict(x) == y).mean() == pytest.approx(result.hard)


def test_a_run_that_ended_early_goes_on_bit_for_bit(tmp_path):
    class Enough(Exception):
        pass

    def until_the_third(evaluation):
        if evaluation.step == 20:
            raise Enough

    whole, path = network(), tmp_path / "run.pt"
    options = {"steps": 40, "eval_every": 10, "ema": 0.95}
    expected = fit(whole, **options)
    with pytest.raises(Enough):
        fit(network(), **options, checkpoint=path, progress=until_the_third)
    net = network(seed=7)
    result = fit(net, **options, checkpoint=path, resume=True)
    assert repr(result.history) == repr(expected.history)
    assert same_weights(net, whole)
    with pytest.raises(CheckpointError, match=r"ema was 0\.95 there and is None"):
        fit(net, steps=40, eval_every=10, checkpoint=path, resume=True)


def test_a_checkpoint_whose_average_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    fit(network(), steps=4, ema=0.9, checkpoint=path)
    saved = torch.load(path, weights_only=True)
    for wrong in (None, {}, {name: w[:1] for name, w in saved["state"]["average"].items()}):
        torch.save(saved | {"version": 1, "state": saved["state"] | {"average": wrong}}, path)
        with pytest.raises(CheckpointError, match="its averaged weights"):
            fit(network(), steps=4, ema=0.9, checkpoint=path, resume=True)


def test_the_network_has_its_own_weights_again_afterwards():
    net = network()
    average = Average(net, 0.5)
    before = _weights(net)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 1
    average.update(1)
    with average.in_place():
        # Of the first steps only (1 + 1) / (10 + 1) is kept.
        torch.testing.assert_close(_weights(net), before + 9 / 11)
    torch.testing.assert_close(_weights(net), before + 1)
