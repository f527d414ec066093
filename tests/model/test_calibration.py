"""Temperature and threshold: in the readout, so every engine and the file have them."""

from dataclasses import replace

import numpy as np
import pytest

import gategrad as gg
from gategrad.circuit import evaluate_sums
from gategrad.circuit.metrics import log_loss, measured
from gategrad.model import (
    THRESHOLD_METRICS,
    ModelError,
    calibrated,
    chosen_threshold,
    with_threshold,
)
from gategrad.model.threshold import _measures, _tables
from tests.random_convolutions import random_convolution, random_kernels


def _counting(kind: str = "argmax", labels=None, tau: float = 0.25) -> gg.Model:
    """Of ten bits: how many of the last five are 1, against the first five."""
    circuit = gg.Circuit(10, [], [], range(2, 12))
    if kind == "argmax":
        return gg.Model(circuit, gg.Readout.group_sum(10, 2, tau), labels=labels)
    weight = np.repeat([-1, 1], 5)
    readout = gg.Readout("binary", [0, 10], range(10), weight, [0], [1 / tau], [0.0])
    return gg.Model(circuit, readout, labels=labels)


def _rows(n: int = 600, rare: bool = False):
    rng = np.random.default_rng(0)
    x = rng.random((n, 10)) < 0.5
    margin = x[:, 5:].sum(1) - x[:, :5].sum(1).astype(int) - (2 if rare else 0)
    return x, (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(int)


@pytest.mark.parametrize("kind", ["argmax", "binary"])
def test_a_temperature_makes_probabilities_fit_and_decides_the_same(kind):
    model, (x, y) = _counting(kind), _rows()
    made = calibrated(model, x, y)
    assert (made.predict(x) == model.predict(x)).all()
    # The rows were drawn with scores equal to margins; the model's are four times that.
    assert model.readout.scale[0] / made.readout.scale[0] == pytest.approx(4, rel=0.25)
    p = [m.probabilities(x) if kind == "argmax" else _both(m.probabilities(x))
         for m in (model, made)]  # fmt: skip
    assert log_loss(p[1], y) < log_loss(p[0], y) - 0.1


@pytest.mark.parametrize("kind", ["argmax", "binary"])
@pytest.mark.parametrize("scale", [3e37, 1e5, 1e-30])
def test_scores_of_any_size_are_calibrated_alike(kind, scale):
    plain, (x, y) = _counting(kind, tau=1.0), _rows()
    readout = replace(plain.readout, scale=plain.readout.scale * np.float32(scale))
    made = calibrated(replace(plain, readout=readout), x, y)
    np.testing.assert_allclose(
        made.probabilities(x), calibrated(plain, x, y).probabilities(x), atol=1e-6
    )


def _both(p):
    return np.hstack([1 - p, p])


def test_few_rows_that_are_all_right_leave_a_doubt():
    model, (x, _) = _counting(tau=1.0), _rows(8)
    p = calibrated(model, x, model.predict(x)).probabilities(x)
    assert p.max() < 0.995


@pytest.mark.parametrize("kind", ["argmax", "binary"])
@pytest.mark.parametrize("threshold", [0.001, 0.1, 0.3, 0.5, 0.73, 0.999])
def test_the_second_class_is_said_above_the_threshold(kind, threshold):
    model, (x, _) = _counting(kind, tau=1.0), _rows()
    made = with_threshold(model, threshold)
    p = model.probabilities(x)[:, -1]
    assert (made.predict(x) == (p > threshold)).all()
    np.testing.assert_allclose(made.probabilities(x)[:, -1], p, atol=1e-6)
    assert (with_threshold(made, 0.5).predict(x) == model.predict(x)).all()


@pytest.mark.parametrize("kind", ["argmax", "binary"])
def test_every_engine_and_the_file_have_it(kind, tmp_path):
    model, (x, y) = _counting(kind, labels=("no", "yes")), _rows(rare=True)
    made = with_threshold(calibrated(model, x, np.array(["no", "yes"])[y]), 0.2).optimize()
    assert (made.sums(x) == evaluate_sums(made.circuit, made.readout, x)).all()
    assert (made.sums(x) == made.sums(x, backend="numpy")).all()
    made.save(tmp_path / "m.gg")
    loaded = gg.load(tmp_path / "m.gg")
    assert loaded == made
    assert loaded.predict(x).tolist() == made.predict(x).tolist()


def test_a_threshold_is_chosen_by_a_metric():
    model, (x, y) = _counting(tau=1.0), _rows(rare=True)
    found = {}
    for metric in ("accuracy", "balanced-accuracy", "f1"):
        made = with_threshold(model, chosen_threshold(model, x, y, metric=metric))
        said = made.predict(x).astype(bool)
        recall = [said[y == 1].mean(), (~said)[y == 0].mean()]
        both = 2 * (said & (y == 1)).sum() / (said.sum() + y.sum())
        found[metric] = {"accuracy": (said == y).mean(), "balanced-accuracy": np.mean(recall),
                         "f1": both}  # fmt: skip
    for metric, own in found.items():
        assert own[metric] == max(other[metric] for other in found.values())
    assert found["balanced-accuracy"]["accuracy"] < found["accuracy"]["accuracy"]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_every_cut_is_measured_as_one_by_one(weighted, seed):
    rng = np.random.default_rng(seed)
    margins, y = rng.integers(-6, 6, 40), rng.integers(0, 2 if seed else 1, 40)
    weights = rng.integers(0, 3, 40) / 2 if weighted else None
    levels = np.union1d(margins, 0)
    tables = _tables(margins, levels, y, weights)
    for metric in THRESHOLD_METRICS:
        expected = [
            measured(metric, (margins > cut).astype(int), np.zeros((40, 2)), y, weights)
            for cut in (levels[0] - 1, *levels)
        ]
        np.testing.assert_allclose(_measures(metric, tables), expected, rtol=1e-14)


def test_a_threshold_is_chosen_among_as_many_sums_as_rows():
    rng = np.random.default_rng(0)
    weight = 2 ** np.arange(20)
    readout = gg.Readout("binary", [0, 20], range(20), weight, [-(2**19)], [1e-4], [0.0])
    model = gg.Model(gg.Circuit(20, [], [], range(2, 22)), readout)
    x = rng.random((200_000, 20)) < 0.5
    y = (x @ weight > 2**19 + 1000).astype(int)
    found = chosen_threshold(model, x, y, metric="f1")
    assert (with_threshold(model, found).predict(x) == y).all()


def test_the_kernels_of_a_convolution_follow():
    kernels = random_convolution((1, 5, 5), random_kernels(1, 2), n_classes=2)
    readout = replace(kernels.readout, kind="argmax", scale=[0.5, 0.5], offset=[0.0, 0.0])
    kernels = replace(kernels, readout=readout)
    model = gg.Model(*kernels.flat(), convolution=kernels)
    x = np.random.default_rng(0).random((90, 25)) < 0.5
    made = with_threshold(calibrated(model, x, x[:, 0].astype(int)), 0.4)
    sums = evaluate_sums(made.circuit, made.readout, x)
    assert (made.sums(x) == sums).all()
    assert (evaluate_sums(*made.convolution.flat(), x) == sums).all()


def test_weights_count():
    x = np.array([[0] * 5 + [1] * 5, [1] * 5 + [0] * 5, [0] * 9 + [1]])
    model, y = _counting(tau=1.0), [1, 0, 0]
    kept = chosen_threshold(model, x, y, metric="accuracy", sample_weight=[1, 1, 0])
    moved = chosen_threshold(model, x, y, metric="accuracy")
    assert abs(kept - 0.5) < abs(moved - 0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m, x, y: calibrated(m, x[:0], y[:0]), "there are no rows; expected some"),
        (lambda m, x, y: calibrated(m, x, y + 1), "y has the label 2, which is none"),
        (lambda m, x, y: with_threshold(m, 1.0), "threshold is 1.0; expected a number above 0"),
        (
            lambda m, x, y: chosen_threshold(m, x, y, metric="auc"),
            "threshold is by 'auc'; expected a number, or one of accuracy, balanced-accuracy, f1",
        ),
        (lambda m, x, y: calibrated(m, x, y[:1]), "x has 600 rows, and y 1 labels"),
        (lambda m, x, y: chosen_threshold(m, x[:2], y, metric="f1"), "x has 2 rows, and y 600"),
        (lambda m, x, y: calibrated(m, x, y, sample_weight=-y), "must be 600 finite numbers"),
        (lambda m, x, y: calibrated(m, x, y, sample_weight=y[:5]), "must be 600 finite numbers"),
        (lambda m, x, y: calibrated(m, x, y, sample_weight=0 * y), "not all of them 0"),
        (
            lambda m, x, y: with_threshold(replace(m, meta={"link": "share"}), 0.3),
            "scores are no log odds, its link being 'share'",
        ),
        (
            lambda m, x, y: calibrated(replace(m, meta={"link": "share"}), x, y),
            "scores are no log odds, its link being 'share'",
        ),
    ],
)
def test_message(change, message):
    with pytest.raises(ModelError, match=message):
        change(_counting(), *_rows())


