"""train, eval and predict of one sum, several labels, and numbers."""

import csv

import numpy as np
import pytest

import gategrad as gg

SHORT = ("--layers", "240x2", "--steps", 120, "--threads", 1)


def rows(n=400, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n, 6)) < 0.5


def write_csv(path):
    """Six bits by name, a number and a label that depend on them, and a name."""
    x = rows()
    level = np.where(x[:, 0], 20.5, 10.25) + 2 * x[:, 1]
    names = [f"b{i}" for i in range(6)]
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*names, "colour", "level", "hot", "wet"])
        for row, number in zip(x.astype(int).tolist(), level.tolist(), strict=True):
            colour = "red" if row[2] else "blue"
            writer.writerow([*row, colour, number, int(number > 15), row[3] ^ 1])
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("tasks") / "rows.csv")


def test_regression(gategrad, table, tmp_path, monkeypatch):
    monkeypatch.chdir(table.parent)
    train = ("train", table, "--task", "regression", "--target", "level", "--out", "level.gg")
    made = gategrad(*train, *SHORT, "--json").json
    assert set(made) == {"hard_r2", "soft_r2", "rmse", "neurons", "gates", "seconds", "steps"} | {
        *("constant_rmse", "seen_in_training")
    }
    assert made["rmse"] < made["constant_rmse"]
    assert made["hard_r2"] > 0.5
    found = gategrad("eval", "level.gg", "--json").json
    assert (found["r2"], found["rmse"]) == (made["hard_r2"], made["rmse"])
    assert found["per_target"] == {"level": {"r2": found["r2"], "rmse": found["rmse"]}}
    assert "R2" in gategrad("eval", "level.gg").out
    gategrad("predict", "level.gg", table, "-o", tmp_path / "out.csv")
    header, *lines = (tmp_path / "out.csv").read_text().split()
    model = gg.load("level.gg")
    assert header == "level"
    assert model.readout.kind == "regression"
    gategrad("predict", "level.gg", table, "-o", tmp_path / "out.npy")
    written = np.load(tmp_path / "out.npy")
    assert (written.dtype, written.shape) == (np.float32, (400, 1))
    np.testing.assert_array_equal(np.array(lines, np.float64).astype(np.float32), written[:, 0])
    assert "R2" in gategrad(*train[:-1], tmp_path / "b.gg", *SHORT).out


def test_several_labels(gategrad, table, tmp_path, monkeypatch):
    monkeypatch.chdir(table.parent)
    train = ("train", table, "--task", "multilabel", "--target", "hot,wet", "--out", "labels.gg")
    made = gategrad(*train, "--bias", *SHORT, "--json").json
    assert made["hard_accuracy"] > 0.8
    assert made["subset_accuracy"] <= made["hard_accuracy"]
    found = gategrad("eval", "labels.gg", "--json").json
    assert found["accuracy"] == made["hard_accuracy"]
    assert found["subset_accuracy"] == made["subset_accuracy"]
    assert list(found["per_class"]) == ["hot", "wet"]
    for key in ("recall", "f1", "ones"):
        assert found[key] == made[key]
        assert list(found[key]) == ["hot", "wet"]
    assert found["constant_accuracy"] == made["constant_accuracy"] < found["accuracy"]
    assert "all labels right" in gategrad("eval", "labels.gg").out
    gategrad("predict", "labels.gg", table, "-o", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().split()
    assert lines[0] == "hot,wet"
    assert set(lines[1:]) <= {"0,0", "0,1", "1,0", "1,1"}


def test_one_sum_for_two_classes(gategrad, table, tmp_path, monkeypatch):
    monkeypatch.chdir(table.parent)
    train = ("train", table, "--task", "binary", "--target", "colour", "--out", "colour.gg")
    made = gategrad(*train, *SHORT, "--json").json
    assert gg.load("colour.gg").readout.kind == "binary"
    found = gategrad("eval", "colour.gg", "--json").json
    assert found["accuracy"] == made["hard_accuracy"] > 0.9
    assert list(found["per_class"]) == ["blue", "red"]
    gategrad("predict", "colour.gg", table, "-o", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().split()
    assert set(lines[1:]) == {"blue", "red"}


def test_arrays_of_numbers_in_two_parts(gategrad, tmp_path):
    x = rows()
    y = np.stack([x[:, 0] * 3.0, x[:, 1] - 7.5], 1)
    np.savez(tmp_path / "n.npz", x_train=x[:300], y_train=y[:300], x_test=x[300:], y_test=y[300:])
    made = gategrad("train", "n.npz", "--task", "regression", *SHORT, "--json").json
    found = gategrad("eval", "n.gg", "--json").json
    assert found["r2"] == made["hard_r2"] > 0.35
    assert (found["n"], list(found["per_target"])) == (100, ["0", "1"])


def test_messages(gategrad, table, tmp_path):
    np.savez(tmp_path / "words.npz", x=rows(9), y=np.array(["a"] * 9))
    np.savez(tmp_path / "twos.npz", x=rows(9), y=np.full((9, 2), 2))
    for arguments, message in [
        ((table, "--task", "sorting", "--target", "hot"), "--task is 'sorting'; known: classif"),
        (("mnist-1bit", "--task", "regression"), "needs a .npz or .csv of your own; the set mnist"),
        (
            (table, "--task", "binary", "--target", "level"),
            "in row 1; expected class labels: whole numbers",
        ),
        ((table, "--task", "regression", "--target", "colour"), "'colour' holds text; expected nu"),
        ((table, "--task", "multilabel", "--target", "hot,level"), "target column level holds"),
        ((table, "--task", "multilabel", "--target", "hot,hot"), "'hot,hot' name one twice"),
        (("words.npz", "--task", "regression"), "y has dtype <U1; expected numbers"),
        (("twos.npz", "--task", "multilabel"), "y column 0 holds 2 in row 1; expected 0 or 1"),
        (
            (table, "--task", "regression", "--target", "level", "--tau", 3),
            "--tau and --bias are not for regression, whose range the targets give",
        ),
        (
            (table, "--task", "regression", "--target", "level", "--record", "r.jsonl"),
            "--record is for classifiers",
        ),
    ]:
        gategrad("train", *arguments).fails_with(message)
