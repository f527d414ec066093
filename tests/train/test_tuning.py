"""Forests as networks: they start as the forest, and what trains on is no worse."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.circuit import live_gates
from gategrad.encoding import Table
from gategrad.model import ModelError
from gategrad.train import TrainError, fine_tune
from tests.pruning.models import layered_model

ensemble = pytest.importorskip("sklearn.ensemble")
BOOSTED = {"max_iter": 8, "max_leaf_nodes": 8, "random_state": 0, "early_stopping": False}
QUICK = {"steps": 60, "progress": False, "threads": 1}


def _rows(n: int = 500):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 4))
    x[::11, 2] = np.nan
    score = x[:, 0] * x[:, 1] + x[:, 3] + rng.normal(size=n) / 2
    return x, np.where(score > 0, "yes", "no"), score


def _forest(n_classes: int = 2):
    x, y, score = _rows()
    y = y if n_classes == 2 else np.digitize(score, [-1, 1])
    made = ensemble.HistGradientBoostingClassifier(**BOOSTED).fit(x[:300], y[:300])
    return x, y, gg.from_trees(made, bits=8), made


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_network_of_a_forest_starts_as_the_forest(n_classes):
    x, _, model, forest = _forest(n_classes)
    net = nn.from_circuit(model, parametrization="light", estimator="straight-through").eval()
    bits = torch.from_numpy(model.encoder.encode(x))
    with torch.no_grad():
        np.testing.assert_allclose(net(bits).numpy(), model.scores(x), atol=1e-6)
    assert (model.predict(x) == forest.predict(x)).mean() > 0.98


@pytest.mark.parametrize("n_classes", [2, 3])
def test_fine_tuned_gates_are_no_worse_on_the_rows_held_back(n_classes):
    x, y, model, _ = _forest(n_classes)
    held = x[300:400], y[300:400]
    made = fine_tune(model, x[:300], y[:300], validation=held, **QUICK)
    right = [np.mean(m.predict(held[0]) == held[1]) for m in (model, made)]
    assert right[1] >= right[0]
    assert made.encoder == model.encoder
    assert made.labels == model.labels
    assert live_gates(made.circuit) <= live_gates(model.optimize().circuit)


def test_gates_that_are_wrong_are_learned_anew():
    x, y, model, _ = _forest()
    circuit = model.optimize().circuit
    table = circuit.table.copy()
    table[:20] ^= np.uint64(0b0110)
    broken = replace(
        model.optimize(),
        circuit=gg.Circuit(circuit.n_inputs, circuit.fanin, table, circuit.outputs),
    )
    held = x[300:], y[300:]
    made = fine_tune(broken, x[:300], y[:300], validation=held, **QUICK | {"steps": 200})
    right = [np.mean(m.predict(held[0]) == held[1]) for m in (broken, made)]
    assert right[1] > right[0] + 0.04


def test_without_a_better_step_the_model_stays_what_it_is():
    x, y, model, _ = _forest()
    made = fine_tune(model, x, y, validation=(x, y), steps=1, lr=1e-6, progress=False)
    np.testing.assert_array_equal(made.predict(x), model.predict(x))


def test_numbers_go_on_learning_too():
    x, _, score = _rows()
    made = ensemble.HistGradientBoostingRegressor(**BOOSTED).fit(x[:300], score[:300])
    model = gg.from_trees(made)
    held = x[300:], score[300:]
    tuned = fine_tune(model, x[:300], score[:300], validation=held, **QUICK)
    off = [np.square(m.predict(held[0])[:, 0] - held[1]).mean() for m in (model, tuned)]
    assert off[1] <= off[0] + 1e-6


def test_what_can_not_be_tuned_says_so():
    x, y, _, _ = _forest()
    trees = ensemble.RandomForestClassifier(3, random_state=0).fit(np.nan_to_num(x), y)
    with pytest.raises(TrainError, match="shares of a forest's trees, and the loss needs log odds"):
        fine_tune(gg.from_trees(trees, bits=6), np.nan_to_num(x), y)
    alone = replace(layered_model(), meta={"link": "logistic"})
    with pytest.raises(TrainError, match="log odds of each class on its own"):
        fine_tune(alone, np.zeros((9, 12), bool), np.zeros(9, int))
    several = gg.Model(gg.Circuit(2, [], [], [2, 3]), gg.Readout.identity(2))
    with pytest.raises(TrainError, match="this is a multilabel one"):
        fine_tune(several, [[0, 1]], [[0, 1]])
    with pytest.raises(ModelError, match="y has the label 'maybe', which is none of the model's"):
        fine_tune(_forest()[2], x, np.where(np.arange(len(y)) == 3, "maybe", y))


def test_ensembles_and_bits_are_taken():
    x, y, _ = _rows(200)
    table = Table.fit(x, 6, missing="indicator")
    bits, classes = table.encode(x), (y == "yes").astype(int)
    net = gg.train.build_network(bits.shape[1], 2, layers="20", seed=0)
    model = gg.discretize(net)
    both = gg.ensemble([model, model])
    made = fine_tune(both, bits, classes, validation=None, lr=0.2, **QUICK)
    assert (made.predict(bits) == classes).mean() > (both.predict(bits) == classes).mean() + 0.05


def test_a_model_without_gates_stays_as_it_is():
    model = gg.Model(gg.Circuit(2, [], [], [2, 3]), gg.Readout.group_sum(2, 2))
    assert fine_tune(model, np.eye(2, dtype=bool), [1, 0], **QUICK) is model
