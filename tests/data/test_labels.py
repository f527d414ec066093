"""Labels: numbers compare as numbers, and the type that came in goes out."""

import numpy as np
import pytest

from gategrad.data import DataError, load_file
from gategrad.data.labels import encode, from_cells, one_spelling


def encoded(*values, classes=None, **options):
    return encode([np.array(v) for v in values], classes=classes, where="here", **options)


def from_csv(tmp_path, cells, **options):
    path = tmp_path / "x.csv"
    path.write_text("a,y\n" + "".join(f"{i % 3},{cell}\n" for i, cell in enumerate(cells)))
    return load_file(path, target="y", **options)


@pytest.mark.parametrize(
    ("cells", "classes", "labels", "y"),
    [
        (["1", "1.0", "2", "+2", "1e0"], ("1", "2"), (1, 2), [0, 0, 1, 1, 0]),
        (["0.0", "1.0", "0.0"], ("0", "1"), (0, 1), [0, 1, 0]),
        (["-1", "1"], ("-1", "1"), (-1, 1), [0, 1]),
        (["01", "02", "10"], ("01", "02", "10"), ("01", "02", "10"), [0, 1, 2]),
        (["01", "1", "2"], ("1", "2"), (1, 2), [0, 0, 1]),
        (["1", "1.0", "x"], ("1", "x"), ("1", "x"), [0, 0, 1]),
        (["1.50", "x"], ("1.50", "x"), ("1.50", "x"), [0, 1]),
        (["9007199254740993", "3"], ("3", "9007199254740993"), (3, 9007199254740993), [1, 0]),
    ],
)
def test_cells(tmp_path, cells, classes, labels, y):
    own = from_csv(tmp_path, cells)
    assert (own.classes, own.labels, own.y_train.tolist()) == (classes, labels, y)


def test_text_stays_text_and_numbers_numbers():
    assert encoded(["7", "8"]).labels == ("7", "8")
    assert encoded([7, 8]).labels == (7, 8)
    assert encoded([7.0, 8.0]).labels == (7, 8)
    told = "here holds whole numbers as float64; the model gives them back as integers"
    assert encoded([7.0, 8.0]).notes == (told,)
    assert encoded([7.0, 8.0], classes=("7", "8")).notes == encoded([7, 8]).notes == ()
    assert encoded([True, False]).labels == (0, 1)
    assert encoded(["1", "1.0"]).classes == ("1", "1.0")


@pytest.mark.parametrize("cells", [["1"], ["1.0"], ["01"], ["+1"]])
@pytest.mark.parametrize("known", [("0", "1"), ("0.0", "1.0"), ("00", "01")])
def test_a_models_labels_are_found_by_their_number(tmp_path, cells, known):
    own = from_csv(tmp_path, cells, classes=known)
    assert (own.y_train.tolist(), own.labels) == ([1], known)


def test_a_text_is_found_before_a_number():
    known = ("1", "1.0")
    assert encoded(["1", "1.0", "01"], classes=known).parts[0].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1e300, 1.0], "here holds 1e+300 in row 1, where floats leave integers out"),
        ([1.0, -(2.0**60)], r"holds -1.152921504606847e+18 in row 2"),
        (np.array([2**63, 1], np.uint64), "label 9223372036854775808, beyond 64 bits; use text"),
        (["a", "\udc80"], r"the label '\udc80', which is no valid text; save labels as UTF-8"),
        (["a", "b\0c"], r"the label 'b\x00c' with a control character in it; remove it"),
        (["a", "b\rc"], r"the label 'b\rc' with a control character"),
        ([0.5, 1], "whole numbers or names. To predict the number itself, train with --task regre"),
    ],
)
def test_what_no_model_can_keep_is_refused(values, message):
    with pytest.raises(DataError) as raised:
        encoded(values)
    assert message in str(raised.value)


def test_cells_beyond_64_bits(tmp_path):
    with pytest.raises(DataError, match=r"holds 1e\+300 in row 2, where floats"):
        from_csv(tmp_path, ["1", "1e300"])
    with pytest.raises(DataError, match=r"holds 1\.18059\S+e\+21 in row 1"):
        from_csv(tmp_path, [str(2**70), "1"])


def test_unseen_labels_may_be_counted(tmp_path):
    own = from_csv(tmp_path, ["a", "z", "b", "z"], classes=("a", "b"), unseen="count")
    assert own.y_train.tolist() == [0, -1, 1, -1]
    with pytest.raises(DataError, match="has the label 'z'; known labels: a, b"):
        from_csv(tmp_path, ["a", "z"], classes=("a", "b"))
    with pytest.raises(DataError, match="unseen is 'skip'; known: refuse, count"):
        from_csv(tmp_path, ["a"], classes=("a", "b"), unseen="skip")


def test_labels_that_look_alike_are_told(tmp_path):
    own = from_csv(tmp_path, ["yes", "Yes", "no"])
    assert own.notes == (
        f"{tmp_path / 'x.csv'}: column 'y' has the labels 'Yes' and 'yes', which are two classes",
    )
    assert encoded(["no", " no"]).notes
    assert not encoded(["no", "yes"]).notes


@pytest.mark.parametrize("gap", ["NA", "nan", "?"])
def test_a_gap_among_numbers_is_no_label(tmp_path, gap):
    with pytest.raises(DataError, match=r"row 2 \(line 3\): the label in column 'y' is '.*'; fill"):
        from_csv(tmp_path, ["1", gap, "2"])
    assert from_csv(tmp_path, ["a", gap]).classes == tuple(sorted([gap, "a"]))


def test_a_gap_in_a_target_of_numbers_makes_no_categories(tmp_path):
    with pytest.raises(DataError) as raised:
        from_csv(tmp_path, ["1.5", "", "2"], targets="numbers")
    assert str(raised.value).endswith(
        "holds '', but numbers elsewhere; fill the cell or drop the row"
    )


def test_several_columns_are_for_other_tasks(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,hot,wet\n1,0,1\n2,1,0\n")
    with pytest.raises(DataError, match=r"'hot,wet' are several columns.*--task multilabel"):
        load_file(path, target="hot,wet")


def test_one_spelling():
    assert one_spelling(["1", "1.0", "2.50", "x", "01"]) == ["1", "1", "2.50", "x", "1"]
    assert one_spelling(["1e3", "1000"]) == ["1000", "1000"]
    assert from_cells(["a", "1", "1.0"]).tolist() == ["a", "1", "1"]
