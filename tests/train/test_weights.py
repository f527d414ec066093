"""Weights of rows and classes in the loss and in choosing, and the metrics to choose by."""

import numpy as np
import pytest
import torch

from gategrad import discretize, nn, train
from gategrad.circuit import metrics
from gategrad.train import TrainError
from gategrad.train.losses import make_loss
from gategrad.train.splitting import held_rows
from gategrad.train.weights import row_weights


def _net(k: int = 2, kind: str = "argmax") -> nn.Sequential:
    return nn.Sequential(nn.LogicDense(6, 20, seed=0), nn.GroupSum(k, tau=2.0, kind=kind))


def _rows(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(0).integers(0, 2, (n, 6)).astype(bool), np.arange(n) % 2


@pytest.mark.parametrize(
    ("kind", "shape", "targets"),
    [
        ("argmax", (4, 3), torch.tensor([0, 2, 1, 1])),
        ("binary", (4, 1), torch.tensor([0, 1, 1, 0])),
        ("multilabel", (4, 3), torch.ones(4, 3, dtype=torch.int64)),
        ("regression", (4, 2), torch.arange(8.0).reshape(4, 2).double()),
    ],
)
def test_a_row_of_weight_two_is_that_row_twice(kind, shape, targets):
    scores = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    weights = torch.tensor([1.0, 2.0, 0.0, 1.0])
    loss = make_loss(kind, None, targets)
    twice = [0, 1, 1, 3]
    assert loss(scores, targets, weights).item() == pytest.approx(
        loss(scores[twice], targets[twice]).item(), rel=1e-5
    )


def test_balanced_classes_weigh_the_same_together():
    y = torch.tensor([0, 0, 0, 1, 2, 2])
    weights = row_weights("argmax", y, 4, None, "balanced")
    assert [weights[y == c].sum().item() for c in range(3)] == pytest.approx([2, 2, 2])
    both = row_weights("argmax", y, 4, np.array([1, 0, 1, 1, 1, 1]), (3, 1, 1, 1))
    assert both.tolist() == [3, 0, 3, 1, 1, 1]
    assert row_weights("argmax", y, 4, None, {2: 5}).tolist() == [1, 1, 1, 1, 5, 5]


def test_rows_that_count_nothing_teach_nothing():
    x, y = _rows()
    y = x[:, 0].astype(int)
    wrong = np.concatenate([y, 1 - y])
    weight = np.concatenate([np.ones(len(y)), np.zeros(len(y))])
    net = _net()
    result = train.fit(
        net, np.concatenate([x, x]), wrong, sample_weight=weight, steps=60, progress=False
    )
    assert (discretize(net).predict(x) == y).mean() > 0.85
    assert result.hard > 0.85


def test_a_rare_class_is_found_where_classes_are_balanced():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, (600, 6)).astype(bool)
    y = (x[:, 0] & x[:, 1] & (rng.random(600) < 0.4)).astype(int)

    def recall(class_weight: str | None) -> float:
        net = _net()
        train.fit(net, x, y, class_weight=class_weight, steps=100, progress=False)
        return discretize(net).predict(x)[y == 1].mean()

    assert recall("balanced") > 0.9 > recall(None)


def test_the_chosen_metric_is_what_results_say():
    x, y = _rows()
    y = x[:, 0].astype(int)
    for name, shown in metrics.SHOWN.items():
        result = train.fit(_net(), x, y, metric=name, validation=60, steps=20, progress=False)
        assert result.figure == shown
        assert {e.figure for e in result.history} == {shown}
    assert result.hard < 0
    assert result.constant == pytest.approx(-np.log(2), abs=0.01)


def test_metrics_are_those_of_scikit_learn():
    known = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(2)
    for k, average in ((2, "binary"), (4, "macro")):
        y, w = rng.integers(0, k, 90), rng.random(90)
        p = rng.dirichlet(np.ones(k), 90).round(2) + 1e-3
        p /= p.sum(1, keepdims=True)
        said = p.argmax(1)
        auc = (
            known.roc_auc_score(y, p[:, 1], sample_weight=w)
            if k == 2
            else known.roc_auc_score(y, p, multi_class="ovr", sample_weight=w)
        )
        expected = {
            "accuracy": known.accuracy_score(y, said, sample_weight=w),
            "balanced-accuracy": known.balanced_accuracy_score(y, said, sample_weight=w),
            "f1": known.f1_score(y, said, average=average, sample_weight=w),
            "auc": auc,
            "log-loss": -known.log_loss(y, p, sample_weight=w),
        }
        for name, figure in expected.items():
            assert metrics.measured(name, said, p, y, w) == pytest.approx(figure), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": [1.0]}, r"sample_weight has shape \(1,\)"),
        ({"sample_weight": np.full(200, -1.0)}, r"sample_weight\[0\] is -1"),
        ({"sample_weight": np.zeros(200)}, "all rows have weight 0"),
        ({"class_weight": "even"}, "class_weight is 'even'; expected 'balanced'"),
        ({"class_weight": (1, 2, 3)}, "class_weight has 3 numbers; expected 2"),
        ({"class_weight": {5: 1}}, "a weight for 5; expected classes 0 to 1"),
        ({"metric": "gini"}, "metric is 'gini'; known: accuracy, balanced-accuracy, f1"),
        (
            {"class_weight": "balanced", "loss": lambda s, t: s.sum()},
            "rows have weights, which a loss of one's own doesn't take",
        ),
    ],
)
def test_message(options, message):
    x, y = _rows()
    with pytest.raises(TrainError, match=message):
        train.fit(_net(), x, y, steps=1, progress=False, **options)


def test_classes_are_not_for_regression():
    x, _ = _rows()
    head = nn.GroupSum.regression(0, 1, 20)
    net = nn.Sequential(nn.LogicDense(6, 20, seed=0), head)
    for option in ({"class_weight": "balanced"}, {"metric": "auc"}):
        with pytest.raises(TrainError, match=r"is for classes, and the network's head"):
            train.fit(net, x, np.random.default_rng(0).random(200), progress=False, **option)


@pytest.mark.parametrize(("counts", "what"), [("held", "train"), ("trained", "choose")])
def test_both_parts_have_rows_that_count(counts, what):
    x, y = _rows()
    held = held_rows(y, 20, 0)
    weights = (held if counts == "held" else ~held).astype(float)
    with pytest.raises(TrainError, match=f"rows to {what} on have weight 0; expected one"):
        train.fit(
            _net(), x, y, steps=1, validation=20, seed=0, sample_weight=weights, progress=False
        )
