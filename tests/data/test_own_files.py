"""The user's own `.npz` and `.csv` files."""

import io
import zipfile

import numpy as np
import pytest

from gategrad.data import DataError, load_file, load_rows


@pytest.fixture
def csv(tmp_path):
    """Writes a .csv file and gives its path."""

    def write(text, *, encoding="utf-8"):
        path = tmp_path / "mine.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def npz(tmp_path):
    """Writes a .npz file and gives its path."""

    def write(**arrays):
        path = tmp_path / "mine.npz"
        np.savez(path, **arrays)
        return path

    return write


def refused(message, call, *args, **options):
    with pytest.raises(DataError, match=message):
        call(*args, **options)


def test_a_table_of_numbers_is_float64(csv):
    own = load_file(csv("a,b,kind\n1,2.5,x\n-3,4e2,y\n"), target="kind")
    assert own.x_train.dtype == np.float64
    assert own.x_train.tolist() == [[1, 2.5], [-3, 400]]
    assert (own.y_train.tolist(), own.y_train.dtype) == ([0, 1], np.int64)
    assert (own.classes, own.columns) == (("x", "y"), ("a", "b"))
    assert own.x_test is None
    assert own.y_test is None


def test_a_table_with_categories_is_object(csv):
    own = load_file(csv("a,kind,b\n1, red ,1\n2,?,0\n3,,1\n"), target="b")
    assert own.x_train.dtype == object
    assert own.x_train.tolist() == [[1.0, "red"], [2.0, "?"], [3.0, ""]]


def test_a_column_of_gaps_holds_categories(csv):
    own = load_file(csv("a,b,y\n?,1,p\n?,2,q\n"), target="y")
    assert own.x_train.tolist() == [["?", 1.0], ["?", 2.0]]


def test_numbers_may_be_named_categories(csv):
    own = load_file(csv("zip,n,y\n01,1,a\n02,2,b\n"), target="y", categories=["zip"])
    assert own.x_train.tolist() == [["01", 1.0], ["02", 2.0]]


def test_columns_may_be_chosen_and_ordered(csv):
    path = csv("a,b,c,y\n1,2,3,p\n4,5,6,q\n")
    own = load_file(path, target="y", columns=["c", "a"])
    assert (own.x_train.tolist(), own.columns) == ([[3, 1], [6, 4]], ("c", "a"))
    assert load_rows(path, columns=["b"]).tolist() == [[2], [5]]


def test_labels_that_are_numbers_are_ordered_as_numbers(csv):
    own = load_file(csv("a,y\n1,10\n2,9\n3,10\n"), target="y")
    assert (own.classes, own.y_train.tolist()) == (("9", "10"), [1, 0, 1])


def test_labels_follow_the_classes_given(csv):
    path = csv("a,y\n1,cat\n2,cat\n")
    assert load_file(path, target="y", classes=["dog", "cat"]).y_train.tolist() == [1, 1]
    refused(
        "column 'y' has the label 'cat'; known labels: dog, cow",
        *(load_file, path),
        target="y",
        classes=["dog", "cow"],
    )


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_other_separators_line_ends_and_a_byte_order_mark(csv, separator, encoding):
    text = "a,größe,y\r\n1,2,p\r\n\r\n3,4,q\r\n".replace(",", separator)
    own = load_file(csv(text, encoding=encoding), target="y")
    assert own.columns == ("a", "größe")
    assert own.x_train.tolist() == [[1, 2], [3, 4]]


def test_a_quoted_cell_may_hold_the_separator(csv):
    own = load_file(csv('a,y\n"x, y",1\n"z",0\n'), target="y")
    assert own.x_train.tolist() == [["x, y"], ["z"]]


def test_rows_without_labels(csv):
    x = load_rows(csv("a,b\n1,x\n2,y\n"))
    assert x.tolist() == [[1.0, "x"], [2.0, "y"]]
    assert load_rows(csv("a,b\n")).shape == (0, 2)


