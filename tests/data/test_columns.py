"""What each column of a table is taken for."""

import gzip
import io

import numpy as np
import pytest

from gategrad.data import DataError, load_file, load_rows
from gategrad.data.cells import days, is_dressed


def table(tmp_path, columns, *, separator=",", name="x.csv"):
    """A file with these columns, and a target y of two classes."""
    n = len(next(iter(columns.values())))
    names = [*columns, "y"]
    rows = [*zip(*columns.values(), ["p", "q"] * (n // 2) + ["p"] * (n % 2), strict=True)]
    lines = [separator.join(map(str, row)) for row in [names, *rows]]
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


def said(own):
    return {column.name: column.said for column in own.taken}


def refused(path, *parts, **options):
    with pytest.raises(DataError) as raised:
        load_file(path, target="y", **options)
    for part in parts:
        assert part in str(raised.value)


N = 60


def test_it_is_said_what_each_column_was_taken_for(tmp_path):
    path = table(
        tmp_path,
        {
            "age": [i % 7 + 17 for i in range(N)],
            "colour": [("red", "green", "blue")[i % 3] for i in range(N)],
            "zip": [10 * (i % 2) for i in range(N)],
            "since": [f"2024-01-{i % 28 + 1:02}" for i in range(N)],
            "id": [*range(100, 100 + N)],
        },
    )
    own = load_file(path, target="y", categories=["zip"])
    assert said(own) == {
        "age": "numbers, 17 to 23",
        "colour": "3 categories: 'blue', 'green', 'red'",
        "zip": "2 categories: '0', '10'",
        "since": "dates as numbers of days, 2024-01-01 to 2024-01-28",
        "id": "numbers, 100 to 159, which count the rows: --ignore leaves them out",
    }
    assert own.dates == ("since",)
    assert own.x_train[0].tolist() == [17, "red", "0", 19723, 100]
    assert load_file(path, target="y", ignore=["id", "zip"]).columns == ("age", "colour", "since")


@pytest.mark.parametrize("text", ["n.a.", "-", "unknown", "$5.00"])
def test_one_stray_cell_is_no_column_of_categories(tmp_path, text):
    cells = [str(i / 4) for i in range(N)]
    cells[50] = text
    path = table(tmp_path, {"a": cells})
    refused(
        path,
        "x.csv, row 51 (line 52): 59 of 60 cells of column 'a' are numbers, but this one is "
        f"{text!r}; correct it or drop the row",
        "make categories of the column by --category a, or leave it out by --ignore a",
    )
    assert load_file(path, target="y", categories=["a"]).x_train.dtype == object


@pytest.mark.parametrize("text", ["$5.00", '"1,234"', "5 %", "1.234.567", "€ 3", "12'345"])
def test_numbers_in_another_notation(tmp_path, text):
    path = table(tmp_path, {"a": [text] * N, "b": [1] * N})
    refused(path, f"column 'a' holds {text.strip(chr(34))!r}, a number in another notation")
    assert is_dressed(text.strip('"'))


def test_words_are_not_taken_for_numbers():
    assert not any(map(is_dressed, ["A1", "1-2", "one", "", "-", "10.0.0.1", "3/4", "12:30"]))


def test_text_that_is_another_in_each_row(tmp_path):
    path = table(tmp_path, {"name": [f"person {i}" for i in range(N)], "b": [1, 2] * (N // 2)})
    refused(
        path,
        "column 'name' is text with 60 values in 60 rows ('person 0', 'person 1', ...)",
        "leave it out by --ignore name, or insist on categories by --category name",
    )
    assert load_file(path, target="y", categories=["name"]).columns == ("name", "b")
    few = table(tmp_path, {"name": [f"person {i}" for i in range(12)]})
    assert load_file(few, target="y").columns == ("name",)


def test_decimal_commas_where_semicolons_separate(tmp_path):
    commas = [f"{i},5" for i in range(N)]
    points = [f"{i}.25" for i in range(N)]
    path = table(tmp_path, {"a": commas, "b": points, "c": range(N)}, separator=";")
    own = load_file(path, target="y")
    assert own.x_train.dtype == np.float64
    assert own.x_train[3].tolist() == [3.5, 3.25, 3]
    words = table(tmp_path, {"a": commas, "w": ["u", "v"] * (N // 2)}, separator=";")
    assert load_file(words, target="y").x_train[3].tolist() == [3.5, "v"]
    both = table(tmp_path, {"a": [*commas[:-1], "1.5"]}, separator=";")
    refused(both, "column 'a' holds", "decimal commas and points; say by --decimal")
    refused(both, "59 of 60 cells of column 'a' are numbers, but this one is '1.5'", decimal=",")
    thousands = table(tmp_path, {"a": ["1.234,5", "1.000,5"] * (N // 2)}, separator=";")
    refused(thousands, "column 'a' holds '1.234,5', a number in another notation")


def test_points_for_thousands_beside_decimal_commas(tmp_path):
    columns = {"a": ["1.234", "12"] * (N // 2), "b": ["1,5"] * N}
    path = table(tmp_path, columns, separator=";")
    refused(path, "column 'a' holds '1.234' in a file with decimal commas; is the point for thou")
    refused(path, "column 'a'", decimal=",")
    alone = table(tmp_path, {"a": ["1.234", "12"] * (N // 2)}, separator=";")
    assert load_file(alone, target="y").x_train[0].tolist() == [1.234]


def test_decimal_commas_elsewhere_are_asked_for(tmp_path):
    quoted = table(tmp_path, {"a": [f'"{i},5"' for i in range(N)]})
    refused(quoted, "a number in another notation; for decimal commas add --decimal ,")
    assert load_file(quoted, target="y", decimal=",").x_train[2].tolist() == [2.5]
    tabs = table(tmp_path, {"a": [f"{i},5" for i in range(N)]}, separator="\t", name="x.tsv")
    assert load_file(tabs, target="y", decimal=",").x_train[2].tolist() == [2.5]
    refused(quoted, "decimal is ';'; known: . and ,", decimal=";")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1970-01-01", 0),
        ("1970/1/2", 1),
        ("03.01.1970", 2),
        ("2024-02-29 06:00", 19782.25),
        ("2024-02-29T06:00:00.0Z", 19782.25),
        ("2024-02-29T06:00:00+06:00", 19782.0),
        ("2023-02-29", None),
        ("1970-01-01 25:00", None),
        ("1/2/1970", None),
        ("19700101", None),
    ],
)
def test_dates(text, number):
    assert days(text) == number


def test_a_date_that_is_none(tmp_path):
    cells = [f"2024-01-{i % 28 + 1:02}" for i in range(N)]
    cells[7] = "soon"
    path = table(tmp_path, {"since": cells})
    refused(path, "row 8 (line 9): column 'since' holds 'soon', but dates elsewhere; expected such")


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
@pytest.mark.parametrize("first", [0, 1])
def test_an_index_is_left_out_and_told(tmp_path, name, first):
    path = table(tmp_path, {name: [*range(first, first + N)], "a": [1, 2, 3] * (N // 3)})
    own = load_file(path, target="y")
    assert (own.columns, own.x_train.shape) == (("a",), (N, 1))
    assert own.notes == (
        f"{path}: column {name!r} counts the rows, as the index of a DataFrame does; it is left "
        "out",
    )


def test_a_column_without_a_name_that_is_no_index(tmp_path):
    path = table(tmp_path, {"": [5, 7] * (N // 2), "a": [1, 2] * (N // 2)})
    refused(path, "a column named ''; give each column a name of its own. It is usually an index")
    (tmp_path / "x.csv").write_text("a,y,,\n1,p,,\n2,q,,\n")
    refused(path, "two columns named '' (usually an index that a DataFrame wrote", "ends of lines)")


@pytest.mark.parametrize(
    "text",
    [
        "5.1,3.5,1.4,0.2,setosa\n4.9,3.0,1.4,0.2,setosa\n6.3,3.3,6.0,2.5,virginica\n",
        "39,State-gov,77516,Bachelors\n50,State-gov,83311,Masters\n",
        "red,small\ngreen,big\nred,big\ngreen,small\n",
        "-1,a\n-1,b\n",
    ],
)
def test_a_row_of_data_is_no_header(tmp_path, text):
    path = tmp_path / "x.csv"
    path.write_text(text)
    refused(path, "the first row of", "expected a header row with the columns' names: write one")
    with pytest.raises(DataError, match="the first row of"):
        load_rows(path)


@pytest.mark.parametrize(
    "text",
    [
        "country,1990,1991,y\nDE,1.5,2.5,p\nFR,2.5,3.5,q\n",
        "y,"
        + ",".join(f"{400 + i / 2}" for i in range(20))
        + "\np"
        + ",1" * 20
        + "\nq"
        + ",2" * 20,
        "a,y\nb,p\na,q\n",
    ],
)
def test_a_header_may_hold_numbers_and_words(tmp_path, text):
    (tmp_path / "x.csv").write_text(text)
    assert len(load_file(tmp_path / "x.csv", target="y").x_train) == 2


COLUMNS = {"a": [1, 2, 3, 4] * 5, "w": ["u", "v"] * 10}


@pytest.mark.parametrize("name", ["X.CSV", "x.tsv", "x.csv.gz", "x.TSV.GZ", "-"])
def test_text_of_every_name(tmp_path, monkeypatch, name):
    plain = table(tmp_path, COLUMNS, separator="\t" if "tsv" in name.lower() else ",", name="p.csv")
    path, content = tmp_path / name, plain.read_bytes()
    if name == "-":
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        path = name
    else:
        path.write_bytes(gzip.compress(content) if name.lower().endswith("gz") else content)
    own = load_file(path, target="y")
    assert own.x_train[1].tolist() == [2, "v"]
    assert (own.columns, own.classes) == (("a", "w"), ("p", "q"))


@pytest.mark.parametrize("kind", ["parquet", "arrow", "feather", "PARQUET"])
def test_tables_that_know_their_types(tmp_path, kind):
    pa = pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    import datetime

    from tests.files.examples import write

    rows = np.array([[i / 4, ("u", "v")[i % 2], i, i % 2 == 0] for i in range(40)], object)
    path = write(tmp_path / f"x.{kind.lower()}", rows, names=["a", "w", "n", "y"])
    path = path.rename(tmp_path / f"x.{kind}")
    own = load_file(path, target="y")
    assert own.x_train[3].tolist() == [0.75, "v", 3.0]
    assert (own.labels, own.y_train[:3].tolist()) == ((0, 1), [1, 0, 1])
    assert load_file(path, target="n", targets="numbers").y_train[:2].tolist() == [[0], [1]]
    if kind == "parquet":
        from pyarrow import parquet

        day = datetime.date(1970, 1, 3)
        moments = [datetime.datetime(1970, 1, 2, 12), datetime.datetime(1970, 1, 3)]
        columns = {"d": [day, day], "t": moments, "y": ["p", "q"], "f": [1.0, 2.0]}
        parquet.write_table(pa.table(columns), path)
        own = load_file(path, target="y")
        assert own.x_train.tolist() == [[2, 1.5, 1], [2, 2, 2]]
        assert own.dates == ("d", "t")
        empty = pa.array([None, None], pa.date32())
        parquet.write_table(pa.table({"d": empty, "f": [1.0, 2.0], "y": ["p", "q"]}), path)
        own = load_file(path, target="y", gaps=True)
        assert np.isnan(own.x_train[:, 0]).all()
        assert own.taken[0].said == "numbers, missing in 2 rows"
        parquet.write_table(pa.table({"f": [1.0, None], "y": ["p", "q"]}), path)
        refused(path, "x.parquet, row 1 (counted from 0): column 'f' holds '', but numbers")
        parquet.write_table(pa.table({"f": [[1.0], [2.0]], "y": ["p", "q"]}), path)
        refused(path, "column 'f' is list<", "expected numbers or text: cast it")
        refused(path, "has no column 'z'; its columns are: f, y", columns=["z"])


def test_a_damaged_packed_file(tmp_path):
    path = tmp_path / "x.csv.gz"
    content = gzip.compress(b"a,y\n1,p\n2,q\n" * 1000)
    for broken in (content[: len(content) // 2], b"a,y\n1,p\n"):
        path.write_bytes(broken)
        refused(path, "x.csv.gz is not a complete gzip file: ")


@pytest.mark.parametrize("stdin", [None, io.StringIO()])
def test_closed_standard_input(monkeypatch, stdin):
    if stdin is not None:
        stdin.close()
    monkeypatch.setattr("sys.stdin", stdin)
    refused("-", "standard input is closed; pipe a .csv into it, or name a file")


def test_options_of_tables_are_refused_for_arrays(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.eye(2), y=[0, 1])
    with pytest.raises(DataError, match=r"ignore and decimal is for \.csv files"):
        load_file(tmp_path / "x.npz", ignore=["a"], decimal=",")
