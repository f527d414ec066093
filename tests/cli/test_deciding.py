"""`gategrad train --calibrate --threshold`."""

import numpy as np
import pytest

import gategrad as gg

QUICK = ("--target", "answer", "--layers", "60x1", "--steps", 60, "--threads", 1)


@pytest.fixture
def rare(tmp_path):
    """Rows whose answer is yes in three of ten where a is above 5, else in one of twenty."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 10, (2, 800))
    yes = rng.random(800) < np.where(a > 5, 0.3, 0.05)
    lines = [f"{i},{j},{'yes' if y else 'no'}\n" for i, j, y in zip(a, b, yes, strict=True)]
    (tmp_path / "rare.csv").write_text("a,b,answer\n" + "".join(lines))
    return tmp_path / "rare.csv"


def test_a_threshold_by_a_metric_is_saved(gategrad, rare):
    gategrad("train", rare, *QUICK, "--out", "plain.gg")
    gategrad("train", rare, *QUICK, "--out", "f1.gg", "--threshold", "f1", "--calibrate")
    plain, made = gg.load("plain.gg"), gg.load("f1.gg")
    x = np.array([[i, j] for i in range(10) for j in range(10)], float)
    assert (plain.predict(x) == "yes").sum() < (made.predict(x) == "yes").sum() < 100
    threshold = float(made.meta["threshold"])
    assert threshold < 0.5
    p = made.probabilities(x)[:, 1]
    assert ((p > threshold) == (made.predict(x) == "yes")).all()
    assert f"threshold {threshold:.4g}" in gategrad("inspect", "f1.gg").out


def test_a_threshold_of_ones_own_needs_no_rows(gategrad, rare):
    done = gategrad(
        "train", rare, *QUICK, "--out", "m.gg", "--validation", 0, "--threshold", 0.05, "--json"
    )
    assert done.json["recall"]["yes"] > 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--threshold", "auc"), "--threshold is 'auc'; expected a probability above 0 and below"),
        (("--threshold", "1.5"), "--threshold is '1.5'; expected a probability above 0"),
        (("--calibrate", "--validation", 0), "need rows held back"),
        (("--calibrate", "--task", "regression", "--target", "b"), "--calibrate is for classes"),
    ],
)
def test_message(gategrad, rare, options, message):
    done = gategrad("train", rare, *QUICK, *options)
    assert done.code != 0
    assert message in " ".join(done.err.split())


def test_a_threshold_is_for_two_classes(gategrad, tmp_path):
    lines = "".join(f"{i % 9},{'abc'[i % 3]}\n" for i in range(60))
    (tmp_path / "three.csv").write_text("n,answer\n" + lines)
    done = gategrad("train", "three.csv", *QUICK, "--threshold", 0.3)
    assert "--threshold is for two classes; three.csv has 3" in " ".join(done.err.split())