CSV_ERRORS = {
    "no target": ("a,b,y\n1,2,3\n", None, r"which column holds .*the columns are: a, b, y"),
    "unknown target": ("a,b,y\n1,2,3\n", "z", "no column 'z'; its columns are: a, b, y"),
    "short row": ("a,b,y\n1,2,3\n1,2\n", "y", r"row 2 \(line 3\) has 2 cells, but .* 3: a, b, y"),
    "long row": ("a,y\n\n1,2,3\n", "y", r"row 1 \(line 3\) has 3 cells, but the header has 2"),
    "empty": ("", "y", "is empty; expected a header row"),
    "no rows": ("a,y\n", "y", "column 'y' has no rows"),
    "no header": ("1,2\n3,4\n", "y", "holds only numbers .*expected a header row"),
    "same name": ("a,a,y\n1,2,3\n", "y", "two columns named 'a'"),
    "no name": ("a,,y\n1,2,3\n", "y", "a column named ''; give each column a name"),
    "one class": ("a,y\n1,p\n2,p\n", "y", "has only the class 'p'; a classifier needs two"),
    "no features": ("y\n1\n2\n", "y", "expected one feature column or more, without 'y'"),
    "measured": ("a,y\n1,3\n2,0.5\n", "y", "column 'y' holds 0.5 in row 2; expected class labels"),
    "empty label": ("a,y\n1,p\n2,\n", "y", r"row 2 \(line 3\): the label in column 'y' is empty"),
    "gap": ("a,y\n1,p\n,q\n", "y", r"row 2 \(line 3\): column 'a' holds '', but numbers elsew"),
    "mark": ("a,y\n?,p\n1,q\n", "y", r"row 1 \(line 2\): column 'a' holds '\?', but numbers"),
    "nan": ("a,y\n1,p\nNaN,q\n", "y", "column 'a' holds 'NaN', but numbers elsewhere; fill"),
    "infinite": ("a,y\n1,p\n1e999,q\n", "y", "column 'a' holds '1e999'"),
    "open quote": ('a,y\n"1,p\n', "y", r"is not a \.csv file, line \d+: unexpected end of data"),
}


@pytest.mark.parametrize(("text", "target", "message"), CSV_ERRORS.values(), ids=CSV_ERRORS)
def test_a_broken_table(csv, text, target, message):
    refused(r"mine\.csv.*" + message, load_file, csv(text), target=target)


def test_a_table_that_is_no_text(csv):
    refused(
        r"mine\.csv is not a text file in UTF-8", load_file, csv("größe,y\n", encoding="latin-1")
    )


def test_unknown_columns_and_categories(csv):
    path = csv("a,y\n1,p\n2,q\n")
    refused("no column 'b'; its columns are: a, y", load_file, path, target="y", columns=["b"])
    refused("no column 'b'; its columns are: a, y", load_rows, path, categories=["b"])
    refused("without 'y'", load_file, path, target="y", columns=["a", "y"])


def test_arrays_in_one_part(npz):
    own = load_file(npz(x=np.eye(3, dtype=np.uint8), y=np.array([4, 2, 4])))
    assert (own.x_train.dtype, own.x_train.shape) == (np.uint8, (3, 3))
    assert (own.y_train.tolist(), own.classes, own.columns) == ([1, 0, 1], ("2", "4"), ())
    assert own.x_test is None


def test_arrays_in_two_parts(npz):
    own = load_file(
        npz(
            x_train=np.zeros((2, 1, 2, 2), bool),
            y_train=np.array(["b", "a"]),
            x_test=np.ones((1, 1, 2, 2), bool),
            y_test=np.array([["c"]]),
        )
    )
    assert (own.x_train.shape, own.x_test.shape, own.x_test.dtype) == ((2, 4), (1, 4), np.bool_)
    assert (own.y_train.tolist(), own.y_test.tolist()) == ([1, 0], [2])
    assert own.classes == ("a", "b", "c")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        *((bool, bool), (np.uint8, np.uint8), (np.float32, np.float32), (np.float64, np.float64)),
        *((np.int64, np.float64), (np.float16, np.float64), (np.uint16, np.float64)),
    ],
)
def test_dtypes(npz, given, kept):
    x = load_rows(npz(x=np.array([[0, 1]], given)))
    assert (x.dtype, x.tolist()) == (kept, [[0, 1]])


@pytest.mark.parametrize(
    "y", [np.array([True, False]), np.array([1.0, 0.0]), np.array([1, 0], np.uint8)]
)
def test_labels_of_other_dtypes(npz, y):
    own = load_file(npz(x=np.eye(2), y=y))
    assert (own.classes, own.y_train.tolist()) == (("0", "1"), [1, 0])


def test_rows_of_arrays(npz):
    assert load_rows(npz(x_test=np.eye(2), y_test=np.arange(2))).tolist() == [[1, 0], [0, 1]]
    assert load_rows(npz(x=np.zeros((0, 3)))).shape == (0, 3)


