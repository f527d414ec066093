"""Files with gaps, from training to prediction."""

import numpy as np
import pytest

import gategrad as gg
from gategrad.data import load_file
from gategrad.data.errors import DataError

pytest.importorskip("torch")


def _write(path, n: int = 80) -> None:
    rng = np.random.default_rng(0)
    lines = ["size,colour,day,y"]
    for i in range(n):
        size, colour = rng.integers(0, 9), rng.choice(["red", "blue"])
        y = "yes" if size > 4 and colour == "red" else "no"
        cells = [size, colour, f"2024-01-{i % 28 + 1:02d}"]
        gap = {0: 0, 1: 1, 2: 2}.get(i % 10)
        if gap is not None:
            cells[gap] = ["", "NA", "?"][i % 3]
        lines.append(",".join(map(str, [*cells, y])))
    path.write_text("\n".join(lines) + "\n")


def test_gaps_are_read_where_they_may_be(tmp_path):
    path = tmp_path / "t.csv"
    _write(path)
    with pytest.raises(DataError, match="column 'size' holds ''"):
        load_file(path, target="y")
    own = load_file(path, target="y", gaps=True)
    assert [taken.kind for taken in own.taken] == ["numbers", "categories", "dates"]
    assert np.isnan(own.x_train[0, 0])
    assert own.x_train[1, 1] is None
    assert np.isnan(own.x_train[2, 2])
    assert own.taken[0].said.endswith("missing in 8 rows")


@pytest.mark.parametrize("missing", ["indicator", "most-frequent"])
def test_train_eval_and_predict_take_files_with_gaps(missing, tmp_path, gategrad):
    path, model = tmp_path / "t.csv", tmp_path / "m.gg"
    _write(path)
    options = ("--missing", missing, "--layers", 40, "--steps", 40, "--out", model, "--json")
    assert gategrad("train", path, "--target", "y", *options).json["gates"] > 0
    encoder = gg.load(model).encoder
    assert encoder.missing == missing
    assert len(encoder.marked) == (3 if missing == "indicator" else 0)
    assert gategrad("eval", model, "--data", path, "--json").json["n"] == 20
    read = pytest.importorskip("pyarrow.csv").read_csv
    pytest.importorskip("pyarrow.parquet").write_table(read(path), tmp_path / "t.parquet")
    found = []
    for name in ("t.csv", "t.parquet"):
        done = gategrad("predict", model, tmp_path / name, "--out", tmp_path / "out.npy", "--json")
        assert done.json["n"] == 80
        found.append(np.load(tmp_path / "out.npy").tolist())
    x = load_file(path, target="y", gaps=True).x_train
    assert found[0] == gg.load(model).predict(x).tolist()
    assert found[1] == found[0]


def test_an_unknown_choice_is_named(tmp_path, gategrad):
    _write(tmp_path / "t.csv")
    done = gategrad("train", tmp_path / "t.csv", "--target", "y", "--missing", "mean")
    assert "--missing is 'mean'; known: error, zero, indicator, most-frequent" in done.err
