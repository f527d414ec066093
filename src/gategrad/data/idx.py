"""The IDX format of MNIST and Fashion-MNIST: a big-endian header, then unsigned bytes."""

import gzip
import struct
import zlib
from collections.abc import Callable

import numpy as np

from gategrad.data.errors import DataError


def parse(blob: bytes, *, dimensions: int, name: str) -> np.ndarray:
    """The array in a gzipped IDX file of unsigned bytes.

    Args:
        blob: the file's bytes.
        dimensions: 1 for labels, 3 for images.
        name: the file's name, for messages.

    Returns:
        uint8 array of that many dimensions.

    Raises:
        DataError: it is not such a file.
    """
    try:
        content = gzip.decompress(blob)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} is not a complete gzip file: {error}") from error
    header = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) < header:
        raise DataError(
            f"{name} is not an IDX file of {dimensions}-dimensional unsigned bytes: "
            f"it begins with {content[:4].hex() or 'nothing'}, expected 000008{dimensions:02x}"
        )
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    values = np.frombuffer(content, np.uint8, offset=header)
    if values.size != np.prod(shape, dtype=object):
        raise DataError(
            f"{name} announces {' x '.join(map(str, shape))} values but holds {values.size:,}"
        )
    return values.reshape(shape)


def load(read: Callable[[str], bytes]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The four files of MNIST or Fashion-MNIST.

    Args:
        read: gives the bytes of a published file by its name.

    Returns:
        x_train (60000, 784) uint8, y_train (60000,) int64, x_test, y_test.
    """
    return *_part(read, "train"), *_part(read, "t10k")


def _part(read: Callable[[str], bytes], part: str) -> tuple[np.ndarray, np.ndarray]:
    image_file, label_file = f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"
    images = parse(read(image_file), dimensions=3, name=image_file)
    labels = parse(read(label_file), dimensions=1, name=label_file)
    if len(images) != len(labels):
        raise DataError(f"{image_file} has {len(images):,} images, {label_file} {len(labels):,}")
    return images.reshape(len(images), -1).copy(), labels.astype(np.int64)