X, Y = np.eye(2), np.arange(2)
NPZ_ERRORS = {
    "names": (
        {"data": X, "y": Y},
        "has the arrays data, y; expected x_train and y_train and x_test and y_test, or x and y",
    ),
    "half": ({"x_train": X, "y_train": Y}, "has the arrays x_train, y_train; expected x_train and"),
    "text": ({"x": np.array([["a"], ["b"]]), "y": Y}, "x has dtype <U1; expected bools, integers"),
    "flat": ({"x": Y, "y": Y}, r"x has shape \(2,\); expected \(rows, features\)"),
    "nan": (
        {"x": np.array([[0, np.nan], [1, 1]]), "y": Y},
        r"x is NaN in row 0, column 1 \(counted from 0\)",
    ),
    "one-hot": ({"x": X, "y": X}, r"y has shape \(2, 2\); expected \(2,\).*take y\.argmax\(1\)"),
    "short": ({"x": X, "y": Y[:1]}, r"y has shape \(1,\); expected \(2,\), one class label"),
    "measured": ({"x": X, "y": X[0] / 2}, r"y holds 0\.5 in row 1; expected class labels"),
    "no number": (
        {"x": X, "y": np.array([1, np.nan])},
        "y holds nan in row 2; expected class labels",
    ),
    "complex": ({"x": X, "y": X[0] * 1j}, "y has dtype complex128; expected integers or strings"),
    "objects": ({"x": np.array([[None]]), "y": Y}, "Python objects, which are not read because"),
    "widths": (
        {"x_train": X, "y_train": Y, "x_test": X[:, :1], "y_test": Y},
        "x_train has 2 features and x_test 1; expected the same",
    ),
}


@pytest.mark.parametrize(("arrays", "message"), NPZ_ERRORS.values(), ids=NPZ_ERRORS)
def test_broken_arrays(npz, arrays, message):
    refused(r"mine\.npz.*" + message, load_file, npz(**arrays))


def test_a_truncated_file(npz):
    path = npz(x=X, y=Y)
    path.write_bytes(path.read_bytes()[:-40])
    refused(r"mine\.npz is not a complete \.npz file", load_file, path)


def test_a_file_of_another_format(tmp_path):
    path = tmp_path / "mine.npz"
    for content in (b"", b"plain text", b"\x80\x04N."):
        path.write_bytes(content)
        refused(r"mine\.npz is not a complete \.npz file", load_file, path)


def test_a_flipped_byte_in_an_array(npz):
    path = npz(x=X, y=Y)
    content = path.read_bytes()
    at = content.index(X.tobytes())
    path.write_bytes(content[:at] + b"?" + content[at + 1 :])
    refused(r"mine\.npz is not a complete \.npz file: Bad CRC-32", load_file, path)


def npy_of_shape(shape):
    stream = io.BytesIO()
    fields = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, fields)
    return stream.getvalue() + bytes(8)


SHAPES = [(-1, 784), (-2, -4), (2**62, 784), (2**70, 2), (10**6, 784)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_arrays_of_impossible_shapes(tmp_path, shape):
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", npy_of_shape(shape))
    refused(r"mine\.npz is not a complete \.npz file: ", load_rows, path)


def encrypted(path):
    """The archive with its members marked as encrypted, in both of their headers."""
    content = bytearray(path.read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(magic)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(magic, at + 1)
    path.write_bytes(content)
    return path


def test_an_encrypted_archive(npz):
    refused(r"mine\.npz is encrypted; save it without", load_rows, encrypted(npz(x=X)))


def test_an_archive_packed_in_an_unknown_way(npz):
    path = npz(x=X)
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x03\x04") + 8] = content[content.find(b"PK\x01\x02") + 10] = 77
    path.write_bytes(content)
    refused(r"mine\.npz is not a complete \.npz file: ", load_rows, path)


def test_messages_do_not_list_all_names_of_a_wide_table(csv):
    names = [f"p{i}" for i in range(784)]
    path = csv(",".join(names) + "\n1,2\n")
    with pytest.raises(DataError) as raised:
        load_rows(path)
    assert "row 1 (line 2) has 2 cells, but the header has 784: p0, p1," in str(raised.value)
    assert "p11, ... (784 in all)" in str(raised.value)
    assert "p12" not in str(raised.value)


def test_a_file_that_may_not_be_read(npz, monkeypatch):
    monkeypatch.setattr("os.access", lambda *args: False)
    refused(r"mine\.npz may not be read by this user", load_file, npz(x=X, y=Y))


def test_options_of_tables_are_refused_for_arrays(npz):
    path = npz(x=X, y=Y)
    refused(r"target is for \.csv files; .*mine\.npz", load_file, path, target="y")
    refused(r"columns and categories is for", load_rows, path, columns=["a"], categories=["a"])


@pytest.mark.parametrize("call", [load_file, load_rows])
def test_a_name_that_is_no_file(call, tmp_path):
    refused(r"nowhere\.csv is not a file; check the name", call, tmp_path / "nowhere.csv")
    refused(r"mine\.xlsx ends in '\.xlsx'; expected \.npz, \.csv, \.parquet,", call, "mine.xlsx")
