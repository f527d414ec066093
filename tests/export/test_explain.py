"""Explanations: what they call a cause is one, and what they leave out is none."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

import gategrad as gg
from gategrad import export
from gategrad.circuit import evaluate
from gategrad.cli.app import app
from gategrad.encoding import OneHot, Thermometer
from gategrad.export.explain import class_cone, explain, influence, row_cone
from gategrad.export.explain.cone import formula
from tests.export.models import KINDS, all_rows, odd_models, random_model


@pytest.mark.parametrize("kind", KINDS)
def test_other_inputs_do_not_change_what_speaks_for_a_row(kind) -> None:
    """With the inputs that a row's cone names held, its roots stay, whatever the others are."""
    model, rng = random_model(kind, width=3, gates=30).optimize(), np.random.default_rng(0)
    for row in rng.integers(0, 2, (20, 12), dtype=np.uint8):
        cone = row_cone(model, row)
        others = rng.integers(0, 2, (200, 12), dtype=np.uint8)
        others[:, cone.inputs] = row[cone.inputs]
        whole = gg.Circuit(12, model.circuit.fanin, model.circuit.table, cone.roots)
        before = evaluate(whole, row[None].astype(bool))
        np.testing.assert_array_equal(
            evaluate(whole, others.astype(bool)), np.repeat(before, 200, axis=0)
        )
        assert cone.terms[0] == len(cone.roots) <= cone.terms[1]


def test_the_cone_of_a_class_is_all_that_its_sum_depends_on() -> None:
    model, x = random_model().optimize(), all_rows(12)[::3]
    for number in range(3):
        cone = class_cone(model, number)
        for j in set(range(12)) - set(cone.inputs.tolist()):
            turned = x.copy()
            turned[:, j] ^= 1
            np.testing.assert_array_equal(model.sums(x)[:, number], model.sums(turned)[:, number])


def test_influence_is_the_mean_change_of_the_sums() -> None:
    circuit = gg.Circuit(3, [[2, 3]], [8], [5, 4])
    readout = gg.Readout("regression", [0, 2], [0, 1], [4, -3], [0], [1], [0])
    model = gg.Model(circuit, readout)
    np.testing.assert_allclose(influence(model, all_rows(3).astype(bool)), [2, 2, 3])


def test_the_text_of_a_small_model() -> None:
    encoder = Thermometer(np.array([[37.5], [40.0]]), names=["age"])
    circuit = gg.Circuit(2, [[2, 3], [4, 0]], [0x2, 0x1], [4, 5])
    readout = gg.Readout("argmax", [0, 1, 2], [0, 1], [1, 2], [0, 0], [1, 1], [0, 0])
    model = gg.Model(circuit, readout, encoder, labels=["yes", "no"])
    text = explain(model, row=np.array([30.0]))["model.txt"]
    assert text == (
        "class 1 (no) has the sum 2, class 0 (yes) has the sum 0.\n"
        "2 of the 2 outputs that count between them speak for that.\n"
        "These are as they are because of 2 of 2 gates, and 1 of 2 inputs.\n"
        "Inputs that move the sums most on this row: age > 37.5 (3).\n"
        "\n"
        "g0 = [age > 37.5] and not [age > 40]   is 0\n"
        "g1 = not g0   is 1\n"
    )
    assert explain(model, number=0)["model.txt"].startswith(
        "The sum of class 0 (yes) depends on 1 of 2 gates, and 2 of 2 inputs.\n"
    )


@pytest.mark.parametrize("name", odd_models())
def test_odd_circuits(name) -> None:
    model = odd_models()[name]
    for options in ({"number": 0}, {"row": np.array([1, 0])}):
        made = explain(model, **options)
        named = set(re.findall(r"^ +(\w+) \[", made["model.dot"], re.MULTILINE))
        ends = re.findall(r"^  (\w+) -> (\w+)", made["model.dot"], re.MULTILINE)
        assert {node for pair in ends for node in pair} <= named


def test_the_page_stands_alone() -> None:
    model = random_model(encoder=Thermometer.fixed([9, 90], 16))
    model = gg.Model(model.circuit, model.readout, model.encoder, ["<b>", "&", "c"])
    page = explain(model, row=np.arange(16) * 8)["model.html"]
    # 16 features are an image of 4 by 4, beside the row itself.
    assert page.count("<rect") == 32
    assert "<b>" not in page
    assert not re.search(r"(src|href)=", page)
    text = OneHot.fit(np.array([["a"], ["b"]], dtype=object))
    small = gg.Model(gg.Circuit(2, [[2, 3]], [6], [4]), gg.Readout.group_sum(1, 1), text)
    assert explain(small, number=0)["model.html"].count("<rect") == 2


def test_formulas() -> None:
    assert formula(0x6, ["a", "b"]) == "a differs from b"
    assert formula(0x1, ["a"]) == "not a"
    assert formula(0xE8, ["a", "b", "c"]) == "table e8 of a, b, c"


def test_the_verb_takes_a_class_by_its_name(tmp_path) -> None:
    circuit = gg.Circuit(1, [[2, 2]], [0x5], [3, 2])
    readout = gg.Readout.group_sum(2, 2)
    gg.Model(circuit, readout, labels=["no", "yes"]).save(tmp_path / "m.gg")

    def run(name):
        return CliRunner().invoke(app, ["explain", str(tmp_path / "m.gg"), "--class", name])

    assert run("yes").output == run("1").output != ""
    assert "expected a number, or a name: no, yes" in " ".join(run("ja").stderr.split())


def test_the_verb(tmp_path) -> None:
    random_model().save(tmp_path / "m.gg")
    np.save(tmp_path / "x.npy", all_rows(12)[:9])

    def run(*words):
        return CliRunner().invoke(app, ["explain", str(tmp_path / "m.gg"), *map(str, words)])

    done = run("--row", f"{tmp_path}/x.npy:8", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["m.dot", "m.html", "m.txt"]
    shown = run("--class", 1, "--rows", tmp_path / "x.npy", "--json")
    assert "on 9 rows" in json.loads(shown.stdout)["lines"][1]
    for words, message in (
        ((), "give either --class C or --row"),
        (("--row", "x.npy"), "expected a file and a number"),
        (("--row", f"{tmp_path}/x.npy:9"), "has 9 rows, numbered from 0; there is no row 9"),
        (("--class", 3), "class 3 is not there; the model has 0 to 2"),
        (("--class", "x"), "--class is 'x'; expected a number; the model's classes have no names"),
    ):
        refused = run(*words)
        assert refused.exit_code == 1
        assert message in " ".join(refused.stderr.split())


def test_messages() -> None:
    with pytest.raises(export.ExportError, match="give either a class or a row to explain"):
        explain(random_model())
    with pytest.raises(export.ExportError, match="a row has 3 values; the model takes 12"):
        explain(random_model(), row=np.zeros(3))
