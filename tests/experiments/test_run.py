"""`gategrad experiment` from its options to the table."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs gategrad[train]")

from gategrad import records
from gategrad.experiments import report, rows
from gategrad.experiments.catalogue import ROWS, Row, find_experiment
from gategrad.experiments.options import ExperimentOptions
from gategrad.experiments.run import run
from tests.cli.conftest import _plain, gategrad  # noqa: F401

QUICK = ("-bs", 50, "-t", 2, "-ni", 40, "-ef", 20, "-k", 24, "-l", 2, "-lr", 0.05)


@pytest.fixture(autouse=True)
def monks(monkeypatch):
    """All rows of MONK's first problem, in the place of the files."""
    codes = np.stack(np.meshgrid(*(range(1, n + 1) for n in (3, 3, 2, 3, 4, 2))), -1).reshape(-1, 6)
    y = ((codes[:, 0] == codes[:, 1]) | (codes[:, 4] == 1)).astype(np.int64)
    x = codes.astype(np.uint8)
    monkeypatch.setattr(rows, "load", lambda name: (x, y, x[::2], y[::2]))


def test_runs_are_recorded_and_compared(gategrad):  # noqa: F811
    done = gategrad(
        *("experiment", "monk1", *QUICK, "--packbits_eval", "--runs", 2, "--threads", 1),
        *("--record", "r.jsonl", "--json"),
    )
    assert "packed rows: the network's scores on 216 rows" in done.err
    first, second = records.read("r.jsonl")
    assert (first.data, first.preset, first.seed, second.seed) == ("monk1", "experiment", 0, 1)
    trained = {"batch_size": 50, "tau": 2.0, "num_iterations": 40, "learning_rate": 0.05}
    assert first.options == trained | {"num_neurons": 24, "num_layers": 2}
    assert first.settings["connections"] == "unique"
    assert (first.neurons, first.steps, first.best_step) == (48, 40, 40)
    assert first.validation_hard is None
    assert done.json["hard_accuracy"] == (first.test_hard + second.test_hard) / 2
    assert first.test_hard != second.test_hard or first.gates != second.gates
    assert "| monk1 | experiment, batch-size 50" in gategrad("report", "r.jsonl").out


def test_compiled_code_is_compared():
    told = []
    options = ExperimentOptions(num_iterations=5, num_neurons=24, num_layers=1, compile_model=True)
    run(find_experiment("monk1"), options, 0, told.append)
    assert "sums and labels of model.c: equal for all 131,072 rows" in told[-1]


def test_rows_held_back_choose():
    options = ExperimentOptions(
        num_iterations=60, eval_freq=20, learning_rate=0.1, valid_set_size=0.25, schedule="cosine"
    )
    told = []
    record = run(find_experiment("monk1"), options, 0, told.append)
    assert record.best_step in (20, 40, 60)
    reached = [float(line.split("held back ")[1].split(" %")[0]) for line in told]
    assert 100 * record.validation_hard == pytest.approx(max(reached), abs=0.01)


def test_baseline_has_the_papers_size(gategrad):  # noqa: F811
    gategrad("experiment", "monk1", "--baseline", "-ni", 400, "--record", "r.jsonl")
    (record,) = records.read("r.jsonl")
    assert record.test_hard == record.test_soft > 0.9
    assert (record.gates, record.neurons) == (0, 8)
    gategrad("report", "r.jsonl", "--picture", "p.svg").fails_with("there are no records to draw")


def test_folds_judge_by_the_training_rows_alone(gategrad, monkeypatch):  # noqa: F811
    given = ("experiment", "monk1", *QUICK, "--folds", 3, "--threads", 1)
    done = gategrad(*given, "--runs", 2, "--json")
    assert (done.json["folds"], done.json["seeds"]) == (3, [0, 1])
    assert 0.5 < done.json["validation"] < 1
    assert done.err.count("on training rows held back") == 2
    assert not records.journal.Path("experiments.jsonl").exists()
    whole = rows.load("")
    monkeypatch.setattr(rows, "load", lambda name: (*whole[:2], whole[2][:0], whole[3][:0]))
    assert gategrad(*given, "--runs", 2, "--json").json == done.json
    gategrad(*given, "--record", "r.jsonl").fails_with("--folds records nothing: leave out")
    gategrad(*given, "-vss", 0.5).fails_with("folds hold rows back themselves")
    gategrad(*given[:-4], "--folds", 500).fails_with("folds is 500; expected 2 to 432")
    gategrad("experiment", "light-study", "--folds", 3).fails_with("--folds is not for light-study")


def test_messages(gategrad):  # noqa: F811
    def fails(text, *options):
        gategrad("experiment", *options).fails_with(text)

    fails("unknown experiment 'monk4'; known: monk1, ", "monk4")
    fails("25 gates a layer can't be shared by 2 classes", "monk1", "-k", 25)
    fails("unknown schedule 'step'; known: constant, cosine", "monk1", "--schedule", "step")
    fails("valid_set_size is 1.0; expected a share", "monk1", "-vss", 1)
    fails("a neural baseline is no circuit", "monk1", "--baseline", "--compile_model")
    of_gates = ("--parametrization", "nonsense", "--tau", 5, "--connections", "learned")
    fails("leave out --tau, --connections, --parametrization", "monk1", "--baseline", *of_gates)
    fails("unknown parametrization 'foo'; known: raw, ", "monk1", "--parametrization", "foo")


def test_the_table_names_commands_and_what_was_not_run(gategrad):  # noqa: F811
    gategrad("experiment", "monk2", "-ni", 3, "--record", "r.jsonl")
    assert report.table([]).count("| not run |") == len(ROWS)
    made = report.table(records.read("r.jsonl"), [Row("monk2", {"num_iterations": 3}, 0.909)])
    assert made.splitlines()[-1].startswith("| `gategrad experiment monk2 -ni 3` | 72 | ")
    assert "| 90.90 % | 0 |" in made
    found = gategrad("report", "r.jsonl", "--experiments", "--json").json["recipes"]
    assert [row["command"] for row in found] == [row.command for row in ROWS]
    whole = gategrad("report", "r.jsonl", "--experiments").out
    assert whole == report.table(records.read("r.jsonl"))
