"""libgategrad does what Python does, on every kind of model, row and file; `.ci/capi` runs it.

GATEGRAD_LIBRARY names the shared library.
"""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest

import gategrad as gg
from gategrad.encoding import Binned, EncodingError, OneHot, Splits, Table, Thermometer
from gategrad.engine import BackendError, InputError
from gategrad.model import container
from tests.capi.library import DTYPES, Library, RefusedError, Scratch
from tests.export.models import KINDS, all_rows, odd_models, random_model
from tests.fuzz import gg_cases
from tests.model.examples import IMAGES, all_models, encoded_model, filters_model, table_model

BATCHES = (0, 1, 2, 3, 7, 8, 64, 65, 130, 513, 1100)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(os.environ["GATEGRAD_LIBRARY"])


def same(library, model: gg.Model, x: np.ndarray, batches=BATCHES) -> None:
    """Sums, labels and scores are Python's, in every batch."""
    ours = library.load(model.to_bytes())
    assert ours.kind == model.readout.kind
    for n in batches:
        rows = x[:n]
        sums = model.sums(rows, threads=1)
        assert np.array_equal(ours.sums(rows), sums)
        assert np.array_equal(ours.scores(sums), model.scores(rows, threads=1))
        if ours.kind == "regression":
            continue
        labels = model.program().labels(rows, threads=1)
        assert np.array_equal(ours.labels(rows), labels)
        decided, summed = ours.both(rows)
        assert np.array_equal(decided.reshape(labels.shape), labels)
        assert np.array_equal(summed, sums)


def rows_of(n_features: int, dtype: str, *, n=1100, seed=0) -> np.ndarray:
    """Whole numbers from 0 to 6, halves too where the dtype has them."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.random((n, n_features)) < 0.5
    x = rng.integers(0, 7, (n, n_features))
    return (x / 2 if dtype.startswith("float") else x).astype(dtype)


@pytest.mark.parametrize("width", [2, 4, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_bits(library, kind, width) -> None:
    for n_inputs in (3, 70):
        model = random_model(kind, width=width, n_inputs=n_inputs, gates=200)
        for dtype in ("bool", "uint8", "float64", "int16"):
            same(library, model, (rows_of(n_inputs, dtype) > 2).astype(dtype))


@pytest.mark.parametrize("name", odd_models())
def test_odd_models(library, name) -> None:
    same(library, odd_models()[name], all_rows(2))


def encoders() -> dict:
    """By name: whatever a model of numbers may have."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 7, (60, 5)) / 2
    gaps = np.where(rng.random(x.shape) < 0.2, np.nan, x)
    found = {
        "thermometer": Thermometer.quantile(x, 3),
        "thermometer of 80 columns": Thermometer.uniform(rng.random((50, 80)) * 3, 2),
        "binned": Binned.quantile(x, 4),
        "one-hot": OneHot.fit(x),
        "one-hot of decimals": OneHot(((0.1, 0.3, 1.0), (2.0,), (-np.inf, np.inf), (1.0,), (2.0,))),
        "splits": Splits(np.array([0, 0, 4]), np.array([0.5, 2.0, 1.5]), 5),
        "splits and minus infinity": Splits(np.array([0, 4]), np.array([-np.inf, 1.5]), 5),
        "splits, missing": Splits(np.array([0, 0, 4]), np.array([-np.inf, 2, 1.5]), 5,
                                  missing="zero"),
    }  # fmt: skip
    for missing in ("error", "zero", "indicator", "most-frequent"):
        for numeric in ("thermometer", "binned"):
            found[f"table, {numeric}, {missing}"] = Table.fit(
                x if missing == "error" else gaps, 3, numeric=numeric, categorical=[1, 3],
                missing=missing,
            )  # fmt: skip
    return found


@pytest.mark.parametrize("name", encoders())
def test_encoders_of_numbers(library, name) -> None:
    encoder = encoders()[name]
    for kind in ("argmax", "multilabel"):
        model = random_model(kind, encoder=encoder, gates=150)
        for dtype in DTYPES:
            same(library, model, rows_of(encoder.n_features, dtype), (1, 5, 200, 600))


def test_filters_over_images(library) -> None:
    names = ("pixels", "opponents", "steps", "diagonals", "spots")
    model = filters_model(names)
    rows = np.tile(IMAGES, (30, 1))
    for dtype in DTYPES:
        if np.can_cast(np.uint8, dtype):
            same(library, model, rows.astype(dtype), (1, 5, 600))
    bad = rows.astype(np.float32)
    bad[3, 7] = 0.5
    with pytest.raises(RefusedError, match=r"row 3, column 7 is 0\.5; expected a pixel"):
        library.load(model.to_bytes()).sums(bad)


