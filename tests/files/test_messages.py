"""Errors name the file, the row in it, and what to do."""

import csv
import sys

import numpy as np
import pytest

from gategrad import data, files
from tests.files.examples import NAMES, byte_model, byte_rows, table_model, table_rows, write

MODEL = byte_model()


def fails(inputs, message, *, model=MODEL, out="y.npy", error=files.FileError):
    with pytest.raises(error) as raised:
        files.predict(model, inputs, out, threads=3)
    assert message in str(raised.value)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("row", [0, 1, 800, 1999])
def test_nan_in_npy(tmp_path, row, order):
    x = np.asarray(byte_rows(2000).astype(np.float32), order=order)
    write(tmp_path / "good.npy", x)
    x[row, 5] = x[1999, 2] = np.nan
    write(tmp_path / "bad.npy", x)
    column = 5 if row < 1999 else 2
    fails(
        ["good.npy", "bad.npy"],
        f"bad.npy, row {row} (counted from 0), column {column} is nan; expected a number: fill in",
    )
    assert not list(tmp_path.glob("*y.npy*"))


def test_inexact_integers(tmp_path):
    x = byte_rows(2000).astype(np.int64)
    x[1500, 3] = 2**60
    write(tmp_path / "x.npy", x)
    fails("x.npy", f"x.npy, row 1500 (counted from 0), column 3 is {2**60}; expected at most 2**53")
    pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    write(tmp_path / "x.parquet", x)
    fails("x.parquet", "x.parquet, row 1500 (counted from 0): column 'c3' is 1152921504606846976")


def test_cells_of_a_table(tmp_path):
    x = table_rows(1500)
    x[1234, 0] = "old"
    write(tmp_path / "x.csv", x, names=NAMES)
    model = table_model()
    fails("x.csv", "x.csv, row 1235 (line 1236): column 'age' holds 'old', but numbers",
          model=model, error=data.DataError)  # fmt: skip
    x = table_rows(1500)
    x[1234, 0] = " "
    x[:, 0] = [str(cell) for cell in x[:, 0]]
    pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    write(tmp_path / "x.parquet", x, names=NAMES)
    fails("x.parquet", "x.parquet, row 1234 (counted from 0), column 0 (age) has no value: fill",
          model=table_model(missing="error"))  # fmt: skip
    x[1234, 0] = "old"
    write(tmp_path / "x.parquet", x, names=NAMES)
    fails("x.parquet", "row 1234 (counted from 0), column 0 (age): 'old' is text", model=model)


def test_a_ragged_line(tmp_path):
    path = write(tmp_path / "x.csv", byte_rows(1000))
    path.write_text(path.read_text() + "1,2,3\n")
    fails("x.csv", "x.csv, row 1001 (line 1002) has 3 cells, but", error=data.DataError)


def test_values_that_are_no_bits(tmp_path):
    import gategrad as gg

    model = gg.Model(gg.Circuit(2, [[2, 3]], [6], [4]), gg.Readout.identity(1))
    x = byte_rows(3000, 2) & 1
    x[2500, 1] = 7
    write(tmp_path / "x.csv", x)
    fails("x.csv", "x.csv, row 2501 (line 2502), column 1 is 7.0; expected bits, 0 or 1: threshold",
          model=model)  # fmt: skip
    fails(
        write(tmp_path / "wide.npy", byte_rows(5, 3)), "the model takes 2 bits a row", model=model
    )


