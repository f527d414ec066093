"""Pruning keeps what it promises: the budget, the function's frame, the same result again."""

from itertools import pairwise

import numpy as np
import pytest

import gategrad as gg
from gategrad.circuit import live_gates
from gategrad.circuit.figures import figure
from gategrad.encoding import Thermometer
from gategrad.pruning import PruneError, Round, prune
from tests.export.models import KINDS
from tests.pruning.models import layered_model


def _rows(model, n=600, *, flip=0.1, seed=0):
    """Rows, and what the model says of them but for some rows."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, model.circuit.n_inputs)) < 0.5
    y = model.predict(x)
    other = model.predict(rng.permutation(x))
    wrong = rng.random(n) < flip
    y[wrong] = other[wrong]
    return x, y


@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_fewer_gates_within_the_budget_on_the_rows_it_is_spent_on(kind: str, width: int) -> None:
    model = layered_model(kind, width=width, gates=150, seed=1)
    x, y = _rows(model)
    xh, yh = _rows(model, seed=1)
    seen: list[Round] = []
    found = prune(model, x, y, budget=8, x_held=xh, y_held=yh, on_round=seen.append)
    assert found.rounds == tuple(seen)
    assert found.rows == 600
    assert found.rounds[0].gates <= live_gates(model.optimize().circuit)
    assert found.kept.gates == found.model.circuit.n_gates < found.rounds[0].gates
    said = found.model.scores(xh) if kind == "regression" else found.model.program().labels(xh)
    assert figure(kind, said, yh) == pytest.approx(found.kept.figure)
    assert found.kept.figure >= found.rounds[0].figure - 0.08
    assert all(a.gates > b.gates for a, b in pairwise(seen))


def test_the_same_arguments_give_the_same_bytes_and_the_frame_stays() -> None:
    rows = np.random.default_rng(0).random((400, 3)).astype(np.float32)
    encoder = Thermometer.uniform(rows, 4)
    base = layered_model(encoder=encoder, gates=60)
    model = gg.Model(base.circuit, base.readout, encoder, ("a", "b", "c"), 999, {"data": "x"})
    y = model.predict(rows)
    first, again = (prune(model, rows, y, budget=5, seed=3) for _ in range(2))
    assert first.model.to_bytes() == again.model.to_bytes()
    assert prune(model, rows, y, budget=5, seed=4).rounds != first.rounds
    kept = first.model
    assert (kept.labels, kept.neurons, dict(kept.meta)) == (("a", "b", "c"), 999, {"data": "x"})
    assert kept.encoder is encoder
    assert first.figure == "accuracy"
    assert first.rows == 40


def test_gates_that_never_differ_on_data_cost_nothing() -> None:
    model = layered_model(gates=120, seed=5)
    rng = np.random.default_rng(0)
    x = rng.random((500, 12)) < 0.5
    x[:, :6] = False  # on such rows half of the inputs are constants
    y = model.predict(x)
    found = prune(model, x, y, budget=0)
    assert found.kept.figure == found.rounds[0].figure == 1.0
    assert found.kept.gates <= 0.9 * found.rounds[0].gates


def test_who_stops_it_and_runs_it_again_gets_the_same() -> None:
    model = layered_model(gates=100, seed=2)
    x, y = _rows(model)
    whole, seen = prune(model, x, y, budget=4), []

    def stop(found: Round) -> None:
        seen.append(found)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prune(model, x, y, budget=4, on_round=stop)
    again = prune(model, x, y, budget=4)
    assert seen == list(again.rounds[:3])
    assert again.model.to_bytes() == whole.model.to_bytes()


def test_what_trains_between_rounds_gets_the_rows_that_are_not_held_back() -> None:
    base = layered_model(gates=100, seed=2)
    model = gg.Model(base.circuit, base.readout, labels=("a", "b", "c"))
    x, y = _rows(model)
    given: list[tuple[gg.Model, np.ndarray, np.ndarray]] = []

    def retrain(made: gg.Model, rows: np.ndarray, targets: np.ndarray) -> gg.Model:
        given.append((made, rows, targets))
        return made

    found = prune(model, x, y, budget=4, retrain=retrain)
    assert found.rounds == prune(model, x, y, budget=4).rounds
    assert len(given) == len(found.rounds) - 1
    made, rows, targets = given[0]
    assert (made.labels, made.circuit.n_gates) == (model.labels, found.rounds[1].gates)
    assert rows.shape == (540, 12)
    own = {(row.tobytes(), "abc".index(label)) for row, label in zip(x, y, strict=True)}
    assert {(r.tobytes(), int(t)) for r, t in zip(rows, targets, strict=True)} <= own


def test_a_circuit_without_gates_stays() -> None:
    model = gg.Model(gg.Circuit(2, np.zeros((0, 0), int), [], [2, 3]), gg.Readout.group_sum(2, 2))
    x = np.random.default_rng(0).random((40, 2)) < 0.5
    found = gg.prune(model, x, model.predict(x))
    assert found.rounds == (found.kept,)
    assert found.kept.gates == 0


MODEL = layered_model(gates=30)
X = np.zeros((20, 12), bool)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": -1}, r"budget is -1; expected points from 0 to 100, such as 0.2"),
        ({"y": np.zeros(19, int)}, r"labels have shape \(19,\); expected \(20,\)"),
        ({"y": np.full(20, 7)}, r"the label 7 is none of the model's classes"),
        ({"x_held": X}, r"x_held and y_held go together"),
        ({"x": X[:5], "y": np.zeros(5, int)}, r"5 rows to prune on and 0 held back are too few"),
        ({"x": X[:, :3]}, r"3 bits; the model's circuit takes 12"),
    ],
)
def test_messages(change: dict, message: str) -> None:
    with pytest.raises(PruneError, match=message):
        prune(**{"model": MODEL, "x": X, "y": np.zeros(20, int)} | change)


@pytest.mark.parametrize(
    ("kind", "y", "message"),
    [
        ("multilabel", np.full((20, 4), 2), "targets of a multilabel model are 0 and 1"),
        ("regression", np.full((20, 2), np.nan), "no finite numbers"),
        ("regression", np.zeros((20, 3)), r"shape \(20, 3\); expected \(20, 2\)"),
    ],
)
def test_messages_about_several_targets(kind: str, y: np.ndarray, message: str) -> None:
    with pytest.raises(PruneError, match=message):
        prune(layered_model(kind, gates=30), X, y)
