"""The binary version of CIFAR-10 and CIFAR-100: label bytes, then 3,072 pixel bytes, a record."""

from collections.abc import Callable

import numpy as np

from gategrad.data.errors import DataError

PIXELS = 3 * 32 * 32

Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def parse(blob: bytes, *, label_limits: tuple[int, ...], name: str) -> tuple[np.ndarray, ...]:
    """Images and labels of one file.

    Args:
        blob: the file's bytes.
        label_limits: number of classes for each label byte of a record, in order.
        name: the file's name, for messages.

    Returns:
        images (n, 3072) uint8, red plane first, row by row; labels (n,) int64 of the last byte.

    Raises:
        DataError: the length is no multiple of a record, or a label is out of range.
    """
    width = len(label_limits) + PIXELS
    if not blob or len(blob) % width:
        raise DataError(
            f"{name} has {len(blob):,} bytes, expected a multiple of {width:,} (one image); "
            "the file is incomplete or of another version"
        )
    records = np.frombuffer(blob, np.uint8).reshape(-1, width)
    labels = records[:, : len(label_limits)]
    wrong = np.argwhere(labels >= np.array(label_limits))
    if len(wrong):
        row, column = wrong[0]
        raise DataError(
            f"{name}: image {row} has label {labels[row, column]} in byte {column}, "
            f"expected less than {label_limits[column]}"
        )
    return records[:, len(label_limits) :].copy(), labels[:, -1].astype(np.int64)


def load_cifar_10(read: Callable[[str], bytes]) -> Parts:
    """x_train (50000, 3072) uint8, y_train (50000,) int64, x_test, y_test, from six files."""
    batches = [_batch(read, f"data_batch_{i}") for i in range(1, 6)]
    x, y = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    x_test, y_test = _batch(read, "test_batch")
    return x, y, x_test, y_test


def load_cifar_100(read: Callable[[str], bytes]) -> Parts:
    """x_train (n, 3072) uint8, y_train (n,) int64 fine labels, x_test, y_test, from two files."""
    train, test = "cifar-100-binary/train.bin", "cifar-100-binary/test.bin"
    x, y = parse(read(train), label_limits=(20, 100), name=train)
    x_test, y_test = parse(read(test), label_limits=(20, 100), name=test)
    return x, y, x_test, y_test


def _batch(read: Callable[[str], bytes], name: str) -> tuple[np.ndarray, ...]:
    path = f"cifar-10-batches-bin/{name}.bin"
    return parse(read(path), label_limits=(10,), name=path)
