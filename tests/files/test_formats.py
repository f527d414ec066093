"""Every kind of file gives what `Model.predict` gives for all rows at once."""

import csv

import numpy as np
import pytest

from gategrad import files
from tests.files.examples import (
    KINDS,
    NAMES,
    byte_model,
    byte_rows,
    table_model,
    table_rows,
    write,
)

MODEL = byte_model()


def needs_pyarrow(kind):
    if kind in ("parquet", "arrow", "feather"):
        pytest.importorskip("pyarrow", reason="needs gategrad[tables]")


@pytest.mark.parametrize("n", [0, 1, 513, 3000])
@pytest.mark.parametrize("kind", KINDS)
def test_bytes(tmp_path, kind, n):
    needs_pyarrow(kind)
    x = byte_rows(n)
    done = files.predict(MODEL, write(tmp_path / f"x.{kind}", x), tmp_path / "y.npy")
    y = np.load(tmp_path / "y.npy")
    assert (done.n, done.resumed) == (n, 0)
    assert y.dtype == np.array(MODEL.labels).dtype
    assert np.array_equal(y, MODEL.predict(x))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"x.{kind}", "y.npy"]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow", "feather"])
def test_tables_by_name(tmp_path, kind, threads):
    needs_pyarrow(kind)
    model, x = table_model(), table_rows()
    mixed = np.concatenate([x[:, 1:2], x[:, 2:3], x[:, 2:3], x[:, 0:1]], axis=1)
    path = write(tmp_path / f"x.{kind}", mixed, names=["colour", "more", "zip", "age"])
    files.predict(model, path, tmp_path / "y.npy", threads=threads)
    assert np.array_equal(np.load(tmp_path / "y.npy"), model.predict(x))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_numbers_that_are_categories_of_text(tmp_path, kind):
    needs_pyarrow(kind)
    model, x = table_model(named=False), table_rows(300)
    numbers = x.copy()
    numbers[:, 2] = numbers[:, 2].astype(int)
    files.predict(model, write(tmp_path / f"x.{kind}", numbers), tmp_path / "y.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), model.predict(x))


def test_gaps_of_parquet_are_missing_values(tmp_path):
    pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    x = table_rows(300)
    x[::7, 0] = x[::5, 1] = None
    write(tmp_path / "x.parquet", x, names=NAMES)
    files.predict(table_model(), tmp_path / "x.parquet", tmp_path / "y.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), table_model().predict(x))
    with pytest.raises(files.FileError, match=r"x.parquet, row 0 \(counted from 0\), column 0"):
        files.predict(table_model(missing="error"), tmp_path / "x.parquet", tmp_path / "z.npy")


def test_encoded_columns_and_bools_of_arrow(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    from pyarrow import parquet

    x = table_rows(300)
    colour = pa.array(list(x[:, 1])).dictionary_encode()
    columns = {"zip": pa.array([int(v) for v in x[:, 2]]), "a.b": colour, "colour": colour}
    columns["age"] = pa.array(list(x[:, 0]), pa.float32())
    parquet.write_table(pa.table(columns), tmp_path / "x.parquet")
    files.predict(table_model(), tmp_path / "x.parquet", tmp_path / "y.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), table_model().predict(x))
    bits = byte_rows(300) > 127
    parquet.write_table(pa.table({f"c.{i}": pa.array(c) for i, c in enumerate(bits.T)}),
                        tmp_path / "bits.parquet")  # fmt: skip
    files.predict(MODEL, tmp_path / "bits.parquet", tmp_path / "z.npy")
    assert np.array_equal(np.load(tmp_path / "z.npy"), MODEL.predict(bits))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["bool", "u1", "<f4", ">f8", "f2", "i8"])
@pytest.mark.parametrize("shape", [(12,), (2, 3, 2), (1, 12, 1)])
def test_npy_of_any_order_dtype_and_shape(tmp_path, order, dtype, shape):
    x = byte_rows(1100).reshape(-1, *shape).astype(dtype)
    np.save(tmp_path / "x.npy", np.asarray(x, order=order))
    files.predict(MODEL, tmp_path / "x.npy", tmp_path / "y.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), MODEL.predict(x.reshape(len(x), -1)))


@pytest.mark.filterwarnings("ignore:Stored array in format")
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_of_any_version(tmp_path, version):
    x = byte_rows(1100)
    with (tmp_path / "x.npy").open("wb") as stream:
        np.lib.format.write_array(stream, x, version=version)
    files.predict(MODEL, tmp_path / "x.npy", tmp_path / "y.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), MODEL.predict(x))


def test_several_inputs_in_order(tmp_path):
    parts = np.split(byte_rows(2000), [700, 701, 1300])
    kinds = ("npy", "csv", "npz", "npy")
    paths = [
        write(tmp_path / f"{9 - i}.{kind}", part)
        for i, (kind, part) in enumerate(zip(kinds, parts, strict=True))
    ]
    seen = []
    done = files.predict(MODEL, paths, tmp_path / "y.npy", threads=3, progress=seen.append)
    assert done.n == 2000
    assert np.array_equal(np.load(tmp_path / "y.npy"), MODEL.predict(byte_rows(2000)))
    positions = [at.position for at in seen]
    assert positions == sorted(positions)
    assert positions[-1] == seen[-1].size == sum(path.stat().st_size for path in paths)
    assert len(seen) > 6


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("labels", [("low", "high", "ött,er"), (3, 5, 7), None])
def test_outputs(tmp_path, labels, scores):
    model, x = byte_model(labels=labels), byte_rows(1500)
    write(tmp_path / "x.npy", x)
    expected = model.scores(x) if scores else model.predict(x)
    for kind in ("npy", "csv"):
        files.predict(model, tmp_path / "x.npy", tmp_path / f"y.{kind}", scores=scores)
    found = np.load(tmp_path / "y.npy")
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)
    with (tmp_path / "y.csv").open(newline="") as stream:
        header, *lines = csv.reader(stream)
    assert header == (list(map(str, labels or range(3))) if scores else ["label"])
    if scores:
        assert lines == [[str(score) for score in row] for row in expected]
    cells = np.array(lines).astype(expected.dtype)
    assert np.array_equal(cells if scores else cells[:, 0], expected)


@pytest.mark.parametrize("n", [0, 1500])
@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("labels", [("low", "high", "other"), (3, 5, 7)])
def test_parquet_as_output(tmp_path, labels, scores, n):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs gategrad[tables]")
    model, x = byte_model(labels=labels), byte_rows(n)
    files.predict(model, write(tmp_path / "x.npy", x), tmp_path / "y.parquet", scores=scores)
    table = parquet.read_table(tmp_path / "y.parquet")
    assert table.column_names == ([str(label) for label in labels] if scores else ["label"])
    expected = model.scores(x) if scores else model.predict(x)
    found = np.array([column.to_pylist() for column in table.columns]).T
    assert np.array_equal(found, expected.reshape(n, len(table.columns)))
    assert str(table.schema[0].type) == ("float" if scores else
                                         "string" if labels[0] == "low" else "int64")  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "y.parquet"]


def test_rows_for_a_loop_of_ones_own(tmp_path):
    model, x = table_model(), table_rows(2000)
    paths = [write(tmp_path / "a.csv", x[:1500], names=NAMES),
             write(tmp_path / "b.csv", x[1500:], names=NAMES)]  # fmt: skip
    batches = list(files.rows(model, paths))
    assert len(batches) > 10
    assert np.array_equal(np.concatenate(batches), x)
    labels = list(model.predict_batches(files.rows(model, paths)))
    assert np.array_equal(np.concatenate(labels), model.predict(x))
    write(tmp_path / "x.npy", byte_rows())
    assert np.array_equal(np.concatenate(list(files.rows(MODEL, tmp_path / "x.npy"))), byte_rows())


@pytest.mark.parametrize("scores", [False, True])
def test_standard_output(tmp_path, capsysbinary, scores):
    x = write(tmp_path / "x.npy", byte_rows(1500))
    seen = []
    done = files.predict(MODEL, x, "-", scores=scores, threads=3, progress=seen.append)
    files.predict(MODEL, x, tmp_path / "y.csv", scores=scores)
    assert (done.n, done.resumed, seen[-1].rows) == (1500, 0, 1500)
    assert capsysbinary.readouterr().out == (tmp_path / "y.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "y.csv"]
    with pytest.raises(files.FileError, match="standard output can't be continued; leave resume"):
        files.predict(MODEL, x, "-", resume=True)


def test_standard_output_that_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(files.FileError, match="standard output is closed; name a file"):
        files.predict(MODEL, write(tmp_path / "x.npy", byte_rows(5)), "-")
