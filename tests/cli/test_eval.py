"""`gategrad eval`."""

import numpy as np
import pytest

import gategrad as gg
from tests.cli.conftest import write_monk


@pytest.fixture
def xor_rows(tmp_path):
    """All rows of three bits, two of the eight labelled wrongly, in a .npz of one part."""
    x = np.array([[i >> j & 1 for j in range(3)] for i in range(8)], bool)
    y = np.where(x[:, 0] ^ x[:, 1], "different", "same")
    y[:2] = "different"
    path = tmp_path / "rows.npz"
    np.savez(path, x=x, y=y)
    return path


def test_json_has_accuracy_rows_and_classes(gategrad, xor_model, xor_rows):
    # Row 0 is "same": a xor b of 000; row 1, 100, is "different" indeed.
    found = gategrad("eval", xor_model, "--data", xor_rows, "--json").json
    assert found.pop("log_loss") > 0
    assert found.pop("auc") == pytest.approx(12 / 15 + 3 / 15 / 2)
    assert found.pop("macro_f1") == pytest.approx((6 / 7 + 8 / 9) / 2)
    assert found == {
        "accuracy": 7 / 8,
        "n": 8,
        "per_class": {"same": 1.0, "different": 4 / 5},
        "constant_accuracy": 5 / 8,
        "recall": {"same": 1.0, "different": 4 / 5},
        "precision": {"same": 3 / 4, "different": 1.0},
        "f1": {"same": 6 / 7, "different": 8 / 9},
        "balanced_accuracy": 9 / 10,
        "confusion": [[3, 0], [1, 4]],
        "rows": {"same": 3, "different": 5},
        "unseen": 0,
        "seen_in_training": None,
    }


def test_it_shows_a_table_of_the_classes(gategrad, xor_model, xor_rows):
    done = gategrad("eval", xor_model, "--data", xor_rows)
    assert "87.50 %" in done.out
    assert "8, all rows" in done.out
    assert [line.split()[:4] for line in done.out.splitlines()[-2:]] == [
        ["same", "3", "3", "100.00"],
        ["different", "5", "4", "80.00"],
    ]


def test_a_class_without_rows_has_no_accuracy(gategrad, xor_model, tmp_path):
    np.savez(tmp_path / "one.npz", x=np.zeros((2, 3)), y=np.array(["same", "same"]))
    done = gategrad("eval", xor_model, "--data", "one.npz", "--json")
    assert done.json["per_class"] == {"same": 1.0, "different": None}


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_every_backend_gives_the_same(gategrad, xor_model, xor_rows, backend):
    arguments = ("eval", xor_model, "--data", xor_rows, "--backend", backend, "--threads", 2)
    assert gategrad(*arguments, "--json").json["accuracy"] == 7 / 8


def test_without_data_it_takes_the_rows_held_out_of_training(gategrad, trained, monkeypatch):
    model, data, figures = trained
    monkeypatch.chdir(data.parent)
    found = gategrad("eval", model, "--json").json
    assert found["accuracy"] == figures["hard_accuracy"]
    assert found["n"] == 54
    assert "a quarter of monk.csv, held out of training" in gategrad("eval", model).out


def test_another_file_is_taken_whole(gategrad, trained, tmp_path):
    model, _, _ = trained
    other = write_monk(tmp_path / "other.csv")
    assert gategrad("eval", model, "--data", other, "--json").json["n"] == 216


def test_the_test_part_of_a_file_is_taken(gategrad, xor_model, tmp_path):
    parts = {"x_train": np.ones((4, 3)), "x_test": np.zeros((3, 3))}
    labels = {"y_train": ["same", "different"] * 2, "y_test": ["same"] * 3}
    np.savez(tmp_path / "two.npz", **parts, **labels)
    found = gategrad("eval", xor_model, "--data", "two.npz", "--json").json
    assert (found["accuracy"], found["n"]) == (1.0, 3)


def test_named_sets(gategrad, tmp_path):
    circuit = gg.Circuit(784, np.empty((0, 2)), np.empty(0, int), np.arange(2, 12))
    path = tmp_path / "mnist.gg"
    meta = {"data": "mnist-1bit"}
    # The corner pixels are never on, so all sums are 0 and the lowest class wins.
    gg.Model(circuit, gg.Readout.group_sum(10, 10), meta=meta).save(path)
    found = gategrad("eval", path, "--json").json
    assert found["n"] == 10_000
    assert found["accuracy"] == pytest.approx(0.098)
    assert found["per_class"]["0"] == 1.0


