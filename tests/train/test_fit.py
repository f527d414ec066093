"""fit: it learns, what it returns is so, and what it leaves behind."""

import copy
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn, train
from gategrad.encoding import OneHot
from tests.train.examples import (
    fit,
    monks,
    network,
    problem,
    same_weights,
    with_dropout,
)


def circuit_accuracy(net, x, y, encoder=None):
    return (gg.discretize(net, encoder=encoder).predict(x) == y).mean()


def test_learns_bits():
    net = network(layers="600x2")
    result = fit(net, steps=400)
    assert result.hard_accuracy > 0.95
    assert circuit_accuracy(net, *problem(n=2000, seed=1)) > 0.95


def test_learns_raw_features_through_an_encoder():
    x, y = monks()
    encoder = OneHot.fit(x)
    net = network(layers="600x2", in_dim=encoder.n_inputs, classes=2)
    result = train.fit(net, x, y, encoder=encoder, steps=300, threads=1, progress=False)
    assert result.hard_accuracy > 0.95
    assert circuit_accuracy(net, *monks(n=2000, seed=1), encoder=encoder) > 0.95


@pytest.mark.parametrize("estimator", ["soft", "straight-through"])
@pytest.mark.parametrize("parametrization", ["raw", "light"])
def test_every_kind_of_gate_learns(estimator, parametrization):
    options = {"estimator": estimator, "parametrization": parametrization}
    net = train.build_network(8, 3, layers="600x2", **options)
    result = fit(net, steps=300)
    assert result.hard_accuracy > 0.75
    assert result.history[-1].soft_accuracy > 0.8


@pytest.mark.parametrize("wire_estimator", ["soft", "straight-through"])
def test_learned_wiring_learns_what_random_wiring_can_not(wire_estimator):
    """Six gates of one layer hold the answer only where they find the right wires."""
    options = {"layers": "12", "tau": 1.0, "seed": 1}
    wires = {"connections": "learned", "candidates": "all", "wire_estimator": wire_estimator}
    x = np.random.default_rng(0).random((600, 32)) < 0.5
    y = (x[:, 3] & x[:, 20]).astype(int)
    found = {}
    for name, extra in {"random": {}, "learned": wires}.items():
        net = train.build_network(32, 2, **options, **extra)
        rate = {"wiring_lr": 0.1} if extra else {}
        found[name] = train.fit(
            net, x, y, steps=300, validation=None, threads=1, progress=False, **rate
        ).hard_accuracy
    assert found["learned"] > 0.98 > 0.9 > found["random"]


def test_wiring_has_a_learning_rate_of_its_own():
    nets = [train.build_network(8, 3, layers="30", connections="learned", candidates=4)
            for _ in range(2)]  # fmt: skip
    before = nets[0][0].wiring.logits.detach().clone(), nets[0][0].weight.detach().clone()
    for net, rate in zip(nets, (1e-9, 0.1), strict=True):
        fit(net, steps=20, lr=1e-9, wiring_lr=rate, eval_every=1, validation=None)
    still, moved = nets
    torch.testing.assert_close(still[0].wiring.logits.detach(), before[0], atol=1e-6, rtol=0)
    assert (moved[0].wiring.logits - before[0]).abs().max() > 0.1
    torch.testing.assert_close(moved[0].weight.detach(), before[1], atol=1e-6, rtol=0)
    with pytest.raises(train.TrainError, match=r"wiring_lr=0.1 is for learned wiring, which no"):
        fit(network(), wiring_lr=0.1)
    with pytest.raises(train.TrainError, match=r"wiring_lr is 0; expected a number above 0"):
        fit(moved, wiring_lr=0)
    with pytest.raises(train.TrainError, match=r"wiring_lr=0.1 is for optimizers by name"):
        fit(moved, wiring_lr=0.1, optimizer=torch.optim.Adam(moved.parameters()))


