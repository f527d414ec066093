"""Table: which columns are what, and rows as census data have them."""

import numpy as np
import pytest

from gategrad.encoding import Binned, Encoder, OneHot, Table, Thermometer

ADULT = np.array(
    [
        [39.0, "State-gov", 2174.0, "?"],
        [50.0, "Private", 0.0, "Cuba"],
        [38.0, "?", 0.0, "Cuba"],
        [53.0, "Private", 0.0, "India"],
    ],
    dtype=object,
)
NAMES = ["age", "work", "gain", "country"]


def test_rows_of_numbers_and_text():
    table = Table.fit(ADULT, 2, names=NAMES)
    assert table.columns == ((0, 2), (1, 3))
    assert table.encoders == (
        Thermometer([[44.5, 1087.0], [51.5, 1087.0]]),
        OneHot((("?", "Private", "State-gov"), ("?", "Cuba", "India"))),
    )
    assert table.input_names() == [
        "age > 44.5",
        "gain > 1087",
        "age > 51.5",
        "gain > 1087",
        "work = ?",
        "work = Private",
        "work = State-gov",
        "country = ?",
        "country = Cuba",
        "country = India",
    ]
    assert table.encode(ADULT).astype(int).tolist() == [
        [0, 1, 0, 1, 0, 0, 1, 1, 0, 0],
        [1, 0, 0, 0, 0, 1, 0, 0, 1, 0],
        [0, 0, 0, 0, 1, 0, 0, 0, 1, 0],
        [1, 0, 1, 0, 0, 1, 0, 0, 0, 1],
    ]
    assert (table.n_features, table.n_inputs) == (4, 10)


def test_input_names_are_true_statements_about_the_rows():
    table = Table.fit(ADULT, 3, numeric="binned", names=NAMES)
    for row, bits in zip(ADULT, table.encode(ADULT), strict=True):
        cells = dict(zip(NAMES, row, strict=True))
        for name, bit in zip(table.input_names(), bits, strict=True):
            assert bit == (_holds(name, cells)), name


def _holds(name, cells):
    if " = " in name:
        column, category = name.split(" = ")
        return cells[column] == category
    column = next(column for column in ("age", "gain") if column in name)
    return eval(name, {}, {column: cells[column]})


def test_text_and_objects_and_lists_give_the_same_table():
    tables = [Table.fit(x, 2) for x in (ADULT, ADULT.astype(str), ADULT.tolist())]
    assert tables[0] == tables[1] == tables[2]
    for x in (ADULT, ADULT.astype(str), ADULT.tolist()):
        np.testing.assert_array_equal(tables[0].encode(x), tables[0].encode(ADULT))


@pytest.mark.parametrize("dtype", ["u1", "i8", "f4", "f8", object, "U8"])
def test_a_numeric_table_is_a_thermometer(dtype):
    x = np.random.default_rng(0).integers(0, 50, (30, 3))
    table = Table.fit(x.astype(dtype), 4)
    plain = Thermometer.quantile(x, 4)
    assert (table.encoders, table.columns) == ((plain,), ((0, 1, 2),))
    np.testing.assert_array_equal(table.encode(x.astype(dtype)[::-1]), plain.encode(x[::-1]))


def test_binned_and_uniform():
    x = [[0, "a"], [30, "b"]]
    assert Table.fit(x, 3, numeric="binned", spacing="uniform").encoders[0] == Binned([[10], [20]])
    assert Table.fit(x, 2, spacing="uniform").encoders[0] == Thermometer([[10], [20]])


def test_a_table_of_text_only():
    table = Table.fit([["a", "x"], ["b", "y"]])
    assert table.columns == ((0, 1),)
    assert table.encode([["b", "x"]]).tolist() == [[False, True, True, False]]


def test_columns_of_numbers_can_be_categories():
    x = np.array([[1, 7], [3, 8], [2, 9]])
    by_index = Table.fit(x, 1, categorical=[0])
    by_name = Table.fit(x, 1, categorical=["shape"], names=["shape", "size"])
    assert by_index.columns == by_name.columns == ((1,), (0,))
    assert by_index.encoders[1] == OneHot(((1, 2, 3),))


