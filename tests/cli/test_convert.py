"""`gategrad convert`."""

import numpy as np

import gategrad as gg
from tests.trees.test_forest import LIGHTGBM


def test_a_forest_becomes_a_model(gategrad, tmp_path):
    (tmp_path / "forest.txt").write_text(LIGHTGBM)
    np.save(tmp_path / "rows.npy", np.array([[1.0, 0], [2, -2], [2, 0]]))
    out = tmp_path / "forest.gg"
    done = gategrad(
        "convert", tmp_path / "forest.txt", "-o", out, "--rows", tmp_path / "rows.npy", "--json"
    ).json
    assert (done["trees"], done["comparisons"], done["calibration_rows"]) == (2, 3, 3)
    model = gg.load(out)
    assert model.predict(np.array([[1.0, 0], [2, -2]])).tolist() == [0, 1]
    assert np.isclose(done["score_error"], float(model.meta["score_error"]), rtol=0.01)
    text = gategrad("convert", tmp_path / "forest.txt", "-o", out).out
    assert "off by at most" in text
    assert "not compared; pass --rows" in text


def test_what_is_no_forest_is_one_sentence(gategrad, tmp_path):
    (tmp_path / "forest.txt").write_text("nothing")
    done = gategrad("convert", tmp_path / "forest.txt", "-o", tmp_path / "f.gg")
    done.fails_with("it is no forest; expected a LightGBM text file")
