"""The data set in the wheel: MNIST at one bit a pixel.

`mnist_1bit/mnist_1bit.xz` unpacks to the images, 28 rows of 4 bytes each (28 pixels from the most
significant bit on, then 4 zero bits), then one label byte an image; the 60,000 training images come
first. tools/embed_mnist.py makes the file; LICENSE.txt beside it says whose work it is.
"""

import hashlib
import lzma
from importlib import resources
from pathlib import Path

import numpy as np

from gategrad.data.errors import DataError

NAME = "mnist-1bit"
N_TRAIN, N_TEST = 60_000, 10_000
SHA256 = "3b33e111dbaeeac0fa6cda853060b5971a4e34a302f8d38d8a7341e3938dd086"


def folder() -> Path:
    """The folder in the package that holds the file and its licence."""
    return Path(str(resources.files("gategrad.data") / "mnist_1bit"))


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The embedded MNIST.

    Returns:
        x_train (60000, 784) bool, y_train (60000,) int64, x_test (10000, 784) bool,
        y_test (10000,) int64. A pixel is True where MNIST's is above 127.5.

    Raises:
        DataError: the installed file is damaged.
    """
    x, y = unpack(lzma.decompress(_read(folder() / "mnist_1bit.xz")))
    return x[:N_TRAIN], y[:N_TRAIN], x[N_TRAIN:], y[N_TRAIN:]


def unpack(payload: bytes) -> tuple[np.ndarray, np.ndarray]:
    """(images (70000, 784) bool, labels (70000,) int64) of the uncompressed content."""
    n = N_TRAIN + N_TEST
    content = np.frombuffer(payload, np.uint8)
    rows = content[: n * 28 * 4].reshape(n * 28, 4)
    pixels = np.unpackbits(rows, axis=1, count=28).view(bool)
    return pixels.reshape(n, 784), content[n * 28 * 4 :].astype(np.int64)


def _read(path: Path) -> bytes:
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); reinstall gategrad") from error
    found = hashlib.sha256(blob).hexdigest()
    if found != SHA256:
        raise DataError(
            f"{path} is damaged: sha256 is {found}, expected {SHA256}; reinstall gategrad"
        )
    return blob
