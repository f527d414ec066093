"""Make src/gategrad/data/mnist_1bit/mnist_1bit.xz from the published MNIST.

usage: GATEGRAD_DATA=... python tools/embed_mnist.py [--check]

A pixel becomes 1 where it is above 127.5, the middle of its range. The layout is described in
src/gategrad/data/embedded.py, which also holds the file's SHA-256: the two change together. The
bytes depend on the input and on liblzma's encoder alone. --check compares and writes nothing.
"""

import argparse
import hashlib
import lzma
import sys

import numpy as np

from gategrad import data
from gategrad.data import embedded

THRESHOLD = 127.5

# Four bytes a row of pixels: the position in the row is what a byte's statistics depend on (lp,
# pb), and not the byte before it (lc). 1.32 MB; 1.45 MB without padding and with the defaults.
FILTERS = [
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 9 | lzma.PRESET_EXTREME,
        "dict_size": 1 << 23,
        "lc": 0,
        "lp": 2,
        "pb": 2,
    }
]


def payload(x: np.ndarray, y: np.ndarray) -> bytes:
    """Images (n, 784) bool and labels (n,) as the content of the file."""
    rows = np.packbits(x.reshape(-1, 28), axis=1)
    return rows.tobytes() + y.astype(np.uint8).tobytes()


def build() -> bytes:
    """The file's bytes."""
    x_train, y_train, x_test, y_test = data.load("mnist")
    x = np.concatenate([x_train, x_test]) > THRESHOLD
    return lzma.compress(payload(x, np.concatenate([y_train, y_test])), filters=FILTERS)


def main() -> None:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description="embed MNIST at one bit a pixel")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    blob = build()
    path = embedded.folder() / "mnist_1bit.xz"
    if check:
        same = path.read_bytes() == blob
        sys.exit(0 if same else f"{path} differs from what this machine makes")
    path.write_bytes(blob)
    sum_ = hashlib.sha256(blob).hexdigest()
    print(f"{path}: {len(blob):,} bytes, sha256 {sum_}")
    if sum_ != embedded.SHA256:
        sys.exit(f"set SHA256 in {embedded.__file__} to this sum")


if __name__ == "__main__":
    main()
