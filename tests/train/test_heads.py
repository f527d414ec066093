"""fit for every kind of head: losses, targets, the figure on the circuit."""

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn, train
from gategrad.circuit.figures import r2, rmse, subset_accuracy
from gategrad.encoding import Table, Thermometer
from gategrad.train.losses import make_loss

OPTIONS = {"progress": False, "threads": 1, "validation": 0.2}


def stack(head, in_dim=8, width=240, seed=0):
    generator = torch.Generator().manual_seed(seed)
    layers = [
        nn.LogicDense(n, width, estimator="straight-through", generator=generator)
        for n in (in_dim, width)
    ]
    return nn.Sequential(*layers, head)


def bits(n=600, seed=0):
    return np.random.default_rng(seed).random((n, 8)) < 0.5


@pytest.fixture(scope="module")
def digits():
    """A thirtieth of MNIST at one bit a pixel, and of its test images."""
    x, y, x_test, y_test = gg.data.load("mnist-1bit")
    return x[::30], y[::30], x_test[::10], y_test[::10]


def test_binary(tmp_path):
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    x, y, x_test, y_test = x[::2], y[::2], x[1::2], y[1::2]
    encoder = Table.fit(x, 8)
    net = stack(nn.GroupSum(1, "auto", kind="binary", bias=True), encoder.n_inputs)
    result = train.fit(net, x, y, encoder=encoder, steps=150, lr=0.1, **OPTIONS)
    assert result.figure == "accuracy"
    model = gg.discretize(net, encoder=encoder, labels=["no", "yes"]).optimize()
    model.save(tmp_path / "model.gg")
    model = gg.load(tmp_path / "model.gg")
    right = (model.predict(x_test) == np.array(["no", "yes"])[y_test]).mean()
    assert right > 0.88  # the larger class is 0.63
    logits = model.scores(x_test)[:, 0]
    np.testing.assert_array_equal(model.predict(x_test) == "yes", logits > 0)
    expected = torch.sigmoid(torch.from_numpy(logits).double()).numpy()
    np.testing.assert_allclose(model.probabilities(x_test)[:, 0], expected)


def test_several_labels_of_a_digit(digits, tmp_path):
    x, y, x_test, y_test = digits

    def labels(y):
        return np.stack([y % 2 == 0, np.isin(y, [2, 3, 5, 7]), y > 4], 1).astype(int)

    net = train.build_network(784, 3, layers="1200x2", kind="multilabel", bias=True)
    result = train.fit(net, x, labels(y), steps=250, **OPTIONS)
    assert result.figure == "label accuracy"
    model = gg.discretize(net, labels=["even", "prime", "above 4"]).optimize()
    model.save(tmp_path / "model.gg")
    predicted = gg.load(tmp_path / "model.gg").predict(x_test)
    assert predicted.shape == (len(x_test), 3)
    right = (predicted == labels(y_test)).mean()
    assert right > 0.8 > labels(y_test).mean()
    assert result.hard_accuracy == pytest.approx(right, abs=0.06)
    soft = train.soft_accuracy(net, x_test, labels(y_test))
    assert soft == pytest.approx(right, abs=0.03)


def test_regression_on_measured_diabetes_is_better_than_the_mean(tmp_path):
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    test = np.arange(len(y)) % 4 == 0
    encoder = Thermometer.quantile(x[~test], 8)
    net = train.build_network(
        encoder.n_inputs, 1, layers="1000x2", kind="regression", targets=y[~test]
    )
    result = train.fit(net, x[~test], y[~test], encoder=encoder, steps=150, **OPTIONS)
    assert result.figure == "R2"
    assert result.hard > 0.3
    model = gg.discretize(net, encoder=encoder, labels=["progression"]).optimize()
    model.save(tmp_path / "model.gg")
    model = gg.load(tmp_path / "model.gg")
    predicted = model.predict(x[test])
    assert (predicted.dtype, predicted.shape) == (np.float32, (test.sum(), 1))
    assert r2(predicted, y[test, None]) > 0.25
    np.testing.assert_array_equal(predicted, model.scores(x[test]))
    with pytest.raises(gg.model.ModelError, match="a regression has no probabilities"):
        model.probabilities(x[test])
    assert rmse(predicted, y[test, None]) < 0.9 * y[test].std()
    assert train.soft_accuracy(net, x[test], y[test], encoder=encoder) > 0.25
    with pytest.raises(AttributeError, match=r"no hard_accuracy; its R2 is in \.hard"):
        _ = result.hard_accuracy


def test_probabilities_of_classes_are_their_softmax():
    model = gg.discretize(stack(nn.GroupSum(3, tau=0.01)))
    scores = torch.from_numpy(model.scores(bits())).double()
    np.testing.assert_allclose(model.probabilities(bits()), scores.softmax(1).numpy())


def test_several_numbers_of_different_scale():
    x = bits()
    y = np.stack([1000 * (x[:, 0] | x[:, 1]), 0.01 * x[:, 2] - 0.02], 1)
    net = train.build_network(8, 2, layers="400x2", kind="regression", targets=y)
    result = train.fit(net, x, y, steps=200, **OPTIONS)
    predicted = gg.discretize(net).predict(x)
    for column in range(2):
        assert r2(predicted[:, [column]], y[:, [column]]) > 0.5
    assert result.hard > 0.5


