"""A `.csv` part by part: what `load_rows` makes of the whole, or an error."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gategrad.data import DataError, csv_lines
from gategrad.data.csv_columns import Sheet, features, parts
from gategrad.data.csv_stream import part_features

CELLS = st.sampled_from(["1", "-2.5", "1e3", "1_0", "", "?", "NA", "nan", "inf", "red", "0x1"])


def whole(sheet, categories=()):
    return features(sheet, sheet.header, categories)


def by_parts(sheet, size, categories=()):
    kinds, xs = {}, []
    for i in range(0, len(sheet.rows), size):
        part = Sheet(sheet.path, sheet.header, sheet.rows[i : i + size],
                     sheet.lines[i : i + size], i)  # fmt: skip
        xs.append(part_features(part, sheet.header, categories, kinds))
    return np.concatenate(xs)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8), st.integers(1, 8))
def test_never_another_result_than_the_whole(rows, size):
    sheet = Sheet(Path("x.csv"), ("a", "b"), rows, [*range(2, len(rows) + 2)])
    try:
        found = by_parts(sheet, size, ["b"])
    except DataError:
        # Only a column of one kind of cells is beyond doubt.
        assert len({row[0] for row in rows}) > 1 or rows[0][0] == "inf"
        return
    expected = whole(sheet, ["b"])
    assert [list(map(str, row)) for row in found] == [list(map(str, row)) for row in expected]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "2", "3", "", "5"], "x.csv, row 4 (line 5): column 'a' holds '', but numbers"),
        (["1", "2", "3", "red"], "x.csv, row 4 (line 5): column 'a' holds 'red', but numbers"),
        (["?", "", "3"], "x.csv, row 1 (line 2): column 'a' holds '?', but numbers"),
        (["1", "2", "3", "inf"], "x.csv, row 4 (line 5): column 'a' holds 'inf', but numbers"),
    ],
)
def test_contradictions(cells, message):
    sheet = Sheet(Path("x.csv"), ("a",), [[cell] for cell in cells], [*range(2, len(cells) + 2)])
    with pytest.raises(DataError) as raised:
        by_parts(sheet, 2)
    assert message in str(raised.value)


@pytest.mark.parametrize("start", [0, 1, 4, 5])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 100])
def test_parts_count_rows_and_lines(start, n_rows):
    text = 'a;b\n1;"2\n2"\n\n3;4\n5;6\n7;8\n9;10\n'
    found = list(parts(io.StringIO(text, newline=""), Path("x.csv"), start=start, n_rows=n_rows))
    rows = [row for sheet in found for row in sheet.rows]
    assert rows == [["1", "2\n2"], ["3", "4"], ["5", "6"], ["7", "8"], ["9", "10"]][start:]
    assert [line for sheet in found for line in sheet.lines] == [3, 5, 6, 7, 8][start:]
    assert all(len(sheet.rows) <= n_rows for sheet in found)
    if start < 5:
        assert found[0].where(0).startswith(f"x.csv, row {start + 1} (line ")


def test_ragged_rows_are_counted_over_the_parts():
    stream = io.StringIO("a,b\n1,2\n3,4\n5,6\n7\n", newline="")
    with pytest.raises(DataError, match=r"x.csv, row 4 \(line 5\) has 1 cells"):
        list(parts(stream, Path("x.csv"), n_rows=2))


@pytest.fixture(params=["numpy", "pyarrow"])
def _reader(request, monkeypatch):
    """Who reads numbers of plain lines."""
    if request.param == "pyarrow":
        pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
        monkeypatch.setattr(csv_lines, "_MANY_CELLS", 0)
        monkeypatch.setattr(csv_lines, "_FEW_ROWS", 0)
        monkeypatch.setattr(csv_lines, "_LONG_CELL", 0)
    else:
        monkeypatch.setattr(csv_lines, "_pyarrow", lambda: None)


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["+1", " 7 ", "1.", ".5", "-0", "1E5", "1_0", "0x1", "1e999", "٣", "", "nan"]),
)


@pytest.mark.usefixtures("_reader")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_numbers_of_lines_are_those_of_cells(rows, separator, end):
    text = end.join(separator.join(row) for row in [("a", "b"), *rows]) + end
    (sheet,) = parts(io.StringIO(text, newline=""), Path("x.csv"))
    assert isinstance(sheet.rows, csv_lines.Lines)
    found = sheet.rows.numbers([1, 0])
    cells = [[_finite(row[place]) for place in (1, 0)] for row in rows]
    if found is None:
        # Never for what any reader takes.
        assert not all(map(_plain, rows)) or any(None in row for row in cells)
        return
    assert found.tolist() == cells
    assert np.signbit(found).tolist() == np.signbit(cells).tolist()


def _finite(text):
    try:
        return value if np.isfinite(value := float(text)) else None
    except ValueError:
        return None


def _plain(row):
    return all(not set(text) - set("0123456789.-e") and len(text) < 17 for text in row)


@pytest.mark.usefixtures("_reader")
def test_a_quote_ends_the_plain_lines():
    text = 'a,b\n1,2\n\n3,4\n5,"6"\n7,"8\n"\n9,10\n'
    for n_rows in (1, 2, 3, None):
        stream = io.StringIO(text, newline="")
        found = list(parts(stream, Path("x.csv"), n_rows=n_rows))
        rows = [row for sheet in found for row in sheet.rows]
        assert rows == [["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"], ["9", "10"]]
        assert [line for sheet in found for line in sheet.lines] == [2, 4, 5, 7, 8]
        kinds = {}
        x = np.concatenate([part_features(sheet, ("b", "a"), (), kinds) for sheet in found])
        assert x.tolist() == [[2, 1], [4, 3], [6, 5], [8, 7], [10, 9]]


@pytest.mark.usefixtures("_reader")
def test_columns_of_text_and_gaps_are_left_to_the_cells():
    text = "a,b,c\n1,red,2\n3,green,4\n"
    (sheet,) = parts(io.StringIO(text, newline=""), Path("x.csv"))
    assert sheet.rows.numbers([0, 1]) is None
    assert sheet.rows.numbers([2, 0]).tolist() == [[2, 1], [4, 3]]
    assert whole(sheet).tolist() == [[1, "red", 2], [3, "green", 4]]
    gap = io.StringIO("a,b\n1,2\n,3\n", newline="")
    with pytest.raises(DataError, match=r"row 2 \(line 3\): column 'a' holds ''"):
        whole(next(parts(gap, Path("x.csv"))))


@pytest.mark.usefixtures("_reader")
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("\n\na,b\n1,2\n", [[1, 2]]),
        ('\n"a","b"\n1,2\n', [[1, 2]]),
        ("a,b\r1,2\r3,4\r", [[1, 2], [3, 4]]),
        ("a,b\n1,2", [[1, 2]]),
        ("a,b\n\ufeff1,2\n", [["\ufeff1", 2]]),
    ],
)
def test_unusual_files(text, rows):
    (sheet,) = parts(io.StringIO(text, newline=""), Path("x.csv"))
    assert sheet.header == ("a", "b")
    assert whole(sheet).tolist() == rows


@pytest.mark.parametrize("text", ["a,b\n{},2\n", "a,{}\n1,2\n", 'a,b\n1,2\n"{}",2\n'])
def test_cells_that_are_too_long(text):
    stream = io.StringIO(text.format("x" * 140_000), newline="")
    with pytest.raises(DataError, match=r"^x.csv is not a .csv file, line \d: field larger"):
        whole(next(parts(stream, Path("x.csv"))))
