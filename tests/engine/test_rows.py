"""Which rows engines take, and what they say about the others."""

import re
import tracemalloc

import numpy as np
import pytest

from gategrad.engine import InputError, check_rows, check_values

KEPT = [np.bool_, np.uint8, np.float32, np.float64]
CONVERTED = {
    np.int8: np.float32,
    np.int16: np.float32,
    np.uint16: np.float32,
    np.float16: np.float32,
    np.int32: np.float64,
    np.uint32: np.float64,
    np.int64: np.float64,
    np.uint64: np.float64,
}


def rows(x, n_features=3, *, bits=False):
    return check_rows(x, n_features=n_features, bits=bits)


def message(x, n_features=3, *, bits=False):
    with pytest.raises(InputError) as caught:
        check_values(rows(x, n_features, bits=bits), bits=bits)
    return str(caught.value)


@pytest.mark.parametrize("dtype", KEPT)
def test_known_dtypes_are_not_copied_at_any_stride(dtype):
    base = np.ones((8, 6), dtype)
    for x in (base[:, :3], base[::2, ::2], base[::-1, 3:], np.asfortranarray(base)[:, :3]):
        assert rows(x) is x


@pytest.mark.parametrize(("dtype", "expected"), CONVERTED.items())
def test_other_numbers_are_converted_exactly(dtype, expected):
    limits = np.finfo(dtype) if np.dtype(dtype).kind == "f" else np.iinfo(dtype)
    largest = min(int(limits.max), 2**53)
    x = np.array([[0, 1, largest]], dtype)
    converted = rows(x)
    assert converted.dtype == expected
    assert [int(v) for v in converted[0]] == [0, 1, largest]


def test_float16_nan_survives_conversion():
    assert np.isnan(rows(np.array([[np.nan, 1, 2]], np.float16))[0, 0])


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2", ">i8"])
def test_foreign_byte_order_becomes_native(dtype):
    x = rows(np.array([[1, 2, 3]], dtype))
    assert x.dtype.isnative
    assert x.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1])
def test_integers_beyond_float64_are_refused(value):
    x = np.zeros((3, 3), np.int64)
    x[1, 2] = value
    assert message(x) == (
        f"x[1, 2] (row 1, column 2) is {value}; expected at most 2**53, beyond which float64 has "
        "gaps: scale it down, or convert it with x.astype(np.float64) if rounding is fine"
    )


def test_large_unsigned_integers_are_refused():
    assert "x[0, 0] (row 0, column 0) is 18446744073709551615" in message(
        np.array([[2**64 - 1, 0, 0]], np.uint64)
    )


def test_array_likes():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return np.array([[1.5, 2, 3]], np.float32)

    assert rows([[0, 1, 2], [3, 4, 5]]).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert rows(Tensor()).dtype == np.float32
    assert rows(np.zeros((0, 3))).shape == (0, 3)


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    assert rows(torch.ones(2, 3)).dtype == np.float32
    assert "x.detach().cpu()" in message(torch.ones(2, 3, requires_grad=True))


@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        (np.array([["a", "b", "c"]]), "<U1"),
        (np.array([[b"a", b"b", b"c"]]), "|S1"),
        (np.array([[None, 1, 2]], object), "object"),
        (np.zeros((1, 3), complex), "complex128"),
        (np.zeros((1, 3), "M8[s]"), "datetime64[s]"),
        (np.zeros((1, 3), "m8[s]"), "timedelta64[s]"),
        (np.zeros((1, 3), np.longdouble), "float128"),
        (np.zeros((1, 3), [("a", np.int8)]), "[('a', 'i1')]"),
    ],
)
def test_other_dtypes_are_refused(x, dtype):
    if dtype == "float128" and np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("long double is float64 here")
    assert message(x) == (
        f"x has dtype {dtype}; expected bool, uint8, float32 or float64: convert it, such as with "
        "x.astype(np.float32)"
    )


def test_ragged_rows_are_refused():
    assert "x is a list that numpy can't read as an array" in message([[1, 2], [3]])


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((3,), "pass a single row as x[None, :]"),
        ((4,), "pass the columns that the model was made for, in their order"),
        ((5, 4), "pass the columns that the model was made for, in their order"),
        ((5, 1, 3), "flatten each sample with x.reshape(len(x), -1)"),
        ((0, 1, 3), "flatten each sample with x.reshape(len(x), -1)"),
        ((5, 2, 2), "pass the columns that the model was made for, in their order"),
        ((), "pass the columns that the model was made for, in their order"),
    ],
)
def test_wrong_shapes_are_refused(shape, hint):
    said = message(np.zeros(shape, np.uint8))
    assert said == f"x has shape {shape}; expected (rows, 3), 3 features a row: {hint}"


def test_bits_are_called_bits():
    assert "expected (rows, 2), 2 bits a row" in message(np.zeros((1, 3)), 2, bits=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("bits", [False, True])
def test_nan_is_found(dtype, bits):
    x = np.zeros((70, 3), dtype)
    x[64, 1] = x[65, 0] = np.nan
    expected = "bits, 0 or 1" if bits else "a number"
    assert message(x, bits=bits) == (
        f"x[64, 1] (row 64, column 1) is nan; expected {expected}: "
        "fill in missing values or drop the row"
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64, np.int8])
def test_values_that_are_no_bits_are_found(dtype):
    x = np.ones((9, 3), dtype)
    check_values(rows(x, bits=True), bits=True)
    x[7, 2] = 2
    value = "2" if dtype == np.uint8 else "2.0"
    assert message(x, bits=True) == (
        f"x[7, 2] (row 7, column 2) is {value}; expected bits, 0 or 1: threshold the data as in "
        "training, such as x > 0.5, or fit an encoder: "
        "gategrad.encoding.Thermometer.quantile(x_train, bits)"
    )


@pytest.mark.parametrize("value", [0.5, -1, 1.0000001, 5e-324, np.inf, -np.inf])
def test_only_exact_bits_pass(value):
    assert re.match(r"x\[0, 1\]", message([[0.0, value, 1.0]], bits=True))


def test_features_may_be_anything_but_nan():
    for values in ([np.inf, -np.inf, -0.0], [0.5, 255, 1e300]):
        check_values(rows([values]), bits=False)
    check_values(np.full((2, 3), 200, np.uint8), bits=False)


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (0, 0)])
def test_empty_rows_pass(shape):
    for bits in (False, True):
        check_values(rows(np.zeros(shape, np.float32), shape[1], bits=bits), bits=bits)


def test_memory_stays_bounded_and_the_last_value_is_checked():
    x = np.zeros((5000, 2000), np.float32)
    x[-1, -1] = 3
    tracemalloc.start()
    said = message(x, 2000, bits=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said.startswith("x[4999, 1999] (row 4999, column 1999) is 3.0")
    assert peak < x.nbytes / 4
