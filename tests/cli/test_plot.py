"""`gategrad plot`."""

import pytest

pytest.importorskip("matplotlib", reason="needs gategrad[plot]")


def test_with_rows_and_without(gategrad, trained, tmp_path):
    model, data, _ = trained
    assert gategrad("plot", model, "-o", "alone.svg", "--json").json == {
        "file": "alone.svg",
        "rows": 0,
    }
    done = gategrad("plot", model, "--data", data, "-o", "all.svg")
    assert done.out.startswith("all.svg, ")
    alone, whole = ((tmp_path / name).read_text() for name in ("alone.svg", "all.svg"))
    assert "What gates read" in alone
    assert "Confusion" not in alone
    assert "Confusion" in whole
    assert "Accuracy by class" in whole


def test_messages(gategrad, xor_model):
    gategrad("plot", xor_model, "-o", "x.jpg").fails_with("expected a name that ends in .svg")
    gategrad("plot", xor_model, "-o", "no/x.svg").fails_with("can't write no/x.svg")
    gategrad("plot", xor_model, "-o", "x.svg", "--image-shape", "9").fails_with("such as 28x28")
    gategrad("plot", xor_model, "-o", "x.svg", "--target", "y").fails_with("are for --data")
