"""A circuit that was changed learns again."""

from dataclasses import replace

import numpy as np
import pytest

import gategrad as gg
from gategrad.circuit.figures import figure
from gategrad.distill import DistillError, Retraining
from gategrad.train import TrainError
from tests.export.models import KINDS
from tests.pruning.models import layered_model


def test_tables_that_were_broken_are_found_again():
    model = layered_model(gates=80, seed=1)
    rng = np.random.default_rng(0)
    x = rng.random((600, 12)) < 0.5
    y = model.predict(x)
    table = model.circuit.table.copy()
    broken = rng.permutation(len(table))[: len(table) // 4]
    table[broken] = rng.integers(0, 16, len(broken))
    parts = model.circuit.n_inputs, model.circuit.fanin, table, model.circuit.outputs
    damaged = gg.Model(
        gg.Circuit(*parts), model.readout, labels=("a", "b", "c"), meta={"data": "x"}
    )
    trained = Retraining(200, lr=0.05, threads=1)(damaged, x, y)
    names = np.array(["a", "b", "c"])
    before, after = ((m.predict(x) == names[y]).mean() for m in (damaged, trained))
    assert after > before + 0.1
    assert (trained.labels, dict(trained.meta)) == (("a", "b", "c"), {"data": "x"})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_with_its_own_answers_as_a_teacher(kind):
    model = layered_model(kind, gates=40)
    x = np.random.default_rng(0).random((200, 12)) < 0.5
    y = model.predict(x)
    trained = Retraining(3, teacher=model, threads=1)(model, x, y)
    said = [
        m.scores(x) if kind == "regression" else m.program().labels(x) for m in (model, trained)
    ]
    assert figure(kind, said[1], said[0]) > 0.9


def test_what_has_no_gates_stays():
    model = gg.Model(gg.Circuit(2, np.zeros((0, 0), int), [], [2, 3]), gg.Readout.group_sum(2, 2))
    assert Retraining(3)(model, np.zeros((60, 2), bool), np.zeros(60, int)) is model


def test_messages():
    shares = replace(layered_model(gates=10), meta={"link": "share"})
    with pytest.raises(TrainError, match="the loss needs log odds"):
        Retraining(1)(shares, np.zeros((9, 12), bool), np.zeros(9, int))
    with pytest.raises(DistillError, match="steps is 0; expected a whole number from 1"):
        Retraining(0)
