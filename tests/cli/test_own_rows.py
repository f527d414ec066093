"""What a user asks of a classifier on rows of their own: test files, figures, probabilities."""

import csv

import numpy as np
import pytest

import gategrad as gg
from gategrad.circuit import metrics

pytest.importorskip("torch")


def _write(path, n, seed, columns=("size", "colour", "id")):
    rng = np.random.default_rng(seed)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow([*columns, "y"])
        for i in range(n):
            size, colour = int(rng.integers(0, 9)), str(rng.choice(["red", "blue"]))
            y = "yes" if size > 3 and colour == "red" else "no"
            cells = {"size": size, "colour": colour, "id": 3 * i}
            out.writerow([*(cells[column] for column in columns), y])


@pytest.fixture
def trained(tmp_path, gategrad):
    """A model that was tested on a file of its own, whose columns come in another order."""
    _write(tmp_path / "train.csv", 90, 0)
    _write(tmp_path / "test.csv", 40, 1, columns=("colour", "id", "size"))
    done = gategrad(
        "train", "train.csv", "--test", "test.csv", "--target", "y", "--drop", "id", "--layers",
        "40", "--steps", 60, "--class-weight", "balanced", "--metric", "f1", "--out", "m.gg",
        "--json",
    )  # fmt: skip
    return done.json


def test_a_model_is_tested_on_another_file(trained, tmp_path, gategrad):
    assert trained["hard_accuracy"] > 0.7
    model = gg.load(tmp_path / "m.gg")
    assert model.encoder.names == ("size", "colour")
    found = gategrad("eval", "m.gg", "--json").json
    assert found["n"] == 40
    assert found["accuracy"] == trained["hard_accuracy"]


def test_eval_has_the_figures_that_people_choose_by(trained, tmp_path, gategrad):
    found = gategrad("eval", "m.gg", "--json").json
    x = gg.data.load_file("test.csv", target="y", columns=["size", "colour"])
    model = gg.load("m.gg")
    said, p, y = model.program().labels(x.x_train), model.probabilities(x.x_train), x.y_train
    counts = metrics.confusion(said, y, 2)
    assert found["confusion"] == counts.tolist()
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy(counts))
    assert found["auc"] == pytest.approx(metrics.auc(p[:, 1], y == 1))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(p, y))
    assert found["precision"]["yes"] == pytest.approx(counts[1, 1] / counts[:, 1].sum())
    assert found["f1"]["yes"] == pytest.approx(metrics.f1(counts))
    shown = gategrad("eval", "m.gg").out
    for word in ("balanced", "50.00 % of a constant answer", "AUC", "precision", "taken for"):
        assert word in shown


@pytest.mark.parametrize("out", ["p.npy", "p.csv", "p.parquet"])
def test_predict_writes_probabilities(trained, out, gategrad):
    if out.endswith("parquet"):
        parquet = pytest.importorskip("pyarrow.parquet")
    assert gategrad("predict", "m.gg", "test.csv", "--proba", "-o", out, "--json").json["n"] == 40
    x = gg.data.load_rows("test.csv", columns=["size", "colour"])
    expected = gg.load("m.gg").probabilities(x)
    if out.endswith("npy"):
        found = np.load(out)
    elif out.endswith("csv"):
        with open(out) as file:
            assert file.readline() == "no,yes\n"
            found = np.loadtxt(file, delimiter=",")
    else:
        found = np.column_stack([c.to_numpy() for c in parquet.read_table(out).columns])
    np.testing.assert_array_equal(found, expected)


def test_pruning_tests_on_that_file_too(trained, tmp_path, gategrad):
    command = ("prune", "m.gg", "-o", "small.gg", "--json")
    found = gategrad(*command).json
    assert found["held_rows"] == 9
    assert found["test_before"] == gategrad("eval", "m.gg", "--json").json["accuracy"]
    (tmp_path / "test.csv").unlink()
    gategrad(*command).fails_with("test.csv, which the model was tested on, is not there")


def test_what_does_not_go_together_is_said(trained, gategrad):
    done = gategrad("predict", "m.gg", "test.csv", "--proba", "--scores", "-o", "p.npy")
    done.fails_with("scores and probabilities are two files; ask for one of them")
    done = gategrad("train", "monks-1", "--test", "test.csv")
    done.fails_with("--test is for files, and the set monks-1 has a test part of its own")
    done = gategrad("train", "train.csv", "--target", "y", "--test", "none.csv")
    done.fails_with("--test none.csv: there is no such file")
    done = gategrad("train", "train.csv", "--target", "y", "--class-weight", "even")
    done.fails_with("--class-weight is 'even'; expected balanced, or numbers such as 1,5")


def test_a_recipe_is_cross_validated_before_training(tmp_path, gategrad):
    _write(tmp_path / "train.csv", 60, 0)
    options = ("--target", "y", "--layers", "40", "--steps", 20)
    command = ("train", "train.csv", *options, "--folds", 3, "--seeds", 2)
    found = gategrad(*command, "--json").json
    assert len(found["folds"]) == 6
    assert found["fold_mean"] == pytest.approx(np.mean(found["folds"]))
    assert 0.5 < found["fold_mean"] <= 1
    assert "in 6 runs" in gategrad(*command).out
    done = gategrad("train", "train.csv", *options, "--seeds", 2)
    done.fails_with("--seeds is for --folds")
    done = gategrad("train", "train.csv", *options, "--folds", 40)
    done.fails_with("--folds 40 needs two training rows a fold at least; there are 45")


def test_parts_hold_each_class_evenly():
    from gategrad.cli.folding import parts

    y = np.array([0] * 11 + [1] * 7)
    place = parts(y, 3)
    for c in (0, 1):
        counts = np.bincount(place[y == c], minlength=3)
        assert counts.max() - counts.min() <= 1
