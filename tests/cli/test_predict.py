"""`gategrad predict`."""

import numpy as np
import pytest

import gategrad as gg

ROWS = np.array([[0, 1, 1], [1, 1, 0], [1, 0, 0]])
KEYS = {"n", "out", "seconds", "rows_per_second", "resumed", "threads", "backend", "isa"}
LABELS = ["different", "same", "different"]


def write(path, rows):
    if path.suffix == ".npy":
        np.save(path, rows)
    elif path.suffix == ".npz":
        np.savez(path, x=rows)
    else:
        lines = ["a,b,c", *(",".join(map(str, row)) for row in rows)]
        path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv"])
def test_labels_as_csv(gategrad, xor_model, tmp_path, suffix):
    done = gategrad("predict", xor_model, write(tmp_path / f"x{suffix}", ROWS), "-o", "y.csv")
    assert done.out.startswith("3 rows: labels in y.csv (")
    assert done.err == ""
    assert (tmp_path / "y.csv").read_bytes() == b"label\ndifferent\nsame\ndifferent\n"


def test_labels_as_npy(gategrad, xor_model, tmp_path):
    write(tmp_path / "x.npy", ROWS.astype(bool))
    done = gategrad("predict", xor_model, "x.npy", "--out", "y.npy", "--json")
    assert done.json.keys() == KEYS
    assert (done.json["n"], done.json["out"], done.json["resumed"]) == (3, "y.npy", 0)
    assert np.load("y.npy").tolist() == LABELS


def test_scores(gategrad, xor_model, tmp_path):
    write(tmp_path / "x.npy", ROWS)
    for out in ("y.npy", "y.csv"):
        gategrad("predict", xor_model, "x.npy", "-o", out, "--scores")
    expected = gg.load(xor_model).scores(ROWS)
    assert np.load("y.npy").dtype == np.float32
    assert np.array_equal(np.load("y.npy"), expected)
    header, *lines = (tmp_path / "y.csv").read_text().splitlines()
    assert header == "same,different"
    assert [list(map(float, line.split(","))) for line in lines] == expected.tolist()


def test_images_are_flattened(gategrad, pixel_model, tmp_path):
    write(tmp_path / "x.npy", np.array([[[200], [0]], [[100], [0]]], np.uint8))
    gategrad("predict", pixel_model, "x.npy", "-o", "y.npy")
    assert np.load("y.npy").tolist() == [1, 0]


def test_no_rows(gategrad, xor_model, tmp_path):
    write(tmp_path / "x.npy", np.empty((0, 3)))
    assert gategrad("predict", xor_model, "x.npy", "-o", "y.csv", "--json").json["n"] == 0
    assert (tmp_path / "y.csv").read_text() == "label\n"


def test_columns_are_taken_by_name(gategrad, trained, tmp_path):
    model, data, _ = trained
    header, *rows = [line.split(",") for line in data.read_text().splitlines()]
    turned = [",".join([*line[::-1], "more"]) for line in (header, *rows)]
    (tmp_path / "turned.csv").write_text("\n".join(turned) + "\n")
    gategrad("predict", model, data, "-o", "straight.npy")
    gategrad("predict", model, "turned.csv", "-o", "turned.npy")
    labels = np.load("straight.npy")
    assert np.array_equal(labels, np.load("turned.npy"))
    assert np.mean(labels == [row[-1] for row in rows]) > 0.75


def test_text_columns_stay_text_where_all_cells_are_numbers(gategrad, trained, tmp_path):
    header = "head,body,smile,jacket,tie\n"
    (tmp_path / "x.csv").write_text(header + "1,2,0,7,0.5\n")
    gategrad("predict", trained[0], "x.csv", "-o", "y.npy")
    (tmp_path / "text.csv").write_text(header + "1,2,0,plaid,0.5\n")
    gategrad("predict", trained[0], "text.csv", "-o", "text.npy")
    assert np.load("y.npy") == np.load("text.npy")