def test_sets_of_other_classes_are_refused(gategrad, xor_model):
    gategrad("eval", xor_model, "--data", "mnist-1bit").fails_with(
        "the model's classes are same, different, those of mnist-1bit are 0, 1, 2, 3"
    )


def test_messages(gategrad, xor_model, trained, tmp_path):
    gategrad("eval", xor_model).fails_with("does not say what it was trained on; name data by")
    gategrad("eval", xor_model, "--data", "nope").fails_with(
        "unknown data set 'nope'; known: mnist-1bit, mnist,"
    )
    gategrad("eval", xor_model, "--data", "nope.csv").fails_with("nope.csv is not a file")
    gategrad("eval", trained[0]).fails_with("monk.csv is not a file")
    np.savez(tmp_path / "wide.npz", x=np.zeros((2, 5)), y=["same", "different"])
    gategrad("eval", xor_model, "--data", "wide.npz").fails_with("expected (rows, 3)")
    np.savez(tmp_path / "grey.npz", x=np.full((2, 3), 7), y=["same", "different"])
    gategrad("eval", xor_model, "--data", "grey.npz").fails_with("expected bits, 0 or 1")
    np.savez(tmp_path / "empty.npz", x=np.zeros((0, 3)), y=np.empty(0, "<U4"))
    gategrad("eval", xor_model, "--data", "empty.npz").fails_with("there are no rows to evaluate")


def test_models_that_choose_no_class_are_not_for_sets(gategrad, tmp_path):
    circuit = gg.Circuit(2, [[2, 3]], [6], [4])
    gg.Model(circuit, gg.Readout.identity(1)).save(tmp_path / "many.gg")
    gategrad("eval", "many.gg", "--data", "mnist-1bit").fails_with(
        "the set mnist-1bit has classes, and the model is for multilabel; name a .npz or .csv"
    )


def test_an_instruction_set_that_is_unknown(gategrad, xor_model, xor_rows, monkeypatch):
    monkeypatch.setenv("GATEGRAD_ISA", "mmx")
    gategrad("eval", xor_model, "--data", xor_rows).fails_with("GATEGRAD_ISA='mmx' is unknown")


def test_classes_that_the_model_does_not_know_are_wrong_and_listed(gategrad, xor_model, tmp_path):
    np.savez(tmp_path / "labels.npz", x=np.zeros((4, 3)), y=["same", "equal", "equal", "like"])
    done = gategrad("eval", xor_model, "--data", "labels.npz", "--json")
    assert (done.json["accuracy"], done.json["unseen"]) == (1 / 4, 3)
    assert "has labels that are not known, counted as wrong (rows): 'equal' (2), 'like' (1)" in (
        done.err
    )
    shown = gategrad("eval", xor_model, "--data", "labels.npz")
    assert "3 rows of classes that the model doesn't know, all wrong" in shown.out


def moved(path, place, *, change=lambda lines: lines):
    """A copy of the file in the folder `place` under the same name, changed."""
    place.mkdir()
    header, *lines = path.read_text().splitlines()
    (place / path.name).write_text("\n".join([header, *change(lines)]) + "\n")
    return place / path.name


def test_held_out_is_what_the_rows_say(gategrad, trained, tmp_path):
    model, data, _ = trained
    same = gategrad("eval", model, "--data", moved(data, tmp_path / "same")).out
    assert "54, a quarter of monk.csv, held out of training" in same
    assert "seen in training" not in same
    shuffled = moved(data, tmp_path / "shuffled", change=lambda lines: lines[::-1])
    found = gategrad("eval", model, "--data", shuffled, "--json").json
    assert (found["n"], found["seen_in_training"]) == (216, 162 / 216)
    shown = gategrad("eval", model, "--data", shuffled).out
    assert "216, all rows: the file is not as it was when the model was trained; 162 of" in shown
    assert "held out" not in shown
    new = moved(data, tmp_path / "new", change=lambda lines: ["9" + x[1:] for x in lines])
    assert gategrad("eval", model, "--data", new, "--json").json["seen_in_training"] == 0
