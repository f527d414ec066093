"""Rows of objects and text behind tables: read in the core, with the bits of `encode`."""

import datetime
import decimal

import numpy as np
import pytest

import gategrad as gg
from gategrad import _core, engine
from gategrad.circuit import evaluate_sums
from gategrad.encoding import EncodingError, OneHot, Table, Thermometer
from gategrad.engine.routes import Route
from tests.random_circuits import random_circuit, random_readout

LEVELS = [[0.0, 1 / 3], [1.5, 2.0]]
KNOWN = ("red", "", "7", "1.50", "Grün", "a" * 40, "\ufeffx", 2.0, -0.0, 0.1)
NUMBERS = (0.0, -0.0, 1.5, 1 / 3, np.inf, 7, True, -3, 2**53 - 1, np.float32(0.1), np.int8(3))
TEXTS = (
    "0",
    " 1.5 ",
    "-2.",
    "+2",
    ".5",
    "1e3",
    "inf",
    "0.3333333333333333",
    "-0.0",
    "123456789012",
)
CELLS = ("red", "Red", "7.0", "+7", " 7", "1.5", "", "Grün", "a" * 40, "a" * 41, "\ufeffx", "x",
         "2", 2, 2.0, 3.5, 0, -0.0, False, "0.1", 0.1, np.float32(0.1), np.str_("red"), np.int64(2),
         "1_0", np.inf)  # fmt: skip
GAPS = (None, np.nan, float("nan"), np.float32("nan"), np.datetime64("NaT", "s"))


def table(missing: str = "error", unknown: str = "zero") -> Table:
    """Two columns of numbers, and two of categories between them."""
    parts = (Thermometer(LEVELS), OneHot((KNOWN, ("b", 1.0)), unknown=unknown))
    marked = (0, 1) if missing == "indicator" else ()
    fills = (1.0, "red", 1.0, 0.4) if missing == "most-frequent" else ()
    return Table(parts, ((3, 0), (1, 2)), missing=missing, marked=marked, fills=fills)


def rows_of(n_rows: int, numbers: tuple, categories: tuple) -> np.ndarray:
    rng = np.random.default_rng(n_rows)
    x = np.empty((n_rows, 4), object)
    for column, cells in enumerate((numbers, categories, categories, numbers)):
        for row, place in enumerate(rng.integers(0, len(cells), n_rows)):
            x[row, column] = cells[place]
    return x


def both(encoder: Table | OneHot, x: np.ndarray) -> tuple[engine.lower, np.ndarray]:
    circuit = random_circuit(n_inputs=encoder.n_inputs, n_gates=90, n_outputs=40, width=3)
    readout = random_readout(40, 3)
    program = engine.lower(circuit, readout, encoder)
    return program, evaluate_sums(circuit, readout, encoder.encode(x))


@pytest.fixture
def no_encoding(monkeypatch: pytest.MonkeyPatch) -> object:
    def begin() -> None:
        monkeypatch.setattr(Table, "encode", lambda self, x: pytest.fail("encoded in numpy"))

    return begin


@pytest.mark.parametrize("n_rows", [0, 1, 3, 70, 5000])
@pytest.mark.parametrize("missing", ["error", "zero", "indicator", "most-frequent"])
def test_objects_agree_with_the_encoder(n_rows: int, missing: str, no_encoding) -> None:
    gaps = () if missing == "error" else GAPS
    blank = () if missing == "error" else ("", "  ")
    x = rows_of(n_rows, NUMBERS + TEXTS + gaps + blank, CELLS + gaps)
    program, sums = both(table(missing), x)
    assert program.route(x) is Route.CELLS
    if missing in ("error", "zero"):
        no_encoding()
    np.testing.assert_array_equal(program.sums(x), sums)
    np.testing.assert_array_equal(program.sums(np.asfortranarray(x)[::-1], threads=2), sums[::-1])


@pytest.mark.parametrize("n_rows", [0, 1, 70, 5000])
def test_text_agrees_with_the_encoder(n_rows: int, no_encoding) -> None:
    words = tuple(cell for cell in CELLS if type(cell) is str)
    x = rows_of(n_rows, TEXTS, words).astype(str)
    program, sums = both(table(), x)
    no_encoding()
    np.testing.assert_array_equal(program.sums(x), sums)
    np.testing.assert_array_equal(program.sums(np.asfortranarray(x)), sums)


def test_text_of_another_byte_order_is_encoded() -> None:
    x = rows_of(20, TEXTS, ("red", "x")).astype(str)
    program, sums = both(table(), x)
    np.testing.assert_array_equal(program.sums(x.astype(x.dtype.newbyteorder())), sums)


def test_categories_alone() -> None:
    x = rows_of(600, CELLS, CELLS)[:, 1:3]
    program, sums = both(OneHot((KNOWN, ("b", 1.0))), x)
    assert program.route(x) is Route.CELLS
    np.testing.assert_array_equal(program.sums(x), sums)


