"""The file formats, on made files."""

import gzip
import struct

import numpy as np
import pytest

from gategrad.data import DataError, cifar, idx, tables


def idx_file(values, kind=8):
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, kind, values.ndim, *values.shape)
    return gzip.compress(header + values.astype(np.uint8).tobytes(), mtime=0)


def test_idx_gives_the_values_back():
    values = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    assert np.array_equal(idx.parse(idx_file(values), dimensions=3, name="f"), values)


def test_mnist_is_flattened_row_by_row():
    images, labels = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 251, np.array([7, 3])
    files = {}
    for part in ("train", "t10k"):
        files[f"{part}-images-idx3-ubyte.gz"] = idx_file(images)
        files[f"{part}-labels-idx1-ubyte.gz"] = idx_file(labels)
    x_train, y_train, _, y_test = idx.load(files.__getitem__)
    assert x_train[0, 28] == images[0, 1, 0]
    assert y_train.tolist() == y_test.tolist() == [7, 3]


def test_mnist_with_another_number_of_labels():
    files = {
        "train-images-idx3-ubyte.gz": idx_file(np.zeros((2, 28, 28))),
        "train-labels-idx1-ubyte.gz": idx_file(np.zeros(3)),
    }
    with pytest.raises(DataError, match=r"has 2 images, train-labels-idx1-ubyte\.gz 3"):
        idx.load(files.__getitem__)


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (b"plain", "f is not a complete gzip file"),
        (idx_file(np.zeros((2, 2)))[:-9], "f is not a complete gzip file"),
        (gzip.compress(b"", mtime=0), "begins with nothing, expected 00000801"),
        (idx_file(np.zeros((2, 2))), "begins with 00000802, expected 00000801"),
        (idx_file(np.zeros(4), kind=9), "begins with 00000901, expected 00000801"),
        (
            gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 5, 1, 2]), mtime=0),
            "announces 5 values but holds 2",
        ),
    ],
)
def test_what_is_no_idx_file(blob, message):
    with pytest.raises(DataError, match=message):
        idx.parse(blob, dimensions=1, name="f")


def cifar_file(labels, rng):
    images = rng.integers(0, 256, (len(labels), 3072)).astype(np.uint8)
    return np.concatenate([labels.astype(np.uint8), images], 1).tobytes(), images


def test_cifar_100_takes_the_fine_label():
    rng = np.random.default_rng(1)
    labels = np.stack([rng.integers(0, 20, 30), rng.integers(0, 100, 30)], 1)
    train, images = cifar_file(labels, rng)
    test, _ = cifar_file(labels[:5], rng)
    files = {"cifar-100-binary/train.bin": train, "cifar-100-binary/test.bin": test}
    x_train, y_train, x_test, y_test = cifar.load_cifar_100(files.__getitem__)
    assert np.array_equal(x_train, images)
    assert np.array_equal(y_train, labels[:, 1])
    assert (x_test.shape, x_test.dtype) == ((5, 3072), np.uint8)
    assert (y_test.shape, y_test.dtype) == ((5,), np.int64)


def test_cifar_10_puts_the_batches_in_order():
    rng = np.random.default_rng(2)
    files, images = {}, []
    for i, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        files[f"cifar-10-batches-bin/{name}.bin"], image = cifar_file(np.array([[i], [i]]), rng)
        images.append(image)
    x_train, y_train, x_test, y_test = cifar.load_cifar_10(files.__getitem__)
    assert y_train.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert y_test.tolist() == [5, 5]
    assert np.array_equal(x_train, np.concatenate(images[:5]))
    assert np.array_equal(x_test, images[5])


@pytest.mark.parametrize("length", [0, 3072, 3073, 2 * 3074 - 1])
def test_cifar_of_a_wrong_length(length):
    with pytest.raises(DataError, match=r"f has .* bytes, expected a multiple of 3,074"):
        cifar.parse(bytes(length), label_limits=(20, 100), name="f")


def test_cifar_with_a_label_out_of_range():
    blob = bytes(3073) + bytes([10]) + bytes(3072)
    with pytest.raises(DataError, match="image 1 has label 10 in byte 0, expected less than 10"):
        cifar.parse(blob, label_limits=(10,), name="f")


def table(text, **options):
    defaults = {"width": 3, "numbers": (0,), "label": 2, "name": "f"}
    return tables.parse(text.encode(), **(defaults | options))


def test_a_table_types_its_cells_and_keeps_the_question_mark():
    x, labels = table("|comment\n1, a, yes\n\n2.5, ?, no\n")
    assert x.dtype == object
    assert x.tolist() == [[1.0, "a"], [2.5, "?"]]
    assert labels == ["yes", "no"]


def test_a_table_with_the_label_in_front():
    x, labels = table("yes,1,a", label=0)
    assert (x.tolist(), labels) == ([[1.0, "a"]], ["yes"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,a,yes\n1,a\n", "f line 2 has 2 cells, expected 3"),
        ("1,a,yes\n\nb,a,no\n", "f line 3, column 1: 'b' is not a number"),
    ],
)
def test_a_broken_table(text, message):
    with pytest.raises(DataError, match=message):
        table(text)


def test_adult_drops_the_full_stop_of_its_test_labels():
    row = "1, b, 2, d, 3, f, g, h, i, j, 4, 5, 6, n, "
    files = {
        "adult.data": f"{row}<=50K\n{row}>50K\n".encode(),
        "adult.test": f"|1x3 Cross validator\n{row}>50K.\n".encode(),
    }
    x_train, y_train, _, y_test = tables.load_adult(files.__getitem__)
    assert x_train[0].tolist() == [1, "b", 2, "d", 3, "f", "g", "h", "i", "j", 4, 5, 6, "n"]
    assert (y_train.tolist(), y_test.tolist()) == ([0, 1], [1])


def test_an_unknown_label_is_named():
    files = {"breast-cancer.data": b"maybe,a,b,c,d,e,1,f,g,h\n"}
    with pytest.raises(DataError, match="has the label 'maybe', expected no-recurrence-events or"):
        tables.load_breast_cancer(files.__getitem__)


def test_monks():
    files = {"monks-2.train": b" 1 3 2 1 3 4 2 data_5\n\n", "monks-2.test": b" 0 1 1 1 1 1 1 d\n"}
    x_train, y_train, x_test, y_test = tables.load_monks(files.__getitem__, 2)
    assert (x_train.tolist(), x_train.dtype) == ([[3, 2, 1, 3, 4, 2]], np.uint8)
    assert (y_train.tolist(), y_test.tolist()) == ([1], [0])
    assert x_test.tolist() == [[1] * 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"1 2 3 x\n", r"rows of shape \(3,\), expected 7 integers"),
        (b"", r"rows of shape .*, expected 7 integers"),
        (b"1 2 3 x\n1 x\n", "not a table of small integers"),
        (b"a b c d e f g h\n", "not a table of small integers"),
    ],
)
def test_broken_monks(text, message):
    with pytest.raises(DataError, match=message):
        tables.load_monks({"monks-1.train": text}.__getitem__, 1)
