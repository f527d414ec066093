"""Models as JSON: read back to the same bytes, and refused where anything is wrong."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import gategrad as gg
from gategrad import ModelFileError
from gategrad.encoding import Thermometer
from tests.export.models import KINDS, odd_models, random_model
from tests.model.examples import all_models, encoded_model
from tests.snippets import DOCS, run_snippets


def text_of(model) -> str:
    return gg.export.json(model)["model.json"]


def changed(**fields) -> str:
    return json.dumps(json.loads(text_of(encoded_model())) | fields)


def special_levels() -> gg.Model:
    """Thresholds that JSON has no number for, or that lose their sign in careless hands."""
    encoder = Thermometer.fixed([-np.inf, -0.0, 5e-324, 0.1, 1e308, np.inf], 2)
    return random_model(encoder=encoder)


MODELS = [
    *all_models(),
    *odd_models().values(),
    *(random_model(kind, width=6) for kind in KINDS),
    special_levels(),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_a_round_trip_gives_the_same_bytes(model) -> None:
    text = text_of(model)
    # The text has the flat circuit alone.
    flat = replace(model, convolution=None)
    assert gg.Model.from_json(text).to_bytes() == flat.to_bytes()
    assert gg.Model.from_json(text.encode()).to_bytes() == flat.to_bytes()
    assert text_of(gg.Model.from_json(text)) == text


def test_white_space_and_order_of_keys_mean_nothing() -> None:
    model = encoded_model()
    value = json.loads(text_of(model))
    text = json.dumps(dict(reversed(value.items())), indent=3)
    assert gg.Model.from_json(text) == model


BAD = {
    "text": ("{", "can't read a model from JSON: Expecting property name"),
    "no object": ("[1]", "it is no JSON object"),
    "half a file": (text_of(encoded_model())[:200], "Unterminated|Expecting|delimiter"),
    "another version": (changed(gategrad=2), "it has version 2, and this gategrad reads 1"),
    "true is no version": (changed(gategrad=True), "it has version True"),
    "a key too many": (changed(more=1), r"it has a list of 1, which means nothing"),
    "NaN": (changed(neurons=float("nan")), "NaN is no JSON"),
    "a fraction": (changed(neurons=1.0), "neurons is 1.0; expected an integer of at least 0"),
    "true": (changed(inputs=True), "inputs is True; expected an integer"),
    "a negative signal": (changed(outputs=[-1]), "outputs: entry 0 is -1; expected an integer"),
    "a huge signal": (changed(outputs=[2**80]), "outputs: entry 0 is 12089"),
    "no such signal": (changed(outputs=[2**40]), "outputs"),
    "digits without end": ('{"gategrad": ' + "1" * 5000 + "}", "Exceeds the limit"),
    "brackets without end": ("[" * 100_000, "can't read a model from JSON: "),
    "a gate that is none": (changed(gates=[7]), "gate 0 is 7; expected a list of its truth table"),
    "a table of capitals": (changed(gates=[["E8", 2, 3, 4]]), "gate 0 is a list of 4"),
    "a table of zeros": (changed(gates=[["08", 2, 3]]), "gate 0 is a list of 3"),
    "too many operands": (changed(gates=[["8", 2, 3, 4, 5, 6, 7, 2]]), "gate 0 is a list of 8"),
    "an idle operand": (changed(gates=[["2", 2, 0]]), "gate 0 ends with signal 0"),
    "a wide table": (changed(gates=[["fff", 2, 3]], outputs=[2] * 6), "gate 0"),
    "a cycle": (changed(gates=[["8", 8, 9]]), "gate 0"),
    "a sum that is none": (changed(sums=[1, 2, 3]), "sum 0 is 1; expected an object"),
    "a term that is none": (
        changed(sums=[{"bias": 0, "scale": 1, "offset": 0, "terms": [[1]]}] * 3),
        "term 0 of sum 0 is a list of 1",
    ),
    "a scale between floats": (
        changed(sums=[{"bias": 0, "scale": 0.1, "offset": 0, "terms": []}] * 3),
        "scale of sum 0 is 0.1, which is no single-precision number",
    ),
    "no scale at all": (
        changed(sums=[{"bias": 0, "scale": "inf", "offset": 0, "terms": []}] * 3),
        "scale must be finite",
    ),
    "no kind": (changed(kind="best"), "unknown readout kind 'best'"),
    "a kind of numbers": (changed(kind=3), "kind is 3; expected text"),
    "labels": (changed(labels=["a"]), "got 1 labels"),
    "labels of lists": (changed(labels=[["a"], 1, 2]), "labels are"),
    "meta": (changed(meta=[1]), "meta is a list; expected an object of text"),
    "half a pair": (changed(meta={"a": "\ud800"}), "half a surrogate pair"),
    "an encoder of text": (changed(encoder="no"), "encoder is 'no'; expected an object or null"),
    "an unknown encoder": (
        changed(encoder={"config": {"kind": "x"}, "arrays": {}}),
        "known: thermometer",
    ),
    "an empty array of any size": (
        changed(
            encoder={
                "config": {"kind": "thermometer"},
                "arrays": {"levels": {"shape": [0, 2**40], "values": []}},
            }
        ),
        "has 0 values, but the shape",
    ),
    "an integer that rounds beyond float64": (
        text_of(encoded_model()).replace('"values": [', f'"values": [{2**1024 - 1}, '),
        "expected a number of float64",
    ),
    "a number beyond float64": (
        text_of(encoded_model()).replace('"values": [', '"values": [1e999, '),
        "holds inf; expected a number of float64",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(name) -> None:
    text, message = BAD[name]
    with pytest.raises(ModelFileError, match=message) as caught:
        gg.Model.from_json(text)
    assert str(caught.value).startswith("can't read a model from JSON: ")
    assert len(str(caught.value)) < 1000


def test_a_repeated_or_missing_key_is_refused() -> None:
    text = text_of(encoded_model())
    with pytest.raises(ModelFileError, match="a key occurs twice"):
        gg.Model.from_json(text.replace('"kind": ', '"kind": "argmax", "kind": '))
    with pytest.raises(ModelFileError, match=r"it lacks \['kind'\]"):
        gg.Model.from_json(re.sub(r'"kind": "argmax",', "", text))


def test_no_text_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="from_json takes text or bytes, got int"):
        gg.Model.from_json(7)
    with pytest.raises(ModelFileError, match="utf-8"):
        gg.Model.from_json(b"\xff")


def test_the_page_runs_and_shows_what_is_printed(capsys) -> None:
    assert run_snippets("model-json.md")[0] == 1
    (shown,) = re.findall(r"```json\n(.*?)```", (DOCS / "model-json.md").read_text(), re.DOTALL)
    assert capsys.readouterr().out == shown + "\n"