@pytest.mark.parametrize(
    ("cell", "column"),
    [(2**53 + 1, 0), (2**70, 1), ("tall", 0), ("1_0", 0), (None, 1), (np.nan, 3), ("", 0),
     (datetime.date(2020, 1, 1), 1), (decimal.Decimal(1), 0), ("green", 1), (3.0, 2)],
)  # fmt: skip
def test_errors_are_those_of_the_encoder(cell: object, column: int) -> None:
    x = rows_of(600, (1.0,), ("red",))
    x[:, 2] = "b"
    encoder = table(unknown="error")
    program, _ = both(encoder, x)
    x[431, column] = cell
    with pytest.raises(EncodingError, match="row 431") as expected:
        encoder.encode(x)
    with pytest.raises(EncodingError) as found:
        program.sums(x)
    assert str(found.value) == str(expected.value)


def _mixed() -> tuple[Table, np.ndarray]:
    x = rows_of(3000, (1.0, 0.25, 1.75), ("red", "Grün", "other"))
    encoder = table("zero")
    return Table(encoder.encoders, encoder.columns, ("p", "q", "r", "s"), "zero"), x


def _model(encoder: Table) -> gg.Model:
    circuit = random_circuit(n_inputs=encoder.n_inputs, n_gates=90, n_outputs=40, width=3)
    return gg.Model(circuit, random_readout(40, 3), encoder)


@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_columns_of_pandas(kind: str, no_encoding) -> None:
    pandas = pytest.importorskip("pandas")
    encoder, x = _mixed()
    x[::7, 1] = None
    frame = pandas.DataFrame({name: x[:, i] for i, name in enumerate("pqrs")})
    frame = frame.astype({"p": "float32", "s": float, "q": kind, "r": kind})[list("srqp")]
    model = _model(encoder)
    sums = model.sums(x, backend="numpy")
    assert model.program().route(frame) is Route.CELLS
    no_encoding()
    np.testing.assert_array_equal(model.sums(frame), sums)


@pytest.mark.parametrize("encoded", [False, True])
def test_columns_of_arrow(encoded: bool, no_encoding) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    encoder, x = _mixed()
    x[::7, 1] = None
    columns = {name: pyarrow.array(x[:, i].tolist()) for i, name in enumerate("pqrs")}
    columns["unread"] = columns["q"]
    if encoded:
        columns["q"] = columns["q"].dictionary_encode()
    rows = pyarrow.table(columns)
    model = _model(encoder)
    sums = model.sums(x, backend="numpy")
    no_encoding()
    np.testing.assert_array_equal(model.sums(pyarrow.concat_tables([rows, rows]))[: len(x)], sums)
    np.testing.assert_array_equal(model.sums(rows.slice(5)), sums[5:])


def test_chunks_of_arrow_with_texts_and_gaps_of_their_own(no_encoding) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    encoder, x = _mixed()
    x[5:9, 1] = x[2000:2003, 2] = None
    x[:, 3] = np.array([f" {value}" for value in x[:, 3]], object)
    columns = {}
    for i, name in enumerate("pqrs"):
        kind = pyarrow.float64() if name == "p" else pyarrow.string()
        parts = [pyarrow.array(x[a:b, i].tolist(), kind) for a, b in ((0, 7), (7, 7), (7, 3000))]
        columns[name] = pyarrow.chunked_array(
            [part.dictionary_encode() for part in parts] if name in "qr" else parts
        )
    model = _model(encoder)
    sums = model.sums(x, backend="numpy")
    rows = pyarrow.table(columns)
    assert model.program().route(rows) is Route.CELLS
    no_encoding()
    np.testing.assert_array_equal(model.sums(rows), sums)
    np.testing.assert_array_equal(model.sums(rows.slice(0, 0)), sums[:0])


@pytest.mark.parametrize("n_rows", [2, 600])
def test_categories_that_no_row_has_are_not_asked_for(n_rows: int, no_encoding) -> None:
    pandas = pytest.importorskip("pandas")
    encoder = table(unknown="error")
    encoder = Table(encoder.encoders, encoder.columns, ("p", "q", "r", "s"))
    x = rows_of(n_rows, (1.0,), ("red", "Grün"))
    x[:, 2] = "b"
    frame = pandas.DataFrame({name: x[:, i] for i, name in enumerate("pqrs")})
    unseen = [f"unseen {i}" for i in range(50)]
    frame["q"] = frame["q"].astype(pandas.CategoricalDtype(["red", "Grün", *unseen]))
    model = _model(encoder)
    sums = model.sums(x, backend="numpy")
    no_encoding()
    np.testing.assert_array_equal(model.sums(frame), sums)