def test_one_text_makes_a_column_categorical():
    with pytest.warns(
        UserWarning, match=r"column 0: 2 of 3 cells are numbers, but row 1 holds '\?'"
    ):
        table = Table.fit([[1], ["?"], [10]])
    assert table.encoders == (OneHot(((1, 10, "?"),)),)


@pytest.mark.parametrize("gap", [None, np.nan, "", "  ", "nan", np.float32("nan")])
def test_missing_numbers_are_an_error_or_zeros(gap):
    x = np.array([[1.0, "a"], [gap, "b"], [3.0, "a"]], dtype=object)
    with pytest.raises(ValueError, match=r"x at row 1, column 0 \(size\) has no value"):
        Table.fit(x, names=["size", "kind"])
    for numeric in ("thermometer", "binned"):
        table = Table.fit(x, 2, numeric=numeric, missing="zero")
        present = Table.fit(x[::2], 2, numeric=numeric)
        assert table.encoders[0] == present.encoders[0]
        bits = table.encode(x)
        assert bits[1].tolist() == [False, False, False, True]
        np.testing.assert_array_equal(bits[::2, :2], present.encode(x[::2])[:, :2])


def test_missing_numbers_in_an_array_of_floats():
    x = np.array([[1.0, 5.0], [np.nan, 6.0], [3.0, np.nan]], dtype=np.float32)
    table = Table.fit(x, 1, missing="zero")
    assert table.encode(x).tolist() == [[False, False], [False, True], [True, False]]


def test_missing_categories_are_an_error_or_zeros():
    x = np.array([["a"], [None], ["b"]], dtype=object)
    with pytest.raises(ValueError, match="x at row 1, column 0 has no value"):
        Table.fit(x)
    table = Table.fit(x, missing="zero", unknown="error")
    assert table.encode(x).tolist() == [[True, False], [False, False], [False, True]]


def test_blank_text_among_categories_is_a_category():
    assert Table.fit([["a"], [""]]).encoders == (OneHot((("", "a"),)),)


def test_underscored_text_is_not_a_number():
    assert Table.fit([["1_0"], ["2"]]).encoders == (OneHot((("1_0", "2"),)),)


def test_groups_by_hand():
    table = Table((Binned([[0.0]]), Thermometer([[1.0, 2.0]])), ((1,), (2, 0)))
    assert table.encode([[9, -1, 0]]).tolist() == [[True, False, False, True]]
    assert table.input_names(["a", "b", "c"]) == ["b <= 0", "b > 0", "c > 1", "a > 2"]


def test_no_rows_give_no_rows():
    table = Table.fit(ADULT, 2)
    for missing in ("error", "zero"):
        table = Table(table.encoders, table.columns, missing=missing)
        for dtype in (object, "U3"):
            assert table.encode(np.empty((0, 4), dtype=dtype)).shape == (0, table.n_inputs)


def test_it_is_a_frozen_value():
    table = Table.fit(ADULT, 2, names=NAMES)
    assert table == Table.fit(ADULT, 2, names=tuple(NAMES))
    assert hash(table) == hash(Table.fit(ADULT, 2, names=NAMES))
    assert table != Table.fit(ADULT, 2)
    assert table.thresholds() is None
    assert isinstance(table, Encoder)
    with pytest.raises(AttributeError):
        table.names = None


def test_a_stray_text_among_numbers_is_warned_of():
    rows = [[1.0, "a"], [2.0, "b"], [None, "c"], ["3 km", "4"], [5.0, "d"]]
    told = (
        r"^column 0 \(way\): 3 of 5 cells are numbers, but row 3 holds '3 km', so all are taken "
        r"for categories; correct or drop the row, or name the column in categorical=$"
    )
    with pytest.warns(UserWarning, match=told):
        table = Table.fit(rows, names=["way", "sort"], missing="zero")
    assert len(table.encoders) == 1
    assert Table.fit(rows, names=["way", "sort"], missing="zero", categorical=["way"]) == table