def test_models_without_two_classes():
    three = gg.Model(gg.Circuit(3, [], [], [2, 3, 4]), gg.Readout.group_sum(3, 3))
    with pytest.raises(ModelError, match="is for two classes; this is argmax with 3 sums"):
        with_threshold(three, 0.3)
    numbers = gg.Model(three.circuit, gg.Readout.identity(3, "regression"))
    with pytest.raises(ModelError, match="a regression model has no classes to calibrate"):
        calibrated(numbers, [[0, 0, 1]], [0])


@pytest.mark.parametrize("tau", [100.0, 0.01, 0.001])
@pytest.mark.parametrize("threshold", [0.3, 0.49, 0.5, 0.51])
def test_scores_may_be_steep_or_flat(tau, threshold):
    model, (x, _) = _counting("binary", tau=tau), _rows()
    p = model.probabilities(x)[:, 0]
    assert (with_threshold(model, threshold).predict(x) == (p > threshold)).all()


@pytest.mark.parametrize("kind", ["argmax", "binary"])
@pytest.mark.parametrize("tau", [1.0, 0.05, 0.01, 0.001])
@pytest.mark.parametrize("by", [-3, 0, 3])
def test_a_threshold_is_chosen_however_sure_the_model_is(kind, tau, by):
    model, (x, _) = _counting(kind, tau=tau), _rows()
    y = (x[:, 5:].sum(1) - x[:, :5].sum(1).astype(int) > by).astype(int)
    found = chosen_threshold(model, x, y, metric="accuracy")
    said = with_threshold(model, found).predict(x)
    # Between probabilities of nearly 0 or 1 float64 does not tell all apart.
    assert (said == y).all() or (by > 0 and tau < 0.1) or (by < 0 and tau < 0.01)


@pytest.mark.parametrize("threshold", [0.001, 0.999])
def test_the_bias_may_be_at_its_end(threshold):
    circuit = gg.Circuit(2, [], [], [2, 3])
    readout = gg.Readout("binary", [0, 2], [0, 1], [5, 9], [-(2**31)], [1.0], [2.0**31])
    model = gg.Model(circuit, readout)
    x = [[0, 0], [1, 0], [0, 1], [1, 1]]
    # Log odds are 0, 5, 9 and 14.
    expected = [0, 0, 1, 1] if threshold > 0.5 else [1, 1, 1, 1]
    assert with_threshold(model, threshold).predict(x).tolist() == expected