def test_routes_of_other_tables() -> None:
    pandas = pytest.importorskip("pandas")
    encoder, x = _mixed()
    program = _model(encoder).program()
    numbers = pandas.DataFrame({name: np.arange(5) for name in "pqrs"})
    assert program.route(numbers) is Route.ENCODER  # the core knows no categories of text
    parts = (Thermometer(LEVELS), OneHot(((1.0, 2.0), (3.0,))))
    compared = _model(Table(parts, ((3, 0), (1, 2)), ("p", "q", "r", "s"))).program()
    assert compared.route(numbers) is Route.NUMBERS
    assert program.route(x.tolist()) is Route.ENCODER
    assert program.route(numbers.to_records(index=False)) is Route.ENCODER


def test_a_column_of_large_integers_is_refused_as_by_the_encoder() -> None:
    pandas = pytest.importorskip("pandas")
    encoder, x = _mixed()
    frame = pandas.DataFrame({name: x[:, i] for i, name in enumerate("pqrs")})
    frame["p"] = 2**53 + 1
    with pytest.raises(EncodingError, match="beyond 2"):
        _model(encoder).sums(frame)


@pytest.mark.parametrize(("kind", "n_texts"), [("int8", 128), ("uint8", 256)])
def test_gaps_among_as_many_texts_of_arrow_as_its_places_can_tell(kind: str, n_texts: int) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    encoder, x = _mixed()
    texts = ["red", *(f"text {i}" for i in range(n_texts - 1))]
    places = np.arange(len(x)) % n_texts
    x[:, 1] = np.array(texts, object)[places]
    x[::7, 1] = None
    columns = {name: pyarrow.array(x[:, i].tolist()) for i, name in enumerate("pqrs")}
    indices = pyarrow.array(places.astype(kind), mask=np.equal(x[:, 1], None))
    columns["q"] = pyarrow.DictionaryArray.from_arrays(indices, pyarrow.array(texts))
    model = _model(encoder)
    np.testing.assert_array_equal(model.sums(pyarrow.table(columns)), model.sums(x))


@pytest.mark.parametrize("kind", ["int32", "uint32", "uint64"])
def test_texts_of_arrow_by_places_of_any_kind(kind: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    encoder, x = _mixed()
    texts = ["red", "blue"]
    places = np.arange(len(x)) % 2
    x[:, 1] = np.array(texts, object)[places]
    columns = {name: pyarrow.array(x[:, i].tolist()) for i, name in enumerate("pqrs")}
    indices = pyarrow.array(places.astype(kind))
    columns["q"] = pyarrow.DictionaryArray.from_arrays(indices, pyarrow.array(texts))
    model = _model(encoder)
    np.testing.assert_array_equal(model.sums(pyarrow.table(columns)), model.sums(x))


def test_sparse_columns_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    encoder, x = _mixed()
    frame = pandas.DataFrame({name: x[:, i] for i, name in enumerate("pqrs")})
    frame["p"] = pandas.arrays.SparseArray(x[:, 0].astype(float))
    model = _model(encoder)
    np.testing.assert_array_equal(model.sums(frame), model.sums(x))


def _read(x: np.ndarray, resolve: object) -> np.ndarray:
    out = np.empty(x.shape)
    assert _core.CellReader([(None, [], [], resolve)]).read(x, out, 0)
    return out


@pytest.mark.parametrize("kind", [object, str])
def test_texts_of_all_lengths_are_told_apart(kind: type) -> None:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    known = ["", *(alphabet[:n] for n in range(1, 27)), *(f"{n:05}" for n in range(3000))]
    places = {text: float(place) for place, text in enumerate(known)}
    changed = [text[:i] + "-" + text[i + 1 :] for text in known[1:40] for i in range(len(text))]
    asked = []

    def resolve(text: str) -> float:
        asked.append(text)
        return -1.0

    others = [*changed, "Grün", "a" * 27, "\x00a"]
    x = np.array([known + others], kind).T
    out = np.empty(x.shape)
    assert _core.CellReader([(places, [], [], resolve)]).read(x, out, 0)
    assert out[:, 0].tolist() == [places.get(text, -1.0) for text in known + others]
    assert sorted(asked) == sorted(set(others))
    assert _core.CellReader([({"Grün": 1.0, "a": 2.0}, [], [], resolve)]).read(x[:2], out[:2], 0)
    assert out[:2, 0].tolist() == [-1.0, 2.0]


def test_a_text_may_leave_the_array_while_it_is_read() -> None:
    x = np.array([[f"text {i}"] for i in range(500)], object)

    def resolve(text: str) -> float:
        row = int(text.split()[1])
        x[row, 0] = None  # as another thread may do
        return float(row)

    assert _read(x, resolve)[:, 0].tolist() == list(range(500))


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError])
def test_what_a_signal_raises_while_cells_are_read_is_raised(error: type) -> None:
    def resolve(cell: object) -> float:
        raise error

    with pytest.raises(error):
        _read(np.array([["text"]], object), resolve)


def test_a_category_that_float32_does_not_reach() -> None:
    x = np.array([[1e300], ["1e300"], [1.0]], object)
    program, sums = both(OneHot(((1e300, 1.0),)), x)
    np.testing.assert_array_equal(program.sums(x), sums)
