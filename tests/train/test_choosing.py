"""Which evaluation is kept: never the start of a fresh run, ties by loss and then the later one."""

from math import inf, nan

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import train
from gategrad.circuit.figures import constant_figure, figure
from gategrad.train import Evaluation, Recipe
from gategrad.train.choosing import Choosing, told
from gategrad.train.splitting import held_rows, one_sided
from tests.train.examples import fit, monks, network, problem


def look(step, hard, loss, gates=None):
    return Evaluation(step, 0.0, 0.0, hard, gates, hard_loss=loss)


def best(*looks, few=False, start_above=0.6, penalty=0.0):
    choosing, found = Choosing(few, start_above, penalty, neurons=100), None
    for one in looks:
        if choosing.better(one, found):
            found = one
    return None if found is None else found.step


def test_ties_go_by_loss_then_to_the_later_step():
    assert best(look(0, 0.5, 1.0), look(1, 0.9, 0.3), look(2, 0.9, 0.2), look(3, 0.9, 0.2)) == 3
    assert best(look(1, 0.9, 0.2), look(2, 0.9, 0.3), look(3, 0.8, 0.1)) == 1
    assert best(look(1, 0.9, nan), look(2, 0.9, 0.3)) == 2


def test_the_start_counts_only_beyond_luck():
    assert best(look(0, 0.6, 0.1)) is None
    assert best(look(0, 0.61, 0.1), look(1, 0.5, 0.5)) == 0
    assert best(look(0, 1.0, 0.1), look(1, 0.5, 0.5), start_above=inf) == 1


def test_few_rows_leave_it_to_the_loss():
    assert best(look(1, 0.9, 0.3), look(2, 0.6, 0.2), few=True) == 2
    assert best(look(1, 0.9, 0.3, 10), look(2, 0.9, 0.2, 90), few=True, penalty=1.0) == 1


def test_only_progress_counts_for_patience():
    choosing = Choosing(False, 0.6, 0.0, 100)
    assert not choosing.progress(look(2, 0.9, 0.2), look(1, 0.9, 0.2))
    assert choosing.progress(look(2, 0.9, 0.1), look(1, 0.9, 0.2))


def test_a_fresh_network_is_never_kept_as_it_was():
    """Labels that nothing tells apart: the start is as good as any."""
    rng = np.random.default_rng(0)
    x, y = rng.random((169, 8)) < 0.5, rng.integers(0, 2, 169)
    for seed in range(3):
        for validation in (16, 60, None):
            recipe = Recipe(layers="40", steps=3, eval_every=1)
            _, result = train.fit_recipe(
                recipe, x, y, validation=validation, seed=seed, threads=1, progress=False
            )
            assert result.best_step > 0
            assert len(result.history) == 4


def test_more_training_is_kept_where_the_figure_stays_the_same():
    x, y = monks(124)
    bits = np.concatenate([x == k for k in (1, 2, 3, 4)], 1)
    recipe = Recipe(layers="400x2", steps=200, eval_every=20)
    _, result = train.fit_recipe(recipe, bits, y, validation=12, threads=1, progress=False)
    losses = {e.step: e.hard_loss for e in result.history if e.step}
    assert losses[result.best_step] == min(losses.values())
    assert result.best_step > 100
    assert result.rows_to_choose_on == 12


def test_the_loss_of_the_circuit_is_that_of_its_scores():
    x, y = problem()
    net = network()
    result = fit(net, steps=40, eval_every=40, validation=(x, y))
    model = gg.discretize(net)
    p = model.probabilities(x)[np.arange(len(y)), y]
    assert result.constant == pytest.approx(np.bincount(y).max() / len(y))
    assert result.history[-1].hard_loss == pytest.approx(-np.log(p).mean(), rel=1e-5)
    assert result.rows_to_choose_on == 600


def test_classes_of_one_part_alone_are_told(capsys):
    assert one_sided(torch.tensor([0, 1, 2]), torch.tensor([2, 1, 0])) is None
    assert one_sided(torch.tensor([0, 1]), torch.tensor([1, 2])) == (
        "no row to choose on is of class 0; no row to train on is of class 2"
    )
    x, y = problem(121)
    y[:] = np.arange(121) % 2
    y[7] = 2
    train.fit(network(), x, y, steps=1, validation=60, threads=1)
    assert "no row to choose on is of class 2" in capsys.readouterr().err


@pytest.mark.parametrize("count", [3, 60, 90])
def test_each_class_keeps_a_row_to_train_on(count):
    labels = np.array([0] * 90 + [1] * 5 + [2])
    held = held_rows(labels, count, seed=1)
    assert held.sum() == count
    assert set(labels[~held].tolist()) == {0, 1, 2}


def test_few_rows_are_told(capsys):
    assert told(50, own=True) is None
    x, y = problem(120)
    train.fit(network(), x, y, steps=2, validation=12, threads=1)
    shown = capsys.readouterr().err
    assert "only 12 rows are held back to choose on, where a figure is mostly luck: the" in shown
    assert "(validation)" in shown
    train.fit(network(), x, y, steps=2, validation=None, threads=1)
    shown = capsys.readouterr().err
    assert "only" not in shown
    assert "(training rows)" in shown
    assert "(validation)" not in shown


@pytest.mark.parametrize(
    ("kind", "targets", "answer"),
    [
        ("argmax", np.array([0, 2, 2, 1]), 2),
        ("binary", np.array([0, 1, 0, 0]), 0),
        ("multilabel", np.array([[1, 0], [1, 1], [0, 0], [1, 0]]), [1, 0]),
        ("regression", np.array([[1.0], [2.0], [6.0]]), 3.0),
    ],
)
def test_the_constant_answers_figure(kind, targets, answer):
    decided = np.broadcast_to(answer, targets.shape)
    assert constant_figure(kind, targets) == pytest.approx(figure(kind, decided, targets))