def test_large_float32_are_their_shortest_decimals(library) -> None:
    column = np.array([[240823472], [1.1991881e10], [3e38], [-7], [1.5e-40]], np.float32)
    encoder = OneHot.fit(column)
    assert 240823470.0 in encoder.categories[0]
    model = random_model("multilabel", encoder=encoder, gates=40)
    same(library, model, column, (5,))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [n for n in encoders() if "missing" in n or "table" in n])
def test_missing_values(library, name, dtype) -> None:
    encoder = encoders()[name]
    model = random_model("argmax", encoder=encoder, gates=150)
    x = rows_of(encoder.n_features, dtype)
    x[np.random.default_rng(1).random(x.shape) < 0.02] = np.nan
    if getattr(encoder, "missing", "error") == "error":
        with pytest.raises(RefusedError, match=r"bad value: row \d+, column \d is nan; expected"):
            library.load(model.to_bytes()).sums(x)
    else:
        same(library, model, x, (1, 9, 700))


@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
@pytest.mark.parametrize("code", ["on", "off"])
def test_instruction_sets(library, monkeypatch, isa, code) -> None:
    from gategrad.engine.isa import available

    if isa not in available():
        pytest.skip(f"this machine has no {isa}")
    monkeypatch.setenv("GATEGRAD_ISA", isa)
    monkeypatch.setenv("GATEGRAD_CODE", code)
    model = random_model("argmax", encoder=encoders()["thermometer of 80 columns"], gates=900)
    assert library.load(model.to_bytes()).about.isa == isa.encode()
    same(library, model, rows_of(80, "float32"))


def test_settings_that_do_not_exist(library, monkeypatch) -> None:
    content = encoded_model().to_bytes()
    monkeypatch.setenv("GATEGRAD_CODE", "maybe")
    with pytest.raises(RefusedError, match="bad argument: GATEGRAD_CODE is neither on nor off"):
        library.load(content)
    monkeypatch.delenv("GATEGRAD_CODE")
    monkeypatch.setenv("GATEGRAD_ISA", "mmx")
    with pytest.raises(RefusedError, match=r"bad argument: GATEGRAD_ISA: .*no kernels for 'mmx'"):
        library.load(content)


