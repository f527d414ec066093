"""What a table makes of missing values: a bit of their own, or the most frequent value."""

import json

import numpy as np
import pytest

import gategrad as gg
from gategrad.circuit import Circuit, Readout, evaluate
from gategrad.encoding import Table, from_state, number_intervals
from gategrad.encoding.onehot import OneHot
from gategrad.encoding.thermometer import Thermometer

ROWS = [[1.0, "a"], [None, "b"], [3.0, None], [3.0, "b"], [5.0, "b"]]
NAMES = ["size", "kind"]


def test_an_indicator_is_a_bit_for_each_column_with_gaps():
    table = Table.fit(ROWS, 1, names=NAMES, missing="indicator")
    assert table.input_names()[1:] == [
        "kind = a",
        "kind = b",
        "size is missing",
        "kind is missing",
    ]
    bits = table.encode(ROWS)
    assert bits[:, 3].tolist() == [False, True, False, False, False]
    assert bits[:, 4].tolist() == [False, False, True, False, False]
    assert not bits[1, 0]
    assert not bits[2, 1:3].any()


def test_columns_without_gaps_have_no_indicator_and_later_gaps_no_bits():
    table = Table.fit([[1.0, 5.0], [np.nan, 6.0], [3.0, 9.0]], 1, missing="indicator")
    assert table.marked == (0,)
    assert table.encode([[np.nan, np.nan]]).tolist() == [[False, False, True]]


def test_the_most_frequent_value_fills_gaps():
    table = Table.fit(ROWS, 1, names=NAMES, missing="most-frequent")
    assert table.fills == (3.0, "b")
    filled = [[3.0 if a is None else a, "b" if b is None else b] for a, b in ROWS]
    np.testing.assert_array_equal(table.encode(ROWS), table.encode(filled))
    assert table.n_inputs == 3


def test_a_row_of_weight_two_is_that_row_twice():
    x = np.random.default_rng(0).integers(0, 9, (30, 3)).astype(float)
    x[::7, 1] = np.nan
    times = np.random.default_rng(1).integers(1, 5, 30)
    for missing in ("indicator", "most-frequent"):
        weighed = Table.fit(x, 3, missing=missing, sample_weight=times)
        assert weighed == Table.fit(np.repeat(x, times, axis=0), 3, missing=missing)
    assert weighed != Table.fit(x, 3, missing=missing)
    halves = Table.fit(x, 3, missing="indicator", sample_weight=times / 4)
    assert halves.encoders[0].levels.shape == (3, 3)


@pytest.mark.parametrize("missing", ["error", "zero", "indicator", "most-frequent"])
def test_every_choice_survives_a_file(missing, tmp_path):
    rows = ROWS if missing != "error" else [ROWS[0], ROWS[3]]
    table = Table.fit(rows, 1, names=NAMES, missing=missing)
    config, arrays = table.to_state()
    assert from_state(json.loads(json.dumps(config)), arrays) == table
    n = table.n_inputs
    circuit = Circuit(n, np.empty((0, 2), np.uint32), np.empty(0, np.uint64), np.arange(2, 2 + n))
    model = gg.Model(circuit, Readout.identity(n), table)
    model.save(tmp_path / "m.gg")
    loaded = gg.load(tmp_path / "m.gg")
    assert loaded.encoder == table
    x = np.array(rows, object)
    np.testing.assert_array_equal(loaded.sums(x) > 0, table.encode(x))


def test_states_of_before_are_read():
    config, arrays = Table.fit([[1.0, "a"], [2.0, "b"]], 1).to_state()
    assert set(config) == {"kind", "groups", "names", "missing"}
    assert from_state(config, arrays).missing == "error"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"marked": [7]}, r"marked columns are \[7\]; expected rising ones in 0..1"),
        ({"marked": [1, 0]}, "expected rising ones"),
        ({"marked": "x"}, "marked columns is a str; expected a list"),
        ({"missing": "most-frequent"}, "lacks the key 'fills'"),
        ({"missing": "mean"}, "missing is 'mean'; known: error, zero, indicator, most-frequent"),
        ({"missing": "zero"}, "unexpected key 'marked'"),
    ],
)
def test_damage_is_refused(edit, message):
    config, arrays = Table.fit(ROWS, 1, missing="indicator").to_state()
    with pytest.raises(ValueError, match=message):
        from_state(config | edit, arrays)


def test_fills_that_do_not_fit_are_refused():
    config, arrays = Table.fit(ROWS, 1, missing="most-frequent").to_state()
    with pytest.raises(ValueError, match="array 'fills' has 1 entries; expected one for each null"):
        from_state(config | {"fills": [None, None]}, arrays)
    with pytest.raises(ValueError, match="column 0 fills gaps with 'x'; expected a value of it"):
        Table(
            (Thermometer([[1.0]]), OneHot((("a",),))),
            ((0,), (1,)),
            missing="most-frequent",
            fills=("x", "a"),
        )
    with pytest.raises(ValueError, match="got 0 values for gaps with missing='most-frequent'"):
        Table((Thermometer([[1.0]]),), ((0,),), missing="most-frequent")
    with pytest.raises(ValueError, match=r"sample_weight has shape \(1,\); expected \(5,\)"):
        Table.fit(ROWS, 1, missing="zero", sample_weight=[1])


@pytest.mark.parametrize("missing", ["zero", "indicator", "most-frequent"])
@pytest.mark.parametrize("numeric", ["thermometer", "binned"])
def test_numbers_with_gaps_are_the_same_in_engines_intervals_and_exported_c(
    missing, numeric, tmp_path
):
    x = np.random.default_rng(0).normal(size=(90, 3)).round(1)
    x[:, 2] = np.arange(90) % 4
    x[np.random.default_rng(1).random(x.shape) < 0.2] = np.nan
    table = Table.fit(x, 3, missing=missing, numeric=numeric, categorical=[2])
    n = table.n_inputs
    circuit = Circuit(n, np.empty((0, 2), np.uint32), np.empty(0, np.uint64), np.arange(2, 2 + n))
    model = gg.Model(circuit, Readout.identity(n), table)
    expected = table.encode(x)
    for backend in ("native", "numpy"):
        np.testing.assert_array_equal(model.sums(x, backend=backend) > 0, expected)
        np.testing.assert_array_equal(model.sums(x[:5], backend=backend) > 0, expected[:5])
    found = number_intervals(table)
    values = x[:, found.feature]
    with np.errstate(invalid="ignore"):
        inside = ~(values <= found.low) & ~(values > found.high)
    gaps = np.zeros(n, bool) if found.gaps is None else found.gaps
    np.testing.assert_array_equal(np.where(np.isnan(values), gaps, inside), expected)
    front = gg.export.front.front(model, gg.export.front.values_of("float64"))
    with np.errstate(invalid="ignore"):
        asked = x[:, front.feature] >= front.least
    np.testing.assert_array_equal(evaluate(front.circuit, asked), expected)
