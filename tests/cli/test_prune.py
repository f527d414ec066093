"""`gategrad prune`."""

import numpy as np

from gategrad import Model, load
from gategrad.records import read_frontiers
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


def test_training_between_rounds_a_record_and_a_picture(gategrad, tmp_path) -> None:
    _files(tmp_path, layered_model(gates=60))
    command = ["prune", "net.gg", "--data", "rows.npz", "--budget", 9]
    more = ["--finetune", 20, "--threads", 1, "--record", "all.jsonl", "--picture", "all.svg"]
    done = gategrad(*command, *more, "-o", "small.gg", "--json").json
    gategrad(*command, "-o", "plain.gg", "--record", "all.jsonl")
    trained, plain = read_frontiers(tmp_path / "all.jsonl")
    assert (trained.model, trained.data, trained.finetune, plain.finetune) == (
        "net", "rows.npz", 20, 0
    )  # fmt: skip
    assert trained.gates == tuple(r["gates"] for r in done["rounds"])
    assert trained.gates[trained.kept] == done["gates"]
    assert (trained.test_before, trained.test) == (done["test_before"], done["test"])
    assert b"live gates" in (tmp_path / "all.svg").read_bytes()
    gategrad(*command, *more[:4], "-o", "again.gg")
    assert (tmp_path / "again.gg").read_bytes() == (tmp_path / "small.gg").read_bytes()


def test_a_picture_of_another_kind_is_refused_before_the_work(gategrad, tmp_path) -> None:
    _files(tmp_path, layered_model(gates=20))
    command = ["prune", "net.gg", "--data", "rows.npz", "-o", "small.gg", "--picture", "all.txt"]
    gategrad(*command).fails_with("all.txt: expected a name that ends in .svg or .png")
    assert not (tmp_path / "small.gg").exists()


def test_threads_are_for_training(gategrad, tmp_path) -> None:
    _files(tmp_path, layered_model(gates=20))
    done = gategrad("prune", "net.gg", "--data", "rows.npz", "--threads", 2, "-o", "small.gg")
    done.fails_with("--threads is for training between rounds; give --finetune STEPS too")