def test_a_network_that_begins_with_a_thermometer_takes_raw_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3)) * [1, 100, 0.01] + [0, 50, 0]
    y = (x[:, 1] > 90).astype(int)
    thermometer = nn.Thermometer.quantile(x, 2, learnable=True)
    net = nn.Sequential(thermometer, nn.LogicDense(6, 60, seed=0), nn.GroupSum(2, tau="auto"))
    before = thermometer.encoder()
    result = train.fit(net, x, y, steps=100, **OPTIONS)
    model = gg.discretize(net)
    assert model.encoder == thermometer.encoder() != before
    assert result.hard_accuracy > 0.8
    assert (model.predict(x) == y).mean() > 0.8
    assert train.soft_accuracy(net, x, y) > 0.8
    with pytest.raises(gg.encoding.EncodingError, match="NaN"):
        train.fit(net, np.full((9, 3), np.nan), y[:9], **OPTIONS)


def test_a_run_of_another_loss_is_no_continuation(tmp_path):
    x, y = bits(), np.random.default_rng(0).normal(size=600)
    net = stack(nn.GroupSum.regression(-3, 3, 240))
    options = OPTIONS | {"steps": 20, "checkpoint": tmp_path / "run.pt"}
    train.fit(net, x, y, **options)
    train.fit(net, x, y, resume=True, **options)
    with pytest.raises(train.CheckpointError, match="loss"):
        train.fit(net, x, y, resume=True, loss="mae", **options)


def test_a_loss_of_ones_own():
    seen = []

    def loss(scores, targets):
        seen.append((tuple(scores.shape), targets.dtype))
        return (scores[:, 0] - targets).square().mean()

    net = stack(nn.GroupSum(1, kind="binary"))
    train.fit(net, bits(), bits()[:, 0], loss=loss, steps=3, batch_size=50, **OPTIONS)
    assert seen == [((50, 1), torch.int64)] * 3


def test_errors_of_a_regression_are_in_standard_deviations():
    targets = torch.tensor([[0.0, 7.0], [200.0, 7.0]], dtype=torch.float64)
    scores = torch.tensor([[100.0, 8.0], [100.0, 6.0]])
    assert make_loss("regression", None, targets)(scores, targets).item() == 1.0
    assert make_loss("regression", "mae", targets)(scores, targets).item() == 1.0


def test_figures_are_those_of_scikit_learn():
    from sklearn import metrics

    rng = np.random.default_rng(0)
    targets, found = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    targets[:, 2] = 4
    assert r2(found, targets) == pytest.approx(metrics.r2_score(targets, found))
    assert rmse(found, targets) == pytest.approx(metrics.mean_squared_error(targets, found) ** 0.5)
    truth, labels = targets > 0, found > 0
    assert subset_accuracy(labels, truth) == metrics.accuracy_score(truth, labels)


MULTI = {"kind": "multilabel", "k": 3}
ONE = {"kind": "regression", "k": 1}
REFUSED = {
    "binary names": (
        {"kind": "binary", "k": 1},
        np.array(["a", "b"] * 5),
        "y has dtype <U1; expected integers",
    ),
    "binary classes": (
        {"kind": "binary", "k": 1},
        np.arange(10) % 3,
        r"y\[2\] is 2, but the network has 2 classes",
    ),
    "labels as classes": (MULTI, np.arange(10), r"y has shape \(10,\); expected \(10, 3\), 0 or 1"),
    "labels of 2": (MULTI, np.full((10, 3), 2), r"y\[0, 0\] is 2; expected 0 or 1 for each label"),
    "two numbers for one": (ONE, np.zeros((10, 2)), r"expected \(10, 1\) or \(10,\), a number for"),
    "no numbers": (ONE, np.array(["a"] * 10), "y has dtype <U1; expected numbers to predict"),
    "not finite": (ONE, np.full(10, np.nan), r"y\[0, 0\] is nan; expected finite numbers"),
    "numbers as classes": (
        {"kind": "argmax", "k": 2},
        np.linspace(0, 1, 10),
        "y has dtype float64; expected integers, class indices",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_targets(case):
    options, y, message = REFUSED[case]
    net = stack(nn.GroupSum(**options))
    with pytest.raises(train.TrainError, match=message):
        train.fit(net, bits(10), y, **OPTIONS)


def test_refused_losses_and_networks():
    message = "loss is 'mse'; for a head of kind 'argmax' expected cross-entropy, or a function of"
    with pytest.raises(train.TrainError, match=message):
        train.fit(stack(nn.GroupSum(2)), bits(10), np.arange(10) % 2, loss="mse", **OPTIONS)
    with pytest.raises(train.TrainError, match="needs targets, for their range; other kinds take"):
        train.build_network(8, 1, layers="40", kind="regression")
    with pytest.raises(train.TrainError, match="tau and bias are not for regression"):
        train.build_network(8, 1, layers="40", kind="regression", targets=[1.0, 2.0], tau=3.0)
