"""Tables in memory are predicted as files are; what is wrong is named."""

from pathlib import Path

import numpy as np
import pytest

import gategrad as gg
from gategrad.data import DataError
from gategrad.files import FileError, TablePredictor
from tests.files.examples import NAMES, byte_model, byte_rows, table_model, table_rows, write

pa = pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
from pyarrow import parquet  # noqa: E402


@pytest.fixture
def table(tmp_path: Path) -> "pa.Table":
    """Rows for `table_model` in several chunks, with a column beside."""
    path = write(tmp_path / "rows.parquet", table_rows(), names=NAMES)
    rows = parquet.read_table(path)
    return pa.concat_tables([rows.slice(0, 1000), rows.slice(1000)]).append_column(
        "id", pa.array(range(len(rows)))
    )


@pytest.mark.parametrize("how", ["labels", "scores", "probabilities"])
def test_a_table_is_predicted_as_its_file(how: str, table, tmp_path: Path) -> None:
    options = {} if how == "labels" else {how: True}
    model = table_model()
    out = TablePredictor(model, keep=["id"], **options)(table)
    gg.files.predict(model, tmp_path / "rows.parquet", tmp_path / "out.parquet", **options)
    expected = parquet.read_table(tmp_path / "out.parquet")
    assert out.column_names == ["id", *expected.column_names]
    assert out.drop_columns("id").equals(expected)
    assert out["id"].to_pylist() == list(range(len(table)))


def test_labels_of_text_and_columns_without_names() -> None:
    model, x = byte_model(), byte_rows()
    table = pa.table({f"c{i}": column for i, column in enumerate(x.T)})
    out = TablePredictor(model)(table)
    assert out.column_names == [*table.column_names, "label"]
    assert np.array_equal(out["label"].to_numpy(), model.predict(x))


def test_a_table_without_rows_has_the_columns_of_one_with(table) -> None:
    predict = TablePredictor(byte_model())
    full = pa.table({f"c{i}": column for i, column in enumerate(byte_rows(5).T)})
    assert predict(full.slice(0, 0)).schema == predict(full).schema
    assert len(TablePredictor(table_model())(table.slice(0, 0))) == 0


def test_messages(table) -> None:
    predict = TablePredictor(table_model())
    with pytest.raises(FileError, match="the table has no column 'zip'; its columns are: age"):
        predict(table.drop_columns("zip"))
    with pytest.raises(FileError, match="the table has no column 'name' to keep; its columns ar"):
        TablePredictor(table_model(), keep=["name"])(table)
    with pytest.raises(FileError, match="the table has a column 'label' already, as the values"):
        predict(table.append_column("label", table["id"]))
    with pytest.raises(DataError, match="column 'colour' is double, but the model's categ"):
        predict(table.set_column(1, "colour", pa.array([1.5] * len(table))))
    ages = pa.array([1.0] * 1500 + [None] + [1.0] * 1499)
    with pytest.raises(FileError, match=r"the table, row 1500 \(counted from 0\), column 0 \(age"):
        TablePredictor(table_model(missing="error"))(table.set_column(0, "age", ages))
    with pytest.raises(FileError, match=r"the table, row .*'blue', which the mod"):
        TablePredictor(table_model(), unknown="error")(table)
    with pytest.raises(FileError, match=r"keep is 'id'; expected several names of columns: \['id"):
        TablePredictor(table_model(), keep="id")
    with pytest.raises(FileError, match="scores and probabilities are two files"):
        TablePredictor(table_model(), scores=True, probabilities=True)
