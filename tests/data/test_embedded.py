"""The MNIST in the wheel."""

import hashlib
import lzma

import numpy as np
import pytest

from gategrad import data
from gategrad.data import embedded


@pytest.fixture(scope="module")
def parts():
    return data.load("mnist-1bit")


def test_shapes_and_dtypes(parts):
    x_train, y_train, x_test, y_test = parts
    assert (x_train.shape, x_train.dtype) == ((60_000, 784), np.bool_)
    assert (x_test.shape, x_test.dtype) == ((10_000, 784), np.bool_)
    assert (y_train.shape, y_train.dtype) == ((60_000,), np.int64)
    assert (y_test.shape, y_test.dtype) == ((10_000,), np.int64)


def test_the_labels_are_mnists(parts):
    assert parts[1][:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert parts[3][:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(parts[1]).tolist() == [
        *(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
    ]


def test_the_first_test_image_is_a_seven(parts):
    rows = ["".join(".#"[int(bit)] for bit in row) for row in parts[2][0].reshape(28, 28)]
    assert rows[8] == "......###############......."
    assert rows[20] == ".............###............"


def test_the_bytes_of_a_bool_are_zero_or_one(parts):
    assert set(np.unique(parts[2].view(np.uint8))) == {0, 1}


def test_the_pixels_are_mnists_above_the_middle(parts):
    if data.status("mnist") == "not here":
        pytest.skip("needs mnist: set GATEGRAD_DATA")
    x_train, y_train, x_test, y_test = data.load("mnist")
    assert np.array_equal(parts[0], x_train > 127.5)
    assert np.array_equal(parts[1], y_train)
    assert np.array_equal(parts[2], x_test > 127.5)
    assert np.array_equal(parts[3], y_test)


def test_it_is_small_and_its_licence_lies_beside_it():
    folder = data.fetch("mnist-1bit")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000
    licence = (folder / "LICENSE.txt").read_text()
    for words in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0", "Changes:"):
        assert words in licence


def test_a_flipped_byte_is_refused(tmp_path, monkeypatch):
    blob = bytearray((embedded.folder() / "mnist_1bit.xz").read_bytes())
    blob[-1000] ^= 1
    (tmp_path / "mnist_1bit.xz").write_bytes(blob)
    monkeypatch.setattr(embedded, "folder", lambda: tmp_path)
    with pytest.raises(data.DataError, match=r"mnist_1bit\.xz is damaged: .*reinstall gategrad"):
        data.load("mnist-1bit")


def test_a_lost_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "folder", lambda: tmp_path)
    with pytest.raises(data.DataError, match=r"mnist_1bit\.xz cannot be read .*reinstall"):
        data.load("mnist-1bit")


def test_unpack_reads_rows_of_four_bytes(monkeypatch):
    monkeypatch.setattr(embedded, "N_TRAIN", 1)
    monkeypatch.setattr(embedded, "N_TEST", 1)
    images = bytearray(2 * 28 * 4)
    images[0] = 0b1000_0001  # first image, first row, pixels 0 and 7
    images[28 * 4 + 4 + 3] = 0b0001_0000  # second image, second row, pixel 27
    x, y = embedded.unpack(bytes(images) + bytes([3, 9]))
    assert np.argwhere(x).tolist() == [[0, 0], [0, 7], [1, 28 + 27]]
    assert y.tolist() == [3, 9]


def test_the_checksum_is_of_the_packed_bytes():
    blob = (embedded.folder() / "mnist_1bit.xz").read_bytes()
    assert hashlib.sha256(blob).hexdigest() == embedded.SHA256
    assert len(lzma.decompress(blob)) == 70_000 * (28 * 4 + 1)
