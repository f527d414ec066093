"""Targets that float32 can't tell apart are refused before training, by name."""

import re

import numpy as np
import pytest

import gategrad as gg
from gategrad import train
from gategrad.encoding import Thermometer
from gategrad.nn import GroupSum, LogicDense
from gategrad.train import Recipe, TrainError

X = np.random.default_rng(0).random((300, 3))
SIGNAL = X[:, 0] + 0.5 * X[:, 1]
ENCODER = Thermometer.quantile(X, 8)


def learn(y, **options):
    recipe = Recipe(layers="600x2", steps=150, **options)
    return train.fit_recipe(
        recipe, X, y, kind="regression", encoder=ENCODER, threads=1, progress=False
    )


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (1.7e12 + SIGNAL, "and predictions, which are float32, lie 1.31e+05 apart there; subtract"),
        (np.full(300, 2.5), "target y[:, 0] is 2.5 in all 300 rows to train on; there is nothing"),
        (SIGNAL * 1e300, "apart there; divide it by its standard deviation first"),
        (SIGNAL * 1e-40, "divide it by its standard deviation first, and multiply the pred"),
        (np.where(np.arange(300) == 7, 3.0 + 1e-9, 3.0), "goes from 3.0 to 3.000000001, and"),
    ],
)
def test_refused_before_training(y, message):
    with pytest.raises(TrainError, match=re.escape(message)):
        learn(y)


def test_the_column_is_named():
    y = np.stack([SIGNAL, 1e9 + SIGNAL], 1)
    with pytest.raises(TrainError, match=r"target y\[:, 1\] goes from 1000000000"):
        learn(y)
    # As a loop of one's own has it, whose head has any range.
    net = gg.nn.Sequential(LogicDense(24, 40, seed=0), GroupSum.regression([0, 0], [2, 2], 40))
    with pytest.raises(TrainError, match=r"target y\[:, 1\] goes from 1000000000"):
        train.fit(net, X, y, encoder=ENCODER, steps=2, threads=1, progress=False)


def test_targets_far_from_zero_are_learned_as_those_near_it():
    near, far = (learn(y)[1].hard for y in (SIGNAL, 1e5 + SIGNAL))
    assert near > 0.8
    assert far == pytest.approx(near, abs=0.02)
