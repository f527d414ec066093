"""`gategrad prune`."""

import numpy as np

from gategrad import Model, load
from tests.pruning.models import layered_model


def _files(folder, model):
    rng = np.random.default_rng(0)
    x = rng.random((800, 12)) < 0.5
    model.save(folder / "net.gg")
    np.savez(folder / "rows.npz", x_train=x[:600], y_train=model.predict(x[:600]),
             x_test=x[600:], y_test=model.predict(x[600:]))  # fmt: skip


def test_a_smaller_model_and_figures_of_both(gategrad, tmp_path) -> None:
    base = layered_model(gates=60)
    _files(tmp_path, Model(base.circuit, base.readout, labels=("x", "y", "z")))
    done = gategrad(
        "prune", "net.gg", "--data", "rows.npz", "--budget", 9, "-o", "small.gg", "--json"
    )
    found = done.json
    assert load(tmp_path / "small.gg").circuit.n_gates == found["gates"] < found["gates_before"]
    assert found["held_rows"] == 60
    assert found["held_before"] == found["test_before"] == 1
    assert found["held"] >= 0.91
    assert found["rounds"][0]["gates"] == found["gates_before"]
    shown = gategrad("prune", "net.gg", "--data", "rows.npz", "--budget", 9, "-o", "again.gg")
    assert (tmp_path / "again.gg").read_bytes() == (tmp_path / "small.gg").read_bytes()
    assert f"{found['gates_before']:,} to {found['gates']:,}" in shown.out
    assert "of the held-back rows" in shown.err


def test_rows_must_be_named_where_the_model_knows_none(gategrad, tmp_path) -> None:
    layered_model(gates=20).save(tmp_path / "net.gg")
    done = gategrad("prune", "net.gg", "-o", "small.gg")
    done.fails_with("net.gg doesn't say what it was trained on; name rows by --data")
    assert not (tmp_path / "small.gg").exists()
