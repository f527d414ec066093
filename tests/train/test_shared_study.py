"""A study that several processes share: each trial once, the number that was asked for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gategrad.train import Recipe, TrainError
from gategrad.train.sweep import KNOBS, run_study
from tests.train.examples import problem

pytest.importorskip("optuna", reason="needs gategrad[sweep]")

RECIPE = Recipe(layers="60x2", steps=5)
OPTIONS = {"validation": 100, "threads": 1}
ALONE = """
import json, sys
from tests.train.test_shared_study import study
print(json.dumps([trial.knobs for trial in study(sys.argv[1], int(sys.argv[2]))]))
"""


def study(storage: str, trials: int, **options: object) -> list:
    return run_study(RECIPE, *problem(), storage=storage, trials=trials, **(OPTIONS | options))


def test_two_processes_share_a_journal(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ALONE, f"journal:{tmp_path / 'journal'}", "6"]
    root = Path(__file__).parents[2]
    both = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) for _ in range(2)]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    found = study(f"journal:{tmp_path / 'journal'}", 6)
    assert len(found) == 6
    # No proposal twice, though both began with nothing known.
    assert len({json.dumps(trial.knobs) for trial in found}) == 6
    # Each saw the other's: whoever ended last printed all of them.
    assert max(len(json.loads(text)) for text in printed) == 6


def test_a_database_goes_on_and_holds_studies_by_name(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    first = study(url, 1)
    told: list = []
    assert study(url, 3, progress=told.append)[:1] == first
    assert len(told) == 2
    for trial in told:
        assert list(trial.knobs) == ["lr", "tau", "batch_size"]
        assert all(KNOBS[k].low <= value <= KNOBS[k].high for k, value in trial.knobs.items())
    other = study(url, 1, study_name="other", knobs=("tau",))
    assert [list(trial.knobs) for trial in other] == [["tau"]]
    assert len(study(url, 3)) == 3


def test_a_trial_that_fails_is_tried_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    x, y = problem()
    with pytest.raises(ValueError, match=r"expected .600,., one label for each row"):
        run_study(RECIPE, x, y[:-1], storage=url, trials=2, **OPTIONS)
    assert len(study(url, 2)) == 2


def test_messages(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study(url, 1, knobs=("lr",))
    with pytest.raises(TrainError, match=r"study .gategrad. in sqlite:.* is of another study: "):
        study(url, 2, knobs=("tau",))
    with pytest.raises(TrainError, match="can't open study 'gategrad' in nothing://here: "):
        study("nothing://here", 1)
    with pytest.raises(TrainError, match="holds one study; leave study_name out"):
        study(str(tmp_path / "study.jsonl"), 1, study_name="mine")
