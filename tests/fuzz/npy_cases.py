"""`.npy` files with hostile heads and bodies, read as rows for a model."""

import io
from pathlib import Path
from random import Random

import numpy as np

from gategrad import files
from gategrad.data import DataError
from gategrad.engine import InputError
from gategrad.files import FileError
from tests.files.examples import byte_model, byte_rows
from tests.fuzz import mutate

DOCUMENTED = (FileError, DataError, InputError)
MODEL = byte_model()
DESCRIPTIONS = ("|u1", "<f4", ">f8", "<i8", "|b1", "|O", "<U9", "|S3", "<M8[s]", "|V7", "<f2",
                "<c16", "|u1x", "", [("a", "<f4")], 5, None, ("<f4", 3), "<U99999999")  # fmt: skip


def warm_up(folder: Path) -> None:
    """Predict for a sound file."""
    use(folder, "sound.npy", saved(byte_rows(40)))


def run(rng: Random, folder: Path) -> None:
    """Change a file of rows, and predict."""
    use(folder, "x.npy", changed(rng))


def changed(rng: Random) -> bytes:
    """An array's file with another head, or with other bytes."""
    dtype = rng.choice((np.uint8, np.float32, np.float64, bool, np.int64))
    rows = byte_rows(rng.choice((0, 1, 30, 700))).astype(dtype)
    data = saved(np.asfortranarray(rows) if rng.random() < 0.3 else rows)
    if rng.random() < 0.3:
        return mutate.raw(rng, data)
    return with_head(rng, data, rows)


def with_head(rng: Random, data: bytes, rows: np.ndarray) -> bytes:
    """The file with one to two fields of its head changed, and at times its body cut or longer."""
    (length,) = np.frombuffer(data[8:10], "<u2")
    head = {"descr": rows.dtype.str, "fortran_order": False, "shape": rows.shape}
    for _ in range(rng.choice((1, 1, 2))):
        field = rng.choice(("shape", "shape", "descr", "fortran_order"))
        head[field] = {
            "shape": shape(rng),
            "descr": rng.choice(DESCRIPTIONS),
            "fortran_order": rng.choice((True, False, 1, None, "x")),
        }[field]
    text = (
        repr(head) if rng.random() < 0.9 else repr(head).replace(",", rng.choice(("", ",,", "(")))
    )
    body = data[10 + length :]
    body = rng.choice((body, body, body[:-3], body * 2, b""))
    encoded = text.encode("latin1", "replace").ljust(117) + b"\n"
    version = rng.choice((1, 1, 1, 2, 3, 4, 255))
    size = len(encoded).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + encoded + body


def shape(rng: Random) -> object:
    """Sizes of one to three dimensions, or no shape at all."""
    if rng.random() < 0.1:
        return mutate.value(rng)
    return tuple(
        rng.choice((0, 1, 12, mutate.number(rng))) for _ in range(rng.choice((1, 2, 2, 3)))
    )


def saved(array: np.ndarray) -> bytes:
    """As `np.save` writes it."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def use(folder: Path, name: str, data: bytes) -> None:
    """Predict for a file of this content, with all readers that take its kind."""
    path = folder / name
    path.write_bytes(data)
    for rows in files.rows(MODEL, path):
        assert rows.shape[1] == 12
    files.predict(MODEL, path, folder / "out.npy", threads=1)
