"""`.csv` files as programs and people break them, as rows for a model and as data of one's own."""

from pathlib import Path
from random import Random

from gategrad import data, files
from gategrad.data import DataError
from gategrad.encoding import EncodingError
from gategrad.engine import InputError
from gategrad.files import FileError
from tests.files.examples import table_model, table_rows
from tests.fuzz import mutate

DOCUMENTED = (FileError, DataError, InputError)
MODEL = table_model()
CELLS = ("1", "1.0", "-0", "1e400", "nan", "NaN", "inf", "", " ", '"', '""', '"a', "a\"b", "1,5",
         "0x1", "1_000", "\x00", "\r", "é", "\ufeff", "\u2028", "9" * 400, "2024-01-02", "None",
         "red", "green", "10", "20", "True", "a\nb", "'", "=1+1", "\x1b[31m", "+3")  # fmt: skip


def warm_up(folder: Path) -> None:
    """Read a sound file."""
    use(folder, text([["age", "colour", "zip"], *table_rows(40).tolist()]).encode(), "age")


def run(rng: Random, folder: Path) -> None:
    """Change cells, rows, separators or bytes of a file."""
    use(folder, changed(rng), rng.choice(("age", "colour", "zip", "age,zip", "", "none")))


def changed(rng: Random) -> bytes:
    """A table with odd cells, uneven rows, odd names, separators, line ends and encodings."""
    rows = [["age", "colour", "zip"], *table_rows(rng.choice((0, 1, 40, 400))).tolist()]
    for _ in range(rng.choice((0, 1, 2, 10))):
        row = rng.choice(rows)
        if row and rng.random() < 0.7:
            row[rng.randrange(len(row))] = rng.choice(CELLS)
        elif rng.random() < 0.5:
            row.append(rng.choice(CELLS))
        elif row:
            row.pop()
    if rng.random() < 0.1:
        rows[0] = [rng.choice(CELLS) for _ in range(rng.choice((1, 3, 3, 3_000)))]
    made = text(rows, rng.choice((",", ",", ",", ";", "\t", "|")), rng.choice(("\n", "\r\n", "\r")))
    encoded = made.encode(
        rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin1")), "replace"
    )
    return mutate.raw(rng, encoded) if rng.random() < 0.3 else encoded


def text(rows: list[list[object]], separator: str = ",", end: str = "\n") -> str:
    """Lines without any quoting that the cells don't bring along."""
    return "".join(separator.join(map(str, row)) + end for row in rows)


def use(folder: Path, content: bytes, target: str) -> None:
    """Rows for a model, then rows and labels to train on, of every kind of target."""
    path = folder / "x.csv"
    path.write_bytes(content)
    for targets in ("classes", "labels", "numbers"):
        try:
            data.load_file(path, target=target, targets=targets)
        except (DataError, EncodingError) as error:
            str(error).encode()
    for rows in files.rows(MODEL, path):
        assert rows.shape[1] == 3
    files.predict(MODEL, path, folder / "out.csv", threads=1)
