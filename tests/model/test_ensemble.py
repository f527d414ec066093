"""Several models as one: scores add up within the stated bound, in every engine and file."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gategrad as gg
from gategrad.circuit import CircuitError, all_patterns, beside, evaluate
from gategrad.encoding import Table
from gategrad.model import ModelError, linear_model
from tests.strategies import circuits


def _member(seed: int, kind: str = "argmax", encoder=None, labels=None) -> gg.Model:
    """Random gates over six bits, weighted sums of some of them."""
    rng = np.random.default_rng(seed)
    fanin = [[rng.integers(2, 8 + g), 2 + g % 6] for g in range(20)]
    circuit = gg.Circuit(6, fanin, rng.integers(0, 16, 20), np.arange(8, 28))
    n = 1 if kind == "binary" else 3
    index = [np.sort(rng.choice(20, 9, replace=False)) for _ in range(n)]
    readout = gg.Readout(
        kind,
        np.arange(n + 1) * 9,
        np.concatenate(index),
        rng.integers(-40, 40, 9 * n),
        rng.integers(-9, 9, n),
        rng.uniform(0.01, 0.3, n),
        rng.normal(size=n),
    )
    return gg.Model(circuit, readout, encoder, labels)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_circuits_beside_one_another_give_all_outputs(data):
    first = data.draw(circuits(max_inputs=4, max_width=3))
    second = data.draw(circuits(max_inputs=4, max_width=4))
    second = second if second.n_inputs == first.n_inputs else first
    bits = all_patterns(first.n_inputs)
    both = np.concatenate([evaluate(first, bits), evaluate(second, bits)], axis=1)
    np.testing.assert_array_equal(evaluate(beside([first, second]), bits), both)


def test_circuits_beside_one_another_need_the_same_inputs():
    one, two = gg.Circuit(1, [], [], []), gg.Circuit(2, [], [], [])
    with pytest.raises(CircuitError, match="take the same inputs; got 2, with 1, 2 inputs"):
        beside([one, two])
    with pytest.raises(CircuitError, match="got 0, with no inputs"):
        beside([])


@settings(deadline=None, max_examples=40)
@given(
    kind=st.sampled_from(["argmax", "binary", "multilabel", "regression"]),
    weights=st.lists(st.floats(-4, 4), min_size=1, max_size=4),
    digits=st.integers(2, 24),
)
def test_scores_add_up_within_the_bound(kind, weights, digits):
    models = [_member(seed, kind) for seed in range(len(weights))]
    made = gg.ensemble(models, weights, digits=digits)
    x = all_patterns(6)
    wanted = sum(w * m.scores(x).astype(float) for w, m in zip(weights, models, strict=True))
    bound = float(made.meta["score_error"]) * 1.01 + 1e-5
    assert np.abs(made.scores(x) - wanted).max() <= bound
    np.testing.assert_array_equal(made.sums(x), made.sums(x, backend="numpy"))
    np.testing.assert_array_equal(made.sums(x), made.optimize().sums(x))


@pytest.mark.parametrize("kind", ["argmax", "binary", "multilabel", "regression"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_sums_of_one_scale_stay_whole(kind, n):
    def member(seed: int) -> gg.Model:
        model = _member(seed, kind)
        offset = model.readout.offset if kind == "regression" else 0 * model.readout.offset
        same = np.full_like(model.readout.scale, 0.1)
        return replace(model, readout=replace(model.readout, scale=same, offset=offset))

    models, x = [member(seed) for seed in range(n)], all_patterns(6)
    made = gg.ensemble(models)
    weights = np.concatenate([m.readout.weight for m in models])
    assert sorted(made.readout.weight[made.readout.weight != 0]) == sorted(weights[weights != 0])
    if kind != "regression":  # whose biases are a part of the offset
        np.testing.assert_array_equal(made.sums(x), sum(m.sums(x) for m in models))
    wanted = sum(m.scores(x).astype(float) for m in models) / n
    assert np.abs(made.scores(x) - wanted).max() <= float(made.meta["score_error"]) * 1.01 + 1e-5


def test_more_digits_are_nearer():
    models, x = [_member(0), _member(1)], all_patterns(6)
    bounds = [float(gg.ensemble(models, digits=d).meta["score_error"]) for d in (4, 8, 16)]
    assert bounds[0] > 8 * bounds[1] > 64 * bounds[2]
    mean = (models[0].scores(x).astype(float) + models[1].scores(x)) / 2
    assert np.abs(gg.ensemble(models).scores(x) - mean).max() <= bounds[2] * 1.01


def test_the_encoder_the_labels_and_the_file_stay(tmp_path):
    encoder = Table.fit(np.random.default_rng(0).normal(size=(40, 2)), 3, names=["a", "b"])
    models = [_member(seed, encoder=encoder, labels=("x", "y", "z")) for seed in range(3)]
    made = gg.ensemble(models, [1, 2, 0.5]).optimize()
    assert made.encoder == encoder
    assert made.labels == ("x", "y", "z")
    assert made.neurons == 60
    made.save(tmp_path / "m.gg")
    assert gg.load(tmp_path / "m.gg") == made


def test_a_gate_that_two_models_share_is_there_once():
    one = _member(0)
    assert gg.ensemble([one, one]).optimize().circuit.n_gates <= one.optimize().circuit.n_gates


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        (list, {}, "made of a list of gategrad.Model, at least one"),
        (lambda: [_member(0).circuit], {}, "made of a list of gategrad.Model"),
        (
            lambda: [_member(0), _member(1, "regression")],
            {},
            "model 1 differs from the first in its kind",
        ),
        (
            lambda: [_member(0), _member(1, labels=("a", "b", "c"))],
            {},
            "differs from the first in its labels",
        ),
        (lambda: [_member(0)], {"weights": [1, 2]}, "expected 1 finite numbers, one a model"),
        (lambda: [_member(0)], {"weights": [np.nan]}, "expected 1 finite numbers"),
        (lambda: [_member(0)], {"digits": 0}, "digits is 0; expected an integer from 1 to 24"),
    ],
)
def test_message(models, options, message):
    with pytest.raises(ModelError, match=message):
        gg.ensemble(models(), **options)


def test_encoders_must_be_the_same():
    rng = np.random.default_rng(0)
    models = [_member(0, encoder=Table.fit(rng.normal(size=(40, 2)), 3)) for _ in range(2)]
    with pytest.raises(ModelError, match="model 1 has another encoder than the first; train all"):
        gg.ensemble(models)


def test_shares_of_forests_stay_shares():
    forest = pytest.importorskip("sklearn.ensemble").RandomForestClassifier(5, random_state=0)
    x = np.random.default_rng(0).normal(size=(200, 3))
    model = gg.from_trees(forest.fit(x, x[:, 0] > 0), bits=8)
    both = gg.ensemble([model, model])
    np.testing.assert_allclose(both.probabilities(x), model.probabilities(x), atol=1e-3)
    with pytest.raises(ModelError, match="shares of a forest's trees; expected weights that are 1"):
        gg.ensemble([model, model], [1, 1])


def test_scores_as_small_as_float32_has_them():
    found = linear_model(np.array([[1e-33], [-3e-33]]), np.zeros(1), kind="regression")
    np.testing.assert_allclose(found.scores([[1, 0], [0, 1]])[:, 0], [1e-33, -3e-33], rtol=1e-3)