def test_nothing_is_written_on_an_error(gategrad, xor_model, tmp_path):
    (tmp_path / "y.csv").write_text("old")
    write(tmp_path / "x.npy", np.zeros((2, 4)))
    done = gategrad("predict", xor_model, "x.npy", "-o", "y.csv")
    done.fails_with("x.npy has 4 columns; the model takes 3 bits a row: pass the columns that")
    assert (tmp_path / "y.csv").read_text() == "old"


def test_messages(gategrad, xor_model, trained, tmp_path):
    write(tmp_path / "x.npy", ROWS)
    gategrad("predict", xor_model, "x.npy", "-o", "y.txt").fails_with(
        "y.txt ends in '.txt'; expected .npy, .csv, .parquet"
    )
    gategrad("predict", xor_model, "x.npy", "-o", "no/y.npy").fails_with("can't write no/y.npy: ")
    (tmp_path / "folder.npy").mkdir()
    gategrad("predict", xor_model, "x.npy", "-o", "folder.npy").fails_with("it is a folder")
    gategrad("predict", xor_model, "no.npy", "-o", "y.npy").fails_with("no.npy is not a file")
    gategrad("predict", xor_model, "x.txt", "-o", "y.npy").fails_with("expected .npy, .npz, .csv")
    (tmp_path / "cut.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-9])
    gategrad("predict", xor_model, "cut.npy", "-o", "y.npy").fails_with("is no complete .npy file")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    gategrad("predict", xor_model, "objects.npy", "-o", "y.npy").fails_with("of plain numbers")
    np.savez(tmp_path / "archive.npz", x=ROWS)
    (tmp_path / "archive.npz").rename(tmp_path / "archive.npy")
    gategrad("predict", xor_model, "archive.npy", "-o", "y.npy").fails_with("rename it to .npz")
    np.save(tmp_path / "nan.npy", np.full((1, 3), np.nan))
    gategrad("predict", xor_model, "nan.npy", "-o", "y.npy").fails_with(
        "error: nan.npy, row 0 (counted from 0), column 0 is nan; expected bits, 0 or 1: fill in"
    )
    (tmp_path / "few.csv").write_text("head,body\n1,2\n")
    gategrad("predict", trained[0], "few.csv", "-o", "y.npy").fails_with("has no column 'smile'")
    assert not (tmp_path / "y.npy").exists()


def test_standard_output(gategrad, xor_model, tmp_path):
    rows = write(tmp_path / "x.npy", ROWS)
    done = gategrad("predict", xor_model, rows, "-o", "-")
    assert (done.code, done.out) == (0, "label\ndifferent\nsame\ndifferent\n")
    assert "3 rows: labels on standard output (" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "xor.gg"]
    gategrad("predict", xor_model, rows, "-o", "-", "--json").fails_with(
        "-o - writes the rows to standard output; leave out --json"
    )
    gategrad("predict", xor_model, rows, "-o", "-", "--resume").fails_with("can't be continued")


def test_filters_name_a_bad_cell_and_take_pieces_of_rows(gategrad, tmp_path):
    from gategrad.files.wanted import Wanted
    from tests.model.examples import IMAGES, filters_model

    model = filters_model()
    model.save(tmp_path / "m.gg")
    assert Wanted.by(model).only_numbers
    lines = [",".join(f"p{i}" for i in range(60)), *(",".join(map(str, row)) for row in IMAGES)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    done = gategrad("predict", tmp_path / "m.gg", tmp_path / "rows.csv", "-o", tmp_path / "out.csv")
    assert done.code == 0, done.err
    said = [int(line.split(",")[-1]) for line in (tmp_path / "out.csv").read_text().split()[1:]]
    assert said == model.predict(IMAGES).tolist()
    lines[4] = lines[4].replace(lines[4].split(",")[7], "oops", 1)
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    bad = gategrad("predict", tmp_path / "m.gg", tmp_path / "rows.csv", "-o", tmp_path / "out.csv")
    bad.fails_with("'oops'")