def test_files_that_are_not_what_they_should_be(tmp_path):
    write(tmp_path / "x.npy", byte_rows(10))
    fails("x.npy", "y.txt ends in '.txt'; expected .npy, .csv, .parquet", out="y.txt")
    fails("x.npy", "x.npy is an input too; name another file", out="./x.npy")
    fails(["x.npy", "x.txt"], "x.txt ends in '.txt'; expected .npy, .npz, .csv, .parquet, .arrow,")
    fails(["x.npy", "-", "-"], "- stands for standard input, which can be read once")
    fails(["x.npy", "no.csv"], "no.csv is not a file; check the name")
    np.save("flat.npy", np.zeros(12))
    fails("flat.npy", "flat.npy has shape (12,); expected (rows, 12): save a single row as")
    (tmp_path / "text.csv").write_text(",".join(map(str, "abcdefghijkl")) + "\n" + "1," * 11 + "x")
    fails("text.csv", "text.csv, row 1 (line 2): column 'l' holds 'x'; the model takes numbers")
    np.save("text.npy", np.full((3, 12), "a"))
    fails("text.npy", "text.npy: x has dtype <U1; expected bool, uint8, float32 or float64")
    fails(
        write(tmp_path / "wide.csv", byte_rows(9, 13)), "wide.csv has 13 columns; the model takes"
    )
    fails(
        write(tmp_path / "wide.npz", byte_rows(9, 13)), "wide.npz has 13 columns; the model takes"
    )
    assert not list(tmp_path.glob("*y.npy*"))


@pytest.mark.parametrize("kind", ["parquet", "arrow", "feather"])
def test_damaged_arrow_files(tmp_path, kind):
    pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    path = write(tmp_path / f"x.{kind}", byte_rows(3000))
    whole = path.read_bytes()
    form = "parquet" if kind == "parquet" else "Arrow IPC"
    for content in (whole[:-100], b"", b"PAR1PAR1PAR1", whole[: len(whole) // 2]):
        path.write_bytes(content)
        fails(f"x.{kind}", f"x.{kind} is no complete {form} file: ")


def test_columns_of_arrow_files(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    from pyarrow import parquet

    def save(**columns):
        base = {"age": [1.0], "colour": ["red"], "zip": ["10"]} | columns
        parquet.write_table(pa.table({k: v for k, v in base.items() if v}), "x.parquet")

    model = table_model()
    save(zip=None)
    fails("x.parquet", "x.parquet has no column 'zip'; its columns are: age, colour", model=model)
    save(zip=[1.5])
    fails("x.parquet", "column 'zip' is double, but the model's categories there are text; save",
          model=model)  # fmt: skip
    save(age=[[1.0]])
    fails("x.parquet", "column 'age' is list<", model=model)
    write(tmp_path / "text.parquet", byte_rows(9).astype(str))
    fails("text.parquet", "text.parquet: column 'c0' is string; expected numbers: cast it")
    write(tmp_path / "y.parquet", byte_rows(9, 13))
    fails("y.parquet", "y.parquet has 13 columns; the model takes 12 features a row")


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.feather"])
def test_without_pyarrow(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / name).touch()
    fails(name, f".{name.partition('.')[2]} ({name}) needs pyarrow, which can't be imported here")
    fails(name, "pip install gategrad[tables]")
    write(tmp_path / "x.npy", byte_rows(9))
    fails("x.npy", "a .parquet file as output needs pyarrow", out="y.parquet")


@pytest.mark.parametrize("shape", [(-1, 12), (-2, -4), (2**62, 12), (2**70, 2), (10**6, 12)])
def test_npy_files_of_impossible_shapes(tmp_path, shape):
    with (tmp_path / "x.npy").open("wb") as stream:
        fields = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, fields)
        stream.write(bytes(24))
    fails("x.npy", "x.npy is no complete .npy file of plain numbers (")
    (tmp_path / "x.npy").write_bytes(b"PK\x03\x04 not a zip")
    fails("x.npy", "x.npy is an archive of arrays; rename it to .npz")


def test_labels_with_carriage_returns_come_back(tmp_path):
    labels = ("a\rb", "a\nb", 'a"b')
    model = byte_model(labels=labels)
    x = write(tmp_path / "x.npy", byte_rows(50))
    files.predict(model, x, "y.csv")
    files.predict(model, x, "s.csv", scores=True)
    with open("y.csv", newline="") as stream:
        (_, *found) = csv.reader(stream, strict=True)
    assert [row[0] for row in found] == model.predict(byte_rows(50)).tolist()
    with open("s.csv", newline="") as stream:
        assert next(csv.reader(stream, strict=True)) == list(labels)


@pytest.mark.parametrize("label", ["end\0", "\0", "\udc80"])
def test_labels_that_no_file_can_hold(label):
    with pytest.raises(ValueError, match="holds what no text file can; use other text"):
        byte_model(labels=("a", "b", label))
