"""`.npz` archives of hostile members or bytes, read as rows and as data of one's own."""

import io
import zipfile
from pathlib import Path
from random import Random

import numpy as np

from gategrad import data
from gategrad.data import DataError
from gategrad.engine import InputError
from gategrad.files import FileError
from tests.files.examples import byte_rows
from tests.fuzz import mutate, npy_cases

DOCUMENTED = (FileError, DataError, InputError)
NAMES = ("x.npy", "y.npy", "x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy")


def warm_up(folder: Path) -> None:
    """Read a sound archive."""
    use(folder, archive([("x.npy", npy_cases.saved(byte_rows(40))), ("y.npy", labels(40))]))


def run(rng: Random, folder: Path) -> None:
    """Change members or bytes of an archive, and read it in both ways."""
    use(folder, changed(rng))


def changed(rng: Random) -> bytes:
    """An archive of arrays, some of them hostile."""
    n = rng.choice((1, 40, 300))
    members = [("x.npy", npy_cases.saved(byte_rows(n))), ("y.npy", odd_labels(rng, n))]
    if rng.random() < 0.6:
        members[rng.randrange(2)] = (rng.choice(NAMES), npy_cases.changed(rng))
    if rng.random() < 0.2:
        members.append((rng.choice((*NAMES, "z", "../x.npy", "x.npy")), npy_cases.changed(rng)))
    packed = archive(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    return mutate.raw(rng, packed) if rng.random() < 0.5 else packed


def labels(n: int) -> bytes:
    """Three classes."""
    return npy_cases.saved(np.arange(n) % 3)


def odd_labels(rng: Random, n: int) -> bytes:
    """Labels of any kind."""
    made = [mutate.number(rng) for _ in range(n)]
    array = rng.choice((
        np.arange(n) % 3, np.array([v % 2**63 for v in made], np.int64), np.linspace(-1, 1, n),
        np.full(n, np.nan), np.array([rng.choice(("a", "é", "a\r", "")) for _ in range(n)]),
        np.zeros((n, 3), int), np.zeros(n, bool), np.zeros(n, complex), np.zeros((n, 0)),
        np.array([v % 2**64 for v in made], np.uint64), np.zeros(n, "M8[s]"), np.zeros(n + 1, int),
        np.float64([v % 2**70 for v in made]), np.array([b"a"] * n),
    ))  # fmt: skip
    return npy_cases.saved(array)


def archive(members: list[tuple[str, bytes]], packing: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as file:
        for name, content in members:
            # A name that comes twice is one of the cases, and zipfile's warning about it none.
            file.NameToInfo.pop(name, None)
            file.writestr(name, content)
    return buffer.getvalue()


def use(folder: Path, content: bytes) -> None:
    """Rows for a model, then rows and labels to train on, of every kind of target."""
    (folder / "x.npz").write_bytes(content)
    for targets in ("classes", "labels", "numbers"):
        try:
            data.load_file(folder / "x.npz", targets=targets)
        except DataError as error:
            str(error).encode()
    npy_cases.use(folder, "x.npz", content)
