"""A study of two tiny trials: its file, going on, messages."""

import json
import sys

import numpy as np
import pytest

from gategrad.encoding import Thermometer
from gategrad.train import Recipe, TrainError
from gategrad.train.sweep import KNOBS, run_study
from tests.train.examples import problem

RECIPE = Recipe(layers="60x2", steps=5)
OPTIONS = {"validation": 100, "threads": 1}


def study(path, trials, **options):
    return run_study(RECIPE, *problem(), storage=path, trials=trials, **(OPTIONS | options))


@pytest.fixture
def _optuna():
    pytest.importorskip("optuna", reason="needs gategrad[sweep]")


@pytest.mark.usefixtures("_optuna")
def test_an_interrupted_study_goes_on_as_if_it_had_not_been(tmp_path):
    whole = study(tmp_path / "whole", 3)
    first = study(tmp_path / "parts", 1)
    told = []
    parts = study(tmp_path / "parts", 3, progress=told.append)
    assert len(first) == 1
    assert len(told) == 2
    assert [trial.knobs for trial in parts] == [trial.knobs for trial in whole]
    assert [trial.hard_accuracy for trial in parts] == [trial.hard_accuracy for trial in whole]
    assert len({json.dumps(trial.knobs) for trial in whole}) == 3
    for trial in whole:
        assert list(trial.knobs) == ["lr", "tau", "batch_size"]
        assert all(
            KNOBS[name].low <= value <= KNOBS[name].high for name, value in trial.knobs.items()
        )
    # All there is already.
    assert study(tmp_path / "parts", 2) == parts
    assert len((tmp_path / "parts").read_text().splitlines()) == 4


@pytest.mark.usefixtures("_optuna")
def test_messages(tmp_path):
    study(tmp_path / "s", 1, knobs=("lr",))
    with pytest.raises(TrainError, match="is of another study: "):
        study(tmp_path / "s", 2, knobs=("tau",))
    with pytest.raises(TrainError, match="unknown knob 'speed'; known: lr, wiring_lr, tau,"):
        study(tmp_path / "t", 1, knobs=("speed",))
    with pytest.raises(TrainError, match="knob 'candidates' does nothing in Recipe"):
        study(tmp_path / "t", 1, knobs=("candidates",))
    assert not (tmp_path / "t").exists()


def test_without_optuna(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(TrainError, match=r"a sweep needs Optuna: pip install gategrad\[sweep\]"):
        study(tmp_path / "s", 1)


@pytest.mark.usefixtures("_optuna")
def test_levels_of_an_encoder_are_a_knob(tmp_path):
    x, y = np.random.default_rng(0).random((400, 12), np.float32), np.arange(400) % 4
    recipe, made = RECIPE.but(thermometer=3), []

    def make(trial: Recipe) -> Thermometer:
        made.append(trial.thermometer)
        return Thermometer.quantile(x, trial.thermometer)

    options = OPTIONS | {"storage": tmp_path / "s", "trials": 3}
    trials = run_study(recipe, x, y, encoder=make, **options)
    assert "thermometer" in trials[0].knobs
    assert [trial.knobs["thermometer"] for trial in trials] == made
    assert len(set(made)) > 1
    # With an encoder that is fitted there is nothing to vary.
    options["storage"] = tmp_path / "t"
    fitted = Thermometer.quantile(x, 3)
    with pytest.raises(TrainError, match="knob 'thermometer' needs a function that fits an enc"):
        run_study(recipe, x, y, encoder=fitted, knobs=("thermometer",), **options)
    trials = run_study(recipe, x, y, encoder=fitted, **options)
    assert list(trials[0].knobs) == ["lr", "tau", "batch_size"]
    # The file's knobs go on, and levels that were chosen stay.
    options["trials"] = 4
    assert run_study(recipe, x, y, encoder=make, **options)[:3] == trials
    options["storage"] = tmp_path / "u"
    chosen = recipe.but(thermometer=(0.2, 0.7))
    trials = run_study(chosen, x, y, encoder=lambda trial: fitted, **options)
    assert "thermometer" not in trials[0].knobs
