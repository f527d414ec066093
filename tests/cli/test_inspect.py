"""`gategrad inspect`."""

import pytest

import gategrad as gg
from gategrad.circuit import live_gates


def test_json_has_the_figures_of_the_optimized_circuit(gategrad, xor_model):
    assert gategrad("inspect", xor_model, "--json").json == {
        "neurons": 3,
        "gates": 1,
        "adders": 0,
        "comparators": 0,
        "depth": 1,
        "inputs": 3,
        "classes": 2,
    }


def test_it_shows_what_the_circuit_consists_of(gategrad, xor_model):
    out = gategrad("inspect", xor_model).out
    for text in ("2 used of 3", "none: rows are bits", "2: same, different", "3 in the file"):
        assert text in out
    assert "xor" in out
    assert "100.00 %" in out


def test_small_circuits_are_shown_as_rules(gategrad, xor_model, pixel_model):
    out = gategrad("inspect", xor_model).out
    assert "different: 0 +1 if" in out
    assert "[in 0] differs from [in 1]" in out or "[in 0] equals [in 1]" in out
    assert "class 1, where above 0: 0 +1 if [x0 > 127.5]" in gategrad("inspect", pixel_model).out


def test_binary_models_have_two_classes(gategrad, pixel_model):
    done = gategrad("inspect", pixel_model, "--json")
    assert done.json == {
        "neurons": 0,
        "gates": 0,
        "adders": 0,
        "comparators": 1,
        "depth": 0,
        "inputs": 2,
        "classes": 2,
    }


def test_gates_and_depth_are_those_of_one_circuit(gategrad, tmp_path):
    """Wide gates are counted as their decomposition, and so is the way through them."""
    chain = gg.Circuit(5, [[2, 3, 4], [7, 5, 6]], [0x96, 0x96], [8, 2, 3])
    readout = gg.Readout("regression", [0, 3], [0, 1, 2], [1, 1, 2], [0], [1.0], [0.0])
    gg.Model(chain, readout).save(tmp_path / "wide.gg")
    done = gategrad("inspect", tmp_path / "wide.gg", "--json").json
    assert (done["gates"], done["depth"], done["adders"], done["comparators"]) == (4, 4, 2, 0)
    out = " ".join(gategrad("inspect", tmp_path / "wide.gg").out.split())
    assert "live gates 4; not counting 2 adders and 0 comparators" in out
    assert "depth 4 gates of 2 inputs; as 2 of up to 3: 2" in out


def test_a_circuit_without_gates_has_no_functions(gategrad, pixel_model):
    out = gategrad("inspect", pixel_model).out
    assert "thermometer, 2 features to 2 bits" in out
    assert "1 used of 2" in out
    assert "function" not in out


@pytest.mark.parametrize("label", ["[bold]", "a\nb"])
def test_labels_are_shown_as_they_are(gategrad, xor_model, label):
    model = gg.load(xor_model)
    gg.Model(model.circuit, model.readout, labels=(label, "other")).save(xor_model)
    assert label.splitlines()[0] in gategrad("inspect", xor_model).out


def test_trained_models_say_what_they_were_trained_on(gategrad, trained):
    model, _, figures = trained
    shown = gategrad("inspect", model, "--json").json
    assert shown["neurons"] == figures["neurons"] == 400
    assert shown["gates"] == figures["gates"] == live_gates(gg.load(model).circuit)
    assert "data monk.csv" in gategrad("inspect", model).out
