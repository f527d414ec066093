"""JSON compared by `verify`, and DOT as text."""

import re

import numpy as np
import pytest

import gategrad as gg
from gategrad import export
from gategrad.encoding import Table, Thermometer
from gategrad.export.verify import verify
from tests.export.models import KINDS, odd_models, random_model


def _written(model, folder):
    (path,) = export.json(model).write(folder)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_json_is_compared_whole(tmp_path, kind) -> None:
    encoder = Thermometer.fixed([-np.inf, -0.0, 0.1, np.inf], 5)
    model = random_model(kind, width=5, encoder=encoder)
    path = _written(model, tmp_path)
    assert verify(model, path).proven == (
        "all of model.json: each gate, weight and threshold is the model's",
    )
    other = random_model(kind, width=5, encoder=Thermometer.fixed([-np.inf, -0.0, 0.2, np.inf], 5))
    assert verify(other, path).failed == ("encoder of model.json: differs from the model",)


def test_a_table_of_categories_is_compared_too(tmp_path) -> None:
    encoder = Table.fit([[1.0, "a"], [2.0, "b"], [3.0, "a"]], 2, names=["age", "kind"])
    model = random_model(encoder=encoder)
    assert verify(model, _written(model, tmp_path)).equal


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"inputs": 12', '"inputs": 13', "inputs of model.json: differs"),
        ('"gates": [', '"gates": [["0"],', "number of gates of model.json: differs"),
        ('"gategrad"', '"gate"', "is no model: its keys are others"),
        ('"bias": ', '"bias": 1', "sum 0 of model.json: differs"),
        ("}\n]\n}", "}\n]\n", "is damaged"),
    ],
)
def test_other_json_fails(tmp_path, old, new, message) -> None:
    model = random_model()
    path = _written(model, tmp_path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    (failed,) = verify(model, path).failed
    assert message in failed


def test_dot_of_a_small_circuit() -> None:
    encoder = Thermometer(np.array([[37.5], [40.0]]), names=["age"])
    circuit = gg.Circuit(2, [[2, 3], [4, 0], [2, 4]], [0x2, 0x1, 0x6], [4, 5, 4])
    readout = gg.Readout("argmax", [0, 1, 2], [0, 1], [1, -2], [0, 3], [1, 1], [0, 0])
    model = gg.Model(circuit, readout, encoder, labels=['a "b"', "c"])
    text = export.dot(model, name="ages")["ages.dot"].split("\n", 1)[1]
    assert text == (
        "digraph ages {\n"
        "  rankdir=LR; node [fontname=Helvetica, fontsize=11]; edge [arrowsize=0.6];\n"
        "  { rank=source;\n"
        '    i0 [label="age > 37.5"];\n'
        '    i1 [label="age > 40"];\n'
        "  }\n"
        "  { rank=same; // level 1\n"
        '    g0 [shape=box, style=rounded, label="AND"];\n'
        "  }\n"
        "  { rank=same; // level 2\n"
        '    g1 [shape=box, style=rounded, label="NOT"];\n'
        "  }\n"
        "  i0 -> g0;\n"
        "  i1 -> g0 [arrowhead=odot];\n"
        "  g0 -> g1;\n"
        '  c0 [shape=box, style=bold, label="a \\"b\\""];\n'
        "  g0 -> c0\n"
        '  c1 [shape=box, style=bold, label="c\\nbias 3"];\n'
        '  g1 -> c1 [label="-2"]\n'
        "}\n"
    )


@pytest.mark.parametrize("name", odd_models())
def test_dot_names_every_node_that_an_edge_uses(name) -> None:
    text = export.dot(odd_models()[name])["model.dot"]
    named = set(re.findall(r"^ +(\w+) \[", text, re.MULTILINE)) | {"node", "edge"}
    ends = re.findall(r"^  (\w+) -> (\w+)", text, re.MULTILINE)
    assert {node for pair in ends for node in pair} <= named


def test_wide_gates_number_their_operands() -> None:
    text = export.dot(random_model(width=6))["model.dot"]
    assert '[headlabel="5", fontsize=8]' in text


def test_too_many_gates_are_not_drawn() -> None:
    circuit = gg.Circuit(2, [[s + 2, s + 3] for s in range(2001)], [6] * 2001, [2003 + 1])
    with pytest.raises(export.ExportError, match="2,001 gates make no picture"):
        export.dot(gg.Model(circuit, gg.Readout.group_sum(1, 1)))


def test_same_text_again() -> None:
    assert export.dot(random_model()) == export.dot(random_model())
    assert export.json(random_model()) == export.json(random_model())