@pytest.mark.parametrize("missing", [False, True])
def test_forests(library, missing) -> None:
    """Splits, which a few rows go down as trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 6)).astype(np.float32)
    if missing:
        x[rng.random(x.shape) < 0.1] = np.nan
    y = (np.nan_to_num(x[:, 0]) > 0.3) + (np.nan_to_num(x[:, 1] * x[:, 2]) > 0)
    forest = HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=9).fit(x, y)
    model = gg.from_trees(forest)
    model = getattr(model, "model", model)
    assert isinstance(model.encoder, Splits)
    for rows in (x, x.astype(np.float64)):
        same(library, model, rows)


def test_any_row_stride_and_any_alignment_of_the_scratch(library) -> None:
    model = random_model("argmax", encoder=encoders()["thermometer of 80 columns"])
    ours = library.load(model.to_bytes())
    x = rows_of(200, "float32")[:, 7:87]
    for offset in (0, 1, 63):
        scratch = Scratch(ours, offset)
        for n in (1, 100, 1100):
            assert np.array_equal(ours.sums(x[:n], scratch), model.sums(x[:n]))


def test_several_threads_on_one_model(library) -> None:
    model = random_model("argmax", encoder=encoders()["table, binned, zero"], gates=300)
    ours, x = library.load(model.to_bytes()), rows_of(5, "float32")
    x[::7, 2] = np.nan
    expected = model.sums(x)

    def work(seed: int) -> bool:
        rng, scratch = np.random.default_rng(seed), Scratch(ours)
        for _ in range(150):
            first, n = rng.integers(0, 900), rng.choice([1, 3, 60, 200])
            rows = slice(first, first + n)
            if not np.array_equal(ours.sums(x[rows], scratch), expected[rows]):
                return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))


def test_what_a_model_says_of_itself(library) -> None:
    ours = library.load(encoded_model().to_bytes())
    about = ours.about
    assert (about.n_features, about.n_classes, about.n_labels, about.n_gates) == (3, 3, 1, 4)
    assert (about.takes_bits, ours.names) == (0, ["cat", "dog", "emu"])
    assert library.functions.gg_class_name(ours.handle, 3) is None
    assert library.functions.gg_version().decode() == gg.__version__
    assert library.load(all_models()[1].to_bytes()).names == ["7", "-1", str(2**40)]


def test_values_that_are_refused(library) -> None:
    bits = library.load(random_model("argmax", n_inputs=12).to_bytes())
    x = np.zeros((600, 12), np.float32)
    x[599, 11] = 0.5
    with pytest.raises(RefusedError) as caught:
        bits.sums(x)
    assert str(caught.value) == "bad value: row 599, column 11 is 0.5; expected bits, 0 or 1"
    numbers = library.load(encoded_model().to_bytes())
    with pytest.raises(RefusedError) as caught:
        numbers.sums(np.array([[1, 2, 2**53 + 1]]))
    assert str(caught.value) == (
        "bad value: row 0, column 2 is 9.0072e+15; expected at most 2**53, beyond which float64 "
        "has gaps"
    )
    strict = OneHot(((1.0, 2.0), (3.0,)), unknown="error")
    known = library.load(random_model("argmax", encoder=strict).to_bytes())
    with pytest.raises(RefusedError) as caught:
        known.sums(np.array([[1.0, 3.0], [1.0, 4.0]]))
    assert str(caught.value) == (
        "bad value: row 1, column 1 is 4; expected a category that the model was trained on"
    )


def test_text_categories_are_refused_with_what_to_do(library) -> None:
    with pytest.raises(RefusedError) as caught:
        library.load(table_model().to_bytes())
    assert str(caught.value) == (
        "unsupported: its encoder has categories that are text, which rows of numbers can't hold; "
        "give them numbers and train again, or predict in Python"
    )


def test_rows_of_millions_of_columns_are_refused(library) -> None:
    wide = gg.Model(gg.Circuit(2**31, [], [], [5]), gg.Readout.group_sum(1, 1))
    with pytest.raises(RefusedError, match=r"unsupported: rows have 2147483648 columns"):
        library.load(wide.to_bytes())


def verdicts(library, content: bytes) -> tuple[str, str]:
    """What Python and the library say of a file's content: both "ok", or why not."""
    try:
        gg.Model.from_bytes(content)
        python = "ok"
    except gg.ModelFileError as error:
        python = str(error)
    try:
        library.load(content)
    except RefusedError as error:
        return python, error.code
    return python, "ok"


@pytest.mark.parametrize("i", range(len(all_models())))
def test_every_cut_and_every_changed_byte_is_refused(library, i) -> None:
    content = all_models()[i].to_bytes()
    for n in range(len(content)):
        assert verdicts(library, content[:n])[1] == "bad file", n
        for flip in (0xFF, 0x01, 0x20):
            changed = bytearray(content)
            changed[n] ^= flip
            python, ours = verdicts(library, bytes(changed))
            assert ours == "bad file", (n, flip)
            assert python != "ok"
    assert verdicts(library, content + b"\0")[1] == "bad file"


def test_files_with_a_right_checksum_that_say_something_else(library) -> None:
    """Each is refused by both or taken by both, and then gives the same sums."""
    taken = refused = 0
    for seed in range(int(os.environ.get("GATEGRAD_CASES", 1500))):
        rng = Random(seed)
        content = gg_cases.changed(rng)
        python, ours = verdicts(library, content)
        if python == "ok" and ours == "ok":
            taken += use(library, content, rng)
        elif python == "ok":
            assert ours == "unsupported", seed
        elif ours == "ok":  # it passes over a convolution, which must be all that is wrong
            gg.Model.from_bytes(without_convolution(content))
        else:
            assert ours in ("bad file", "unsupported"), (seed, python)
            refused += 1
    assert taken > 100
    assert refused > 300


def without_convolution(content: bytes) -> bytes:
    header, arrays = container.unpack(io.BytesIO(content))
    header.pop("convolution", None)
    rest = {name: array for name, array in arrays.items() if not name.startswith("convolution.")}
    return container.pack(header, rest)


def use(library, content: bytes, rng: Random) -> bool:
    model, ours = gg.Model.from_bytes(content), library.load(content)
    n_features = ours.about.n_features
    if n_features > gg_cases.WIDEST or ours.about.n_classes > gg_cases.WIDEST:
        return False
    x = np.random.default_rng(rng.randrange(2**32)).integers(0, 2, (40, n_features), np.uint8)
    try:
        expected = model.sums(x, threads=1)
    except (InputError, EncodingError, BackendError):
        with pytest.raises(RefusedError, match="bad value"):
            ours.sums(x)
        return False
    assert np.array_equal(ours.sums(x), expected)
    return True
