"""States: exact round trips through JSON, and refusal of everything damaged."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gategrad.encoding import Binned, EncodingError, OneHot, Table, Thermometer, from_state

NUMBERS = st.floats(allow_nan=False)
LEVELS = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=NUMBERS
).map(lambda a: np.sort(a, axis=0))
COLUMN = st.lists(st.text(max_size=3) | NUMBERS, min_size=1, max_size=5, unique_by=lambda c: (c,))
ONE_HOTS = st.builds(
    OneHot,
    st.lists(COLUMN.map(tuple), min_size=1, max_size=3).map(tuple),
    unknown=st.sampled_from(["zero", "error"]),
)
PARTS = LEVELS.map(Thermometer) | LEVELS.map(Binned) | ONE_HOTS


@st.composite
def tables(draw):
    parts = draw(st.lists(PARTS, min_size=1, max_size=3))
    order = iter(draw(st.permutations(range(sum(part.n_features for part in parts)))))
    columns = [[next(order) for _ in range(part.n_features)] for part in parts]
    n = sum(map(len, columns))
    names = draw(st.none() | st.lists(st.text(), min_size=n, max_size=n, unique=True))
    return Table(parts, columns, names, draw(st.sampled_from(["error", "zero"])))


@given(encoder=PARTS | tables())
def test_every_encoder_survives_json_and_arrays_exactly(encoder):
    config, arrays = encoder.to_state()
    text = json.dumps(config, sort_keys=True, allow_nan=False)
    copies = {
        name: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape) for name, a in arrays.items()
    }
    restored = from_state(json.loads(text), copies)
    assert type(restored) is type(encoder)
    assert restored == encoder
    again, same = restored.to_state()
    assert json.dumps(again, sort_keys=True) == text
    assert {k: v.tobytes() for k, v in same.items()} == {k: v.tobytes() for k, v in arrays.items()}
    assert all(a.dtype == np.float64 for a in arrays.values())


def test_a_restored_table_encodes_alike():
    x = np.array([[1.5, "a", 7], [2.5, "?", 8]], dtype=object)
    table = Table.fit(x, 2, names=["p", "q", "r"], categorical=["r"])
    np.testing.assert_array_equal(from_state(*table.to_state()).encode(x), table.encode(x))


TABLE = Table((Thermometer([[1.0]]), OneHot((("a", 2.0),))), ((1,), (0,)), ("p", "q"))


def damage(edit, encoder=TABLE):
    config, arrays = encoder.to_state()
    config, arrays = copy.deepcopy(config), dict(arrays)
    edit(config, arrays)
    return config, arrays


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda c, a: c.pop("kind"),
            "encoder kind is None; known: thermometer, binned, one-hot, t",
        ),
        (lambda c, a: c.update(kind="tree"), "encoder kind is 'tree'; known: thermometer, binned"),
        (lambda c, a: c.update(kind=["table"]), r"encoder kind is \['table'\]; known"),
        (lambda c, a: c.update(kind="one-hot"), "one-hot config lacks the key 'columns'"),
        (lambda c, a: c.pop("missing"), "table config lacks the key 'missing'"),
        (lambda c, a: c.update(extra=1), "table config has an unexpected key 'extra'"),
        (lambda c, a: c.update(missing="maybe"), "missing is 'maybe'; known: error, zero"),
        (lambda c, a: c.update(names=["p"]), "got 1 feature names; expected 2"),
        (lambda c, a: c.update(names=["p", 1]), "table names holds 1; expected str items only"),
        (lambda c, a: c.update(names="pq"), "table names is a str; expected a list"),
        (lambda c, a: c.update(names=["p", "p"]), "names hold 'p' more than once"),
        (lambda c, a: c.update(groups=[]), r"unexpected array '0.levels'; it has 0 groups"),
        (lambda c, a: c.update(groups=[1]), "table groups holds 1; expected dict items only"),
        (lambda c, a: c["groups"].pop(), "unexpected array '1.numbers'; it has 1 groups"),
        (lambda c, a: c["groups"][0].pop("columns"), r"a table group has the keys \['encoder'\]"),
        (lambda c, a: c["groups"][0].update(columns=[0]), r"columns \[0, 0\]; expected each of"),
        (lambda c, a: c["groups"][0].update(columns=[2]), r"columns \[0, 2\]; expected each of"),
        (lambda c, a: c["groups"][0].update(columns=[True]), "holds True; expected int items"),
        (lambda c, a: c["groups"][0].update(columns=[1, 2]), "takes 1 columns; its group has 2"),
        (lambda c, a: c["groups"][0].update(encoder=None), "config is a NoneType; expected a dict"),
        (lambda c, a: c["groups"][0]["encoder"].update(kind="table"), "kind is 'table'; known: th"),
        (lambda c, a: c["groups"][0]["encoder"].update(x=1), "thermometer config has an unexpect"),
        (lambda c, a: c["groups"][1]["encoder"].update(unknown=3), "unknown is 3; known: zero, e"),
        (lambda c, a: c["groups"][1]["encoder"].update(columns=[["a"]]), "1 entries; expected 0"),
        (lambda c, a: c["groups"][1]["encoder"].update(columns=[[]]), "1 entries; expected 0"),
        (lambda c, a: c["groups"][1]["encoder"].update(columns=["a"]), "expected list items only"),
        (
            lambda c, a: c["groups"][1]["encoder"].update(columns=[[None, 1]]),
            "hold 1; expected text or null",
        ),
        (lambda c, a: c["groups"][1]["encoder"].update(columns=[[None, "a", "a"]]), "all distinct"),
        (lambda c, a: a.pop("0.levels"), "thermometer state lacks the array 'levels'"),
        (lambda c, a: a.update({"0.more": np.ones(1)}), "has an unexpected array 'more'"),
        (lambda c, a: a.update({"levels": np.ones(1)}), "has an unexpected array 'levels'"),
        (lambda c, a: a.update({"0.levels": [[1.0]]}), "'levels' is a list; expected a numpy arr"),
        (lambda c, a: a.update({"0.levels": np.ones((1, 1), "f4")}), "has dtype float32 and 2 dim"),
        (lambda c, a: a.update({"0.levels": np.ones((1, 1), ">f8")}), "has dtype >f8 and 2 dimens"),
        (lambda c, a: a.update({"0.levels": np.ones(1)}), "float64 and 1 dimensions; expected flo"),
        (
            lambda c, a: a.update({"0.levels": np.ones((0, 1))}),
            r"levels have shape \(0, 1\); expec",
        ),
        (lambda c, a: a.update({"0.levels": np.full((1, 1), np.nan)}), "hold NaN in column 0"),
        (lambda c, a: a.update({"0.levels": np.array([[2.0], [1.0]])}), "levels fall in column 0"),
        (lambda c, a: a.update({"1.numbers": np.array([np.nan])}), "none missing"),
    ],
)
def test_damage_is_refused_with_a_reason(edit, message):
    from_state(*damage(lambda c, a: None))
    with pytest.raises(EncodingError, match=message):
        from_state(*damage(edit))


def test_a_state_without_groups_is_refused():
    with pytest.raises(EncodingError, match="got 0 encoders and 0 groups"):
        from_state({"kind": "table", "groups": [], "names": None, "missing": "error"}, {})


@pytest.mark.parametrize(("config", "arrays"), [(None, {}), ([], {}), ("table", {})])
def test_a_config_that_is_no_dict_is_refused(config, arrays):
    with pytest.raises(EncodingError, match=r"encoder config is a .*; expected a dict"):
        from_state(config, arrays)


def test_arrays_that_are_no_dict_are_refused():
    with pytest.raises(EncodingError, match="encoder arrays are a list; expected a dict"):
        from_state({"kind": "binned"}, [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | NUMBERS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def places(value, path=()):
    """Every position inside a JSON value."""
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from places(inner, (*path, key))


@given(data=st.data())
def test_whatever_stands_at_a_place_of_the_config_never_a_strange_error(data):
    config, arrays = TABLE.to_state()
    config = {"root": copy.deepcopy(config)}
    path = data.draw(st.sampled_from([p for p in places(config) if p]))
    target = config
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = data.draw(JSON)
    try:
        restored = from_state(config["root"], arrays)
    except EncodingError:
        return
    assert restored.to_state()[0] == config["root"]


@pytest.mark.parametrize("encoder", [Thermometer([[1.0]]), Binned([[1.0]]), OneHot(((1.0,),))])
def test_a_class_refuses_the_state_of_another(encoder):
    for other in {Thermometer, Binned, OneHot, Table} - {type(encoder)}:
        with pytest.raises(EncodingError, match="encoder kind is "):
            other.from_state(*encoder.to_state())
