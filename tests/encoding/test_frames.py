"""Tables with named columns: by name, whoever made them; what is missing, doubled or no rows."""

import logging
import re

import numpy as np
import pytest

import gategrad as gg
from gategrad.encoding import Binned, EncodingError, OneHot, Table, Thermometer, from_state

torch = pytest.importorskip("torch", reason="needs gategrad[train]")
pandas = pytest.importorskip("pandas", reason="pandas is not installed")
polars = pytest.importorskip("polars", reason="polars is not installed")
pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

from gategrad import nn, train  # noqa: E402

NUMBERS = {"a": [1, 2, 3], "b": [10, 20, 30]}
FITS = {
    "thermometer": lambda x: Thermometer.quantile(x, 1),
    "uniform": lambda x: Thermometer.uniform(x, 2),
    "binned": lambda x: Binned.quantile(x, 2),
    "one-hot": OneHot.fit,
    "table": lambda x: Table.fit(x, 2),
    "table of categories": lambda x: Table.fit(x, 2, categorical=["b"]),
}
MAKERS = {
    "pandas": pandas.DataFrame,
    "polars": polars.DataFrame,
    "arrow": pyarrow.table,
    "arrow batch": pyarrow.record_batch,
    "records": lambda columns: pandas.DataFrame(columns).to_records(index=False),
}


@pytest.mark.parametrize("fitted", MAKERS)
@pytest.mark.parametrize("given", MAKERS)
@pytest.mark.parametrize("fit", FITS)
def test_columns_go_by_name(fit, fitted, given):
    encoder = FITS[fit](MAKERS[fitted](NUMBERS))
    assert encoder.names == ("a", "b")
    swapped = MAKERS[given]({"more": [7, 7, 7], "b": NUMBERS["b"], "a": NUMBERS["a"]})
    expected = encoder.encode(np.column_stack(list(NUMBERS.values())))
    np.testing.assert_array_equal(encoder.encode(swapped), expected)
    assert any("a" in name.split() for name in encoder.input_names())


@pytest.mark.parametrize("fit", FITS)
def test_names_survive_their_state(fit):
    encoder = FITS[fit](pandas.DataFrame(NUMBERS))
    restored = from_state(*encoder.to_state())
    assert restored == encoder
    assert restored.names == encoder.names
    assert hash(restored) == hash(encoder)


@pytest.mark.parametrize("fit", FITS)
def test_missing_and_doubled_columns_are_refused(fit):
    frame = pandas.DataFrame(NUMBERS)
    encoder = FITS[fit](frame)
    with pytest.raises(
        EncodingError,
        match="x has no column 'a', which the encoder was fitted on; its columns are: z, b",
    ):
        encoder.encode(frame.rename(columns={"a": "z"}))
    twice = pandas.concat([frame, frame[["a"]]], axis=1)
    for call in (encoder.encode, FITS[fit]):
        with pytest.raises(EncodingError, match="x has 2 columns called 'a'; expected one"):
            call(twice)


def test_models_go_by_name_too(tmp_path):
    frame = pandas.DataFrame(NUMBERS)
    encoder = Thermometer.quantile(frame, 4)
    net = torch.nn.Sequential(nn.LogicDense(8, 20, seed=0), nn.GroupSum(2))
    model = gg.discretize(net, encoder=encoder)
    expected = model.sums(frame.to_numpy())
    model.save(tmp_path / "m.gg")
    for known in (model, gg.load(tmp_path / "m.gg")):
        for backend in ("native", "numpy"):
            for maker in MAKERS.values():
                swapped = maker({"b": NUMBERS["b"], "a": NUMBERS["a"]})
                np.testing.assert_array_equal(known.sums(swapped, backend=backend), expected)
        known.predict(frame[["b", "a"]])
        known.scores(frame[["b", "a"]])
        with pytest.raises(ValueError, match="x has no column 'a'"):
            known.predict(frame[["b"]])


def test_a_thermometer_in_the_network_keeps_names():
    frame = pandas.DataFrame(NUMBERS)
    net = torch.nn.Sequential(
        nn.Thermometer.quantile(frame, 4), nn.LogicDense(8, 20, seed=0), nn.GroupSum(2)
    )
    model = gg.discretize(net)
    assert model.encoder.names == ("a", "b")
    np.testing.assert_array_equal(model.sums(frame[["b", "a"]]), model.sums(frame.to_numpy()))


def test_tables_without_an_encoder_go_by_position():
    net = torch.nn.Sequential(nn.LogicDense(2, 20, seed=0), nn.GroupSum(2))
    bits = {"a": [0, 1], "b": [1, 1]}
    expected = gg.discretize(net).sums(np.array([[0, 1], [1, 1]]))
    for maker in MAKERS.values():
        np.testing.assert_array_equal(gg.discretize(net).sums(maker(bits)), expected)


