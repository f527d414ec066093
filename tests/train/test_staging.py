"""Annealing and freezing while a network trains."""

import pytest
import torch

from gategrad import nn, train
from gategrad.train import TrainError
from tests.train.examples import fit, network, same_weights, weights


def seen(net, turn=lambda evaluation: None, **options):
    """(step, temperature of the first layer, which layers are frozen) at every evaluation."""
    looks = []

    def look(evaluation):
        layers = [m for m in net if isinstance(m, nn.LogicDense)]
        turn(evaluation)
        looks.append((evaluation.step, layers[0].temperature, [m.frozen for m in layers]))

    result = fit(net, progress=look, eval_every=60, **options)
    return looks, result


def test_temperature_falls_by_an_equal_factor():
    looks, result = seen(network(), anneal=(1.0, 0.0625))
    assert [t for _, t, _ in looks] == pytest.approx([1.0, 0.5, 0.25, 0.125, 0.0625])
    assert result.steps == 240


def test_layers_are_left_as_they_were_at_the_best_evaluation():
    net = network()
    # From the second evaluation on the optimizer makes things worse.
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    looks, result = seen(
        net, anneal=lambda p: 2 - p, freeze=(0.5, 0.5), optimizer=optimizer,
        turn=lambda e: optimizer.param_groups[0].update(maximize=e.step >= 60),
    )  # fmt: skip
    assert [t for _, t, _ in looks] == pytest.approx([2, 1.75, 1.5, 1.25, 1])
    assert (result.best_step, net[0].temperature, net[0].frozen) == (60, 1.75, False)


def test_layers_freeze_from_shallow_to_deep_and_then_keep_their_weights():
    net = network(layers="120x4")
    before = weights(net)
    looks, _ = seen(net, freeze=(0.25, 0.75))
    assert [frozen for _, _, frozen in looks] == [
        [False] * 4,
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, False],
    ]
    assert not torch.equal(before[0], weights(net)[0])
    net = network(layers="120x2")
    kept = net[0].weight.detach().clone()
    fit(net, freeze=(0, 0))
    assert torch.equal(net[0].weight, kept)


def test_frozen_from_the_start_the_last_layer_still_learns():
    net = network()
    last = net[1].weight.detach().clone()
    result = fit(net, freeze=(0.0, 0.5))
    assert not torch.equal(net[1].weight, last)
    assert result.hard_accuracy > result.history[0].hard_accuracy


@pytest.mark.parametrize("estimator", ["gumbel-hard", "straight-through"])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path, estimator):
    def run(**options):
        net = train.build_network(8, 3, layers="120x3", estimator=estimator)
        settings = {"anneal": (1.0, 0.2), "freeze": (0.3, 0.7), "eval_every": 30, "steps": 120}
        fit(net, **(settings | options))
        return net

    whole = run()

    class Kill(Exception):
        pass

    def kill(evaluation):
        if evaluation.step == 90:
            raise Kill

    path = tmp_path / "run.pt"
    with pytest.raises(Kill):
        run(checkpoint=path, progress=kill)
    assert same_weights(run(checkpoint=path, resume=True), whole)
    with pytest.raises(train.CheckpointError, match="freeze"):
        run(checkpoint=path, resume=True, freeze=(0.3, 0.8))


def test_the_gap_is_soft_minus_hard():
    evaluation = train.Evaluation(step=10, loss=1.0, soft=0.75, hard=0.5)
    assert evaluation.gap == 0.25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"anneal": 0.5}, r"anneal is 0.5; expected the first and the last temperature"),
        ({"anneal": (1, 0)}, "anneal gives the temperature 0 after 100% of the steps"),
        ({"anneal": lambda p: -1.0}, "anneal gives the temperature -1.0 after 0%"),
        ({"freeze": (0.5, 1)}, r"freeze is \(0.5, 1\); expected two shares of the steps, 0 <="),
        ({"freeze": (0.5, 0.2)}, "0 <= first <= last < 1"),
        ({"freeze": "late"}, "freeze is 'late'; expected two shares"),
    ],
)
def test_messages(options, message):
    with pytest.raises(TrainError, match=message):
        fit(network(), **options)


def test_a_network_with_nothing_to_change_is_refused():
    light = train.build_network(8, 3, layers="30", parametrization="light")
    with pytest.raises(TrainError, match="no layer has one; use a parametrization of logits"):
        fit(light, anneal=(1.0, 0.1))
    with pytest.raises(TrainError, match="needs at least two LogicDense layers"):
        fit(light, freeze=(0.1, 0.5))