def test_the_best_weights_are_in_the_network():
    """Half-way the optimizer starts to make things worse."""
    x, y = problem()
    net = network()
    own = (x[:150], y[:150])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)

    def turn(evaluation):
        optimizer.param_groups[0]["maximize"] = evaluation.step >= 30

    result = train.fit(
        net, x, y, validation=own, steps=60, eval_every=5, optimizer=optimizer,
        schedule="constant", threads=1, progress=turn,
    )  # fmt: skip
    hard = [evaluation.hard_accuracy for evaluation in result.history]
    assert hard[0] < max(hard) > hard[-1]
    best = result.history[int(np.argmax(hard))]
    assert (result.best_step, result.hard_accuracy) == (best.step, best.hard_accuracy)
    assert result.soft_accuracy == best.soft_accuracy
    assert circuit_accuracy(net, *own) == result.hard_accuracy
    assert train.soft_accuracy(net, *own) == pytest.approx(result.soft_accuracy, abs=0.01)


def test_history_and_counts():
    result = fit(network(), steps=50, eval_every=20)
    assert [evaluation.step for evaluation in result.history] == [0, 20, 40, 50]
    assert np.isnan(result.history[0].loss)
    assert all(evaluation.loss > 0 for evaluation in result.history[1:])
    assert (result.steps, result.stopped) == (50, "finished")
    assert result.seconds > 0


def test_the_loss_is_the_mean_cross_entropy_of_the_steps():
    x, y = problem(n=100)
    net = network()
    start = copy.deepcopy(net)
    options = {"validation": (x, y), "steps": 1, "batch_size": 100, "threads": 1}
    result = train.fit(net, x, y, progress=False, **options)
    expected = torch.nn.functional.cross_entropy(start(torch.tensor(x)), torch.tensor(y))
    assert result.history[1].loss == pytest.approx(expected.item(), rel=1e-5)


def test_epochs_are_passes_over_the_training_rows():
    assert fit(network(), steps=None, epochs=2, batch_size=100).steps == 2 * 4
    assert fit(network(), steps=None, epochs=0.5, batch_size=100).steps == 2
    assert fit(network(), steps=None, epochs=3, batch_size=10_000).steps == 3


def test_every_row_is_seen_once_an_epoch():
    seen = []
    net = network()
    net[0].register_forward_pre_hook(
        lambda module, args: seen.append(args[0].clone()) if torch.is_grad_enabled() else None
    )
    x = np.array([[i >> j & 1 for j in range(8)] for i in range(256)], bool)
    y = x.sum(1) % 3
    options = {"validation": None, "steps": 8, "batch_size": 64, "threads": 1, "progress": False}
    train.fit(net, x, y, **options)
    for epoch in (seen[:4], seen[4:]):
        rows = torch.cat(epoch)
        assert len(rows.unique(dim=0)) == 256
    assert not torch.equal(torch.cat(seen[:4]), torch.cat(seen[4:]))


def test_the_same_seed_gives_the_same_weights():
    runs = []
    for seed in (3, 3, 4):
        net = network()
        fit(net, steps=40, seed=seed)
        runs.append(net)
    assert same_weights(runs[0], runs[1])
    assert not same_weights(runs[0], runs[2])


def test_torchs_own_randomness_plays_no_part_and_is_left_alone():
    nets = [with_dropout(), with_dropout()]
    for net, state in zip(nets, (1, 2), strict=True):
        torch.manual_seed(state)
        before = torch.get_rng_state()
        fit(net, steps=20)
        assert torch.equal(torch.get_rng_state(), before)
    assert same_weights(*nets)


def test_tensors_are_as_good_as_arrays():
    x, y = problem()
    nets = [network(), network()]
    options = {"validation": 150, "steps": 30, "threads": 1, "progress": False}
    train.fit(nets[0], x, y, **options)
    train.fit(nets[1], torch.tensor(x).float(), torch.tensor(y), **options)
    assert same_weights(*nets)


@pytest.mark.parametrize("mode", [True, False])
def test_modes_and_threads_are_left_as_they_were(mode):
    net = network().train(mode)
    net[1].train(not mode)
    before = torch.get_num_threads()
    fit(net, steps=10, threads=2)
    assert [module.training for module in net] == [mode, not mode, mode]
    assert net[0].estimator == "straight-through"
    assert torch.get_num_threads() == before


def test_patience_stops_and_counts_evaluations():
    net = network()
    result = fit(net, steps=200, eval_every=5, lr=1e-12, patience=3)
    assert (result.stopped, result.steps, result.best_step) == ("patience", 15, 15)


