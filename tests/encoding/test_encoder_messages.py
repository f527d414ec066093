"""What a wrong argument is answered with."""

import re
from decimal import Decimal

import numpy as np
import pytest

from gategrad.encoding import Binned, EncodingError, OneHot, Table, Thermometer

T3 = Thermometer.fixed([0.5], 3)
NAN_ROW = np.array([[0, 0, 0], [0, 0, np.nan]])
TABLE = Table.fit([[39.0, "a"], [50.0, "b"]], 1, names=["age", "work"], unknown="error")

CASES = {
    "one row": (
        lambda: T3.encode([1, 2, 3]),
        "x has shape (3,); expected (rows, 3): pass one row as x.reshape(1, -1)",
    ),
    "images": (
        lambda: T3.encode(np.zeros((2, 3, 1))),
        "x has shape (2, 3, 1); expected (rows, 3): flatten each sample with x.reshape(len(x), -1)",
    ),
    "width": (
        lambda: Binned([[1.0]]).encode(np.zeros((2, 3))),
        "x has shape (2, 3); expected (rows, 1): pass the columns that the encoder was made for",
    ),
    "no columns": (
        lambda: Thermometer.quantile(np.zeros((2, 0)), 1),
        "x has shape (2, 0); expected (rows, features)",
    ),
    "ragged": (
        lambda: T3.encode([[1, 2, 3], [1]]),
        "x is not a rectangular array of rows",
    ),
    "text": (
        lambda: T3.encode([["a", "b", "c"]]),
        "x has dtype <U1; expected bool, integers, float16, float32 or float64: convert it "
        "with x.astype(float), or use a Table",
    ),
    "objects": (
        lambda: T3.encode(np.zeros((1, 3), object)),
        "x has dtype object; expected bool",
    ),
    "complex": (
        lambda: T3.encode(np.zeros((1, 3), complex)),
        "x has dtype complex128; expected bool",
    ),
    "long double": (
        lambda: T3.encode(np.zeros((1, 3), "g")),
        f"x has dtype {np.dtype('g')}; expected bool",
    ),
    "nan": (
        lambda: T3.encode(NAN_ROW),
        'x at row 1, column 2 is NaN: fill it in, drop the row, or fit a Table with missing="zero"',
    ),
    "nan in bins": (
        lambda: Binned([[1.0] * 3]).encode(NAN_ROW),
        "x at row 1, column 2 is NaN",
    ),
    "nan while fitting": (
        lambda: Thermometer.quantile(NAN_ROW, 2),
        "x at row 1, column 2 is NaN",
    ),
    "large": (
        lambda: T3.encode([[0, 0, 0], [0, -(2**53) - 1, 0]]),
        "x at row 1, column 1 is beyond 2**53, where float64 has gaps: scale it down",
    ),
    "large unsigned": (
        lambda: T3.encode(np.array([[0, 0, 2**64 - 1]], "u8")),
        "x at row 0, column 2 is beyond 2**53",
    ),
    "bits": (
        lambda: Thermometer.uniform([[1]], 0),
        "bits is 0; expected an integer of at least 1",
    ),
    "bits float": (
        lambda: Thermometer.quantile([[1]], 2.0),
        "bits is 2.0; expected an integer of at least 1",
    ),
    "bits bool": (
        lambda: Thermometer.quantile([[1]], True),
        "bits is True; expected an integer of at least 1",
    ),
    "bins": (
        lambda: Binned.quantile([[1]], 1),
        "bins is 1; expected an integer of at least 2",
    ),
    "n_features": (
        lambda: Thermometer.fixed([1], 0),
        "n_features is 0; expected an integer of at least 1",
    ),
    "no rows": (
        lambda: Thermometer.quantile(np.zeros((0, 2)), 1),
        "x has no rows; quantiles need at least one row",
    ),
    "no rows, no range": (
        lambda: Thermometer.uniform(np.zeros((0, 2)), 1, low=0),
        "x has no rows to take a range from; pass rows, or both low= and high=",
    ),
    "infinite": (
        lambda: Thermometer.uniform([[0, 1], [0, np.inf]], 1),
        "column 1 ranges from 1.0 to inf; even spacing needs finite ends: pass low= and "
        "high=, or use quantiles",
    ),
    "too wide": (
        lambda: Thermometer.uniform([[-1e308], [1e308]], 1),
        "the range low..high is too wide for float64",
    ),
    "low over high": (
        lambda: Thermometer.uniform([[5]], 1, low=7),
        "column 0 has low 7.0 and high 5.0; expected low below high",
    ),
    "low is high": (
        lambda: Thermometer.uniform([[5]], 1, low=7, high=7),
        "column 0 has low 7.0 and high 7.0; expected low below high",
    ),
    "low shape": (
        lambda: Thermometer.uniform([[5]], 1, low=[1, 2]),
        "low has shape (2,) and dtype int64; expected a number or (1,) numbers",
    ),
    "levels shape": (
        lambda: Thermometer([1.0]),
        "levels have shape (1,); expected (levels, features), at least one of each",
    ),
    "levels dtype": (
        lambda: Thermometer([["a"]]),
        "levels have dtype <U1; expected float64",
    ),
    "levels nan": (
        lambda: Thermometer([[0, np.nan]]),
        "levels hold NaN in column 1",
    ),
    "levels order": (
        lambda: Thermometer([[0, 1], [0, 0]]),
        "levels fall in column 1; expected non-decreasing: sort them with np.sort(..., axis=0)",
    ),
    "edges order": (
        lambda: Binned([[1], [0]]),
        "edges fall in column 0",
    ),
    "names count": (
        lambda: T3.input_names(["a"]),
        "got 1 feature names; expected 3: one for each column",
    ),
    "names type": (
        lambda: T3.input_names(["a", "b", 3]),
        "feature name 3 is a int; expected text",
    ),
    "name text": (
        lambda: T3.input_names("abc"),
        "got 1 feature names; expected 3",
    ),
    "no categories": (
        lambda: OneHot(()),
        "categories hold no column; expected at least one",
    ),
    "empty column": (
        lambda: OneHot((("a",), ())),
        "categories of column 1 are (); expected at least one, all distinct",
    ),
    "repeated": (
        lambda: OneHot(((1, True),)),
        "categories of column 0 are (1.0, 1.0); expected at least one, all distinct",
    ),
    "none": (
        lambda: OneHot((("a", None),)),
        "categories of column 0 are ('a', None); expected at least one",
    ),
    "bare text": (
        lambda: OneHot(("red", "blue")),
        "categories of column 0 are the text 'red'; expected a tuple of them",
    ),
    "category type": (
        lambda: OneHot(((b"a",),)),
        "categories of column 0: b'a' is a bytes; expected a number or text",
    ),
    "unknown option": (
        lambda: OneHot((("a",),), unknown="skip"),
        "unknown is 'skip'; known: zero, error",
    ),
    "unknown category": (
        lambda: OneHot((("a", 1),), unknown="error").encode([["b"]]),
        "x at row 0, column 0 is 'b'; known: 'a', 1.0; correct it, or fit with unknown=\"zero\"",
    ),
    "unknown of many": (
        lambda: OneHot((tuple(range(20)),), unknown="error").encode([[99]]),
        "10.0, 11.0, ...; correct it",
    ),
    "bytes": (
        lambda: OneHot.fit(np.array([[b"a"]])),
        "x has dtype |S1; expected numbers, text or objects: convert it with x.astype(str)",
    ),
    "decimal": (
        lambda: OneHot.fit([["a"], [Decimal(1)]]),
        "x at row 1, column 0: Decimal('1') is a Decimal; expected a number or text",
    ),
    "long double category": (
        lambda: OneHot.fit([[np.longdouble(1)]]),
        "is a longdouble; expected a number or text",
    ),
    "missing category": (
        lambda: OneHot.fit([["a", "a"], ["a", None]]),
        "x at row 1, column 1 has no value: fill it in, drop the row, or fit a Table with "
        'missing="zero"',
    ),
    "fit without rows": (
        lambda: OneHot.fit(np.empty((0, 1), object)),
        "column 0 has no values to take categories from; leave it out",
    ),
    "table text": (
        lambda: TABLE.encode([[39.0, "a"], ["old", "a"]]),
        "x at row 1, column 0 (age): 'old' is text; expected a number",
    ),
    "table missing": (
        lambda: TABLE.encode([[None, "a"]]),
        "x at row 0, column 0 (age) has no value",
    ),
    "table nan": (
        lambda: Table.fit(NAN_ROW),
        "x at row 1, column 2 has no value",
    ),
    "table unknown": (
        lambda: TABLE.encode([[39.0, "c"]]),
        "x at row 0, column 1 (work) is 'c'; known: 'a', 'b'",
    ),
    "table width": (
        lambda: TABLE.encode([[39.0]]),
        "x has shape (1, 1); expected (rows, 2)",
    ),
    "table large": (
        lambda: TABLE.encode([[2**60, "a"]]),
        "x at row 0, column 0 (age): 1152921504606846976 is beyond 2**53",
    ),
    "table numeric": (
        lambda: Table.fit([[1]], numeric="gray"),
        "numeric is 'gray'; known: thermometer, binned",
    ),
    "table spacing": (
        lambda: Table.fit([[1]], spacing="log"),
        "spacing is 'log'; known: quantile, uniform",
    ),
    "table missing option": (
        lambda: Table.fit([[1]], missing="mean"),
        "missing is 'mean'; known: error, zero",
    ),
    "table bits": (
        lambda: Table.fit([[1]], 1, numeric="binned"),
        "bits is 1; expected an integer of at least 2",
    ),
    "table infinite": (
        lambda: Table.fit([[1], [np.inf]], spacing="uniform", names=["age"]),
        "column 0 (age) ranges from 1.0 to inf",
    ),
    "table names": (
        lambda: Table.fit([[1, 2]], names=["a", "a"]),
        "names hold 'a' more than once; expected distinct names",
    ),
    "table column": (
        lambda: Table.fit([[1]], categorical=[1]),
        "categorical holds 1; expected a column in 0..0",
    ),
    "table column name": (
        lambda: Table.fit([[1]], categorical=["b"], names=["a"]),
        "categorical names the column 'b'; known: a",
    ),
    "table no names": (
        lambda: Table.fit([[1]], categorical=["b"]),
        "categorical names the column 'b'; known: none, pass names=",
    ),
    "table column type": (
        lambda: Table.fit([[1]], categorical=[0.0]),
        "categorical holds 0.0; expected column indices or names",
    ),
    "table column text": (
        lambda: Table.fit([[1]], categorical="ab"),
        "categorical is 'ab'; expected a list of columns",
    ),
    "table empty column": (
        lambda: Table.fit([[1, None]], missing="zero"),
        "column 1 has no values to take categories from; leave it out",
    ),
    "table no rows": (
        lambda: Table.fit(np.zeros((0, 1))),
        "column 0 has no rows; quantiles need at least one row to fit",
    ),
    "table part": (
        lambda: Table((TABLE,), ((0, 1),)),
        "encoder 0 is a Table; expected a Thermometer, Binned or OneHot",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_message(case):
    call, message = CASES[case]
    with pytest.raises(EncodingError, match=re.escape(message)):
        call()


def test_a_misspelt_option_is_an_error():
    with pytest.raises(TypeError, match="bit"):
        Table.fit([[1]], bit=3)