def test_gaps_of_every_library_are_missing_values():
    pandas_gaps = pandas.DataFrame(
        {
            "x": pandas.array([1, None, 3], dtype="Int64"),
            "t": pandas.array(["u", None, "v"], dtype="string"),
            "c": pandas.Categorical(["p", "q", None]),
            "o": [1.5, pandas.NA, pandas.NaT],
        }
    )
    columns = {"x": [1, None, 3], "t": ["u", None, "v"], "o": [1.5, None, None]}
    polars_gaps = polars.DataFrame(
        columns | {"c": polars.Series(["p", "q", None], dtype=polars.Categorical)}
    )
    arrow_gaps = pyarrow.table(columns | {"c": pyarrow.array(["p", "q", None]).dictionary_encode()})
    table = Table.fit(pandas_gaps, 2, missing="zero")
    assert list(table.columns) == [(0, 3), (1, 2)]
    bits = table.encode(pandas_gaps)
    assert bits.sum(1).tolist() == [2, 1, 3]
    for other in (polars_gaps, arrow_gaps, *arrow_gaps.to_batches()):
        np.testing.assert_array_equal(table.encode(other), bits)
    with pytest.raises(EncodingError, match=r"x at row 1, column 0 \(x\) has no value"):
        Table.fit(pandas_gaps)


@pytest.mark.parametrize("gap", [pandas.NA, pandas.NaT, np.datetime64("NaT", "ns"), None, np.nan])
def test_gaps_in_cells_are_missing_values(gap):
    rows = np.array([[1, "a"], [gap, gap], [3, "b"]], dtype=object)
    table = Table.fit(rows, 2, missing="zero")
    assert not table.encode(rows)[1].any()


NO_ROWS = {
    "a dict": (NUMBERS, "x is a dict; expected rows: pass pandas.DataFrame(x), whose columns have"),
    "dicts": ([{"a": 1}], "x is a list of dicts: pass pandas.DataFrame(x)"),
    "lazy": (polars.DataFrame(NUMBERS).lazy(), "yet to be computed: pass x.collect()"),
    "dates": (
        pandas.DataFrame(NUMBERS).assign(a=pandas.date_range("2020", periods=3)),
        "column 'a' of x is datetime64[us]; expected numbers or text: convert it, dates",
    ),
}


class Sparse:
    """What scipy's sparse matrices have."""

    nnz = 3

    def toarray(self):
        return np.eye(3)


@pytest.mark.parametrize("case", [*NO_ROWS, "sparse"])
def test_what_is_no_rows_is_told_what_to_do(case):
    x, message = NO_ROWS.get(
        case, (Sparse(), "x is a Sparse, a sparse matrix; expected rows: pass x.toarray()")
    )
    net = torch.nn.Sequential(nn.LogicDense(2, 20, seed=0), nn.GroupSum(2))
    model = gg.discretize(net)
    for call in (Thermometer.fixed([1], 2).encode, Table.fit, OneHot.fit, model.predict):
        with pytest.raises(ValueError, match=re.escape(message)):
            call(x)


def test_large_whole_numbers_are_not_rounded_on_the_way():
    frame = pandas.DataFrame({"a": [2**60, 1], "b": [0.5, 1.0]})
    with pytest.raises(
        EncodingError, match=r"column 0 \(a\): 1152921504606846976 is beyond 2\*\*53"
    ):
        Table.fit(frame)


def test_numbered_columns_have_no_names():
    frame = pandas.DataFrame(np.arange(6.0).reshape(3, 2))
    assert Thermometer.quantile(frame, 1).names is None


def network():
    return torch.nn.Sequential(nn.LogicDense(4, 20, seed=0), nn.GroupSum(2))


def test_training_takes_tables_by_name_and_targets_of_the_same_index():
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.random((60, 2)), columns=["a", "b"])
    target = (frame["a"] > 0.5).astype(int)
    encoder = Thermometer.quantile(frame, 2)
    options = {"encoder": encoder, "steps": 20, "progress": False, "threads": 1}
    nets = [network() for _ in range(3)]
    train.fit(nets[0], frame.to_numpy(), target.to_numpy(), **options)
    train.fit(nets[1], frame[["b", "a"]], target, **options)
    assert torch.equal(nets[0][0].weight, nets[1][0].weight)
    shuffled = target.sample(frac=1, random_state=1)
    with pytest.raises(
        EncodingError, match=r"the index of y is not that of x.*pass y.loc\[x.index\]"
    ):
        train.fit(nets[2], frame, shuffled, **options)
    train.fit(nets[2], frame, shuffled.loc[frame.index], **options)
    assert torch.equal(nets[0][0].weight, nets[2][0].weight)


def test_another_dtype_is_noted_once(caplog):
    x = np.random.default_rng(0).random((50, 2))
    encoder = Thermometer.quantile(x, 2)
    assert encoder.fitted_on == "float64"
    restored = from_state(*encoder.to_state())
    assert restored.fitted_on == "float64"
    net = torch.nn.Sequential(nn.LogicDense(4, 20, seed=0), nn.GroupSum(2))
    model = gg.discretize(net, encoder=restored)
    with caplog.at_level(logging.WARNING, "gategrad"):
        model.predict(x)
        assert not caplog.messages
        model.predict(x.astype(np.float32))
        model.sums(x.astype(np.float32))
        restored.encode(x.astype(np.float32))
    assert caplog.messages == [
        "rows are float32, and the encoder was fitted on float64: measurements of few digits have "
        "the same bits in both, values closer to a level than float32's rounding may not"
    ]


@pytest.mark.parametrize("rows", [[[1.0], [2.5]], [[1], [2]]])
def test_whole_numbers_and_halves_are_the_same_in_every_dtype(rows):
    assert Thermometer.quantile(np.array(rows), 2).fitted_on is None