def test_without_held_rows_all_rows_train_and_are_evaluated_on():
    x, y = problem(n=64)
    result = train.fit(
        network(), x, y, validation=None, epochs=1, batch_size=64, threads=1, progress=False
    )
    assert result.steps == 1
    assert (result.hard_accuracy * 64) % 1 == 0


def test_augmented_rows_are_trained_on_with_their_labels():
    """Training rows are all wrong; the copies that augment makes are right, three times each."""
    x, y = problem(n=300)
    held = problem(n=200, seed=1)
    sizes = []

    def right(rows):
        sizes.append(len(rows))
        return np.tile(rows ^ flip, (3, 1))

    flip = np.zeros(8, bool)
    flip[[0, 2]] = True
    net = network(layers="600x2")
    options = {"validation": held, "steps": 300, "threads": 1, "progress": False}
    train.fit(net, x ^ flip, y, augment=right, **options)
    assert sizes == [300]
    assert circuit_accuracy(net, *held) > 0.8


def test_validation_rows_are_not_augmented():
    calls = []

    def more(rows):
        calls.append(rows.copy())
        return rows

    x, y = problem()
    train.fit(network(), x, y, validation=150, steps=1, augment=more, threads=1, progress=False)
    assert calls[0].shape == (450, 8)


def learning_rates(net, optimizer, **options):
    rates = []
    optimizer.register_step_pre_hook(
        lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"])
    )
    fit(net, optimizer=optimizer, **options)
    return rates


def test_cosine_goes_to_a_hundredth_and_the_optimizer_keeps_its_rate():
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    rates = learning_rates(net, optimizer, steps=100)
    assert rates[0] == 0.5
    assert rates[50] == pytest.approx(0.5 * 0.505)
    assert rates[99] == pytest.approx(0.005, rel=0.05)
    assert all(a >= b for a, b in pairwise(rates))
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_constant_rate():
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    assert set(learning_rates(net, optimizer, steps=10, schedule="constant")) == {0.5}


def test_a_function_makes_the_optimizer():
    named, made = network(), network()
    fit(named, steps=20, optimizer="adamw", lr=0.01)
    fit(made, steps=20, optimizer=lambda p: torch.optim.AdamW(p, lr=0.01, fused=True))
    assert same_weights(named, made)


def test_a_step_is_one_of_the_optimizer_on_the_mean_cross_entropy(tmp_path):
    x, y = problem(n=100)
    net = network()
    by_hand = copy.deepcopy(net).train()
    options = {"validation": None, "batch_size": 100, "threads": 1, "progress": False}
    make = partial(torch.optim.SGD, lr=3.0)
    train.fit(
        net, x, y, steps=2, schedule="constant", optimizer=make,
        checkpoint=tmp_path / "run.pt", **options,
    )  # fmt: skip
    optimizer = make(by_hand.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(by_hand(torch.tensor(x)), torch.tensor(y)).backward()
        optimizer.step()
    last = torch.load(tmp_path / "run.pt", weights_only=True)["state"]["net"]
    for name, value in by_hand.state_dict().items():
        torch.testing.assert_close(last[name], value, rtol=0, atol=1e-5)
    moved = (by_hand[0].weight - network()[0].weight).abs().max()
    assert moved > 1e-3


def test_evaluations_go_to_the_callback_as_they_come():
    seen = []
    result = fit(network(), steps=40, eval_every=10, progress=seen.append)
    assert tuple(map(repr, seen)) == tuple(map(repr, result.history))


def test_a_network_from_a_circuit_is_fine_tuned_and_never_gets_worse():
    net = network()
    before = fit(net, steps=100)
    again = nn.from_circuit(gg.discretize(net).optimize(), estimator="straight-through")
    start = copy.deepcopy(again)
    result = fit(again, steps=100)
    assert result.history[0].hard_accuracy == before.hard_accuracy
    assert result.hard_accuracy >= before.hard_accuracy
    assert same_weights(start, again) == (result.best_step == 0)


def test_a_plain_sequential_trains_as_the_fused_one_does():
    fused = network()
    plain = torch.nn.Sequential(*copy.deepcopy(fused))
    assert fit(fused, steps=30).history[-1] == fit(plain, steps=30).history[-1]
    assert same_weights(fused, plain)
