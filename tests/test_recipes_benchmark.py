"""The driver of the long runs: what is recorded is skipped, what was interrupted goes on."""

import shutil
import subprocess
from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="needs gategrad[train]")

from benchmarks import recipes
from gategrad import records
from tests.records.examples import RECORD

TINY = recipes.Run("mnist-1bit", "small", {"layers": "60x2", "steps": 2}, seeds=(0, 1))


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Run the driver on TINY; what it starts is noted, and may fail."""
    page = tmp_path / "results.md"
    shutil.copy(recipes.PAGE, page)
    monkeypatch.setattr(recipes, "RUNS", {"tiny": TINY})
    monkeypatch.setattr(recipes, "PAGE", page)
    monkeypatch.setattr(recipes, "PICTURE", tmp_path / "results.svg")
    started, failing = [], []

    def start(command, check):
        started.append(command[3:])
        checkpoint = command[command.index("--checkpoint") + 1]
        (tmp_path / "work").mkdir(exist_ok=True)
        open(checkpoint, "w").close()
        if failing:
            raise failing.pop()
        seed = int(command[command.index("--seed") + 1])
        settings = TINY.recipe().settings()
        made = replace(RECORD, options=TINY.options, settings=settings, seed=seed)
        records.append(tmp_path / "out.jsonl", made)

    monkeypatch.setattr(recipes.subprocess, "run", start)

    def run(*arguments, fail=None):
        started.clear()
        failing.extend([fail] if fail else [])
        files = ("--out", str(tmp_path / "out.jsonl"), "--work", str(tmp_path / "work"))
        monkeypatch.setattr("sys.argv", ["recipes", *arguments, *files])
        recipes.main()
        return list(started)

    return run


def test_recorded_runs_are_skipped(driver):
    assert len(driver("--runs", "tiny:0")) == 1
    (command,) = driver("--runs", "tiny:0,1")
    assert command[command.index("--seed") + 1] == "1"
    assert command[:2] == ["train", "mnist-1bit"]
    assert command[2:8] == ["--preset", "small", "--layers", "60x2", "--steps", "2"]
    assert driver("--runs", "tiny:0,1") == []


def test_an_interrupted_run_goes_on(driver):
    with pytest.raises(subprocess.CalledProcessError):
        driver("--runs", "tiny", fail=subprocess.CalledProcessError(1, "train"))
    (command,) = driver("--runs", "tiny")
    assert "--resume" in command
    (command,) = driver("--runs", "tiny:1")
    assert "--resume" not in command


def test_runs_of_other_settings_are_made_again(driver, monkeypatch):
    driver("--runs", "tiny")
    changed = replace(TINY, options={"layers": "60x2", "steps": 3})
    monkeypatch.setattr(recipes, "RUNS", {"tiny": changed})
    assert len(driver("--runs", "tiny")) == 1


def test_the_report_names_what_is_missing(driver):
    driver("--report")
    assert "| mnist-1bit | small, layers 60x2, steps 2 | not run yet |" in recipes.PAGE.read_text()
    pytest.importorskip("matplotlib", reason="needs gategrad[plot]")
    driver("--runs", "tiny:0,1", "--report")
    assert "| 0, 1 |" in recipes.PAGE.read_text()
    assert "not run yet |" not in recipes.PAGE.read_text()
    assert recipes.PICTURE.exists()


def test_unknown_runs(driver):
    with pytest.raises(SystemExit, match="unknown run 'huge'; known: tiny"):
        driver("--runs", "huge")


def test_the_page_is_what_the_records_say(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="needs gategrad[plot]")
    page, picture = tmp_path / "results.md", tmp_path / "results.svg"
    shutil.copy(recipes.PAGE, page)
    committed = recipes.PAGE.read_text()
    monkeypatch.setattr(recipes, "PAGE", page)
    monkeypatch.setattr(recipes, "PICTURE", picture)
    recipes.report(recipes.OUT)
    assert page.read_text() == committed, "run: python -m benchmarks.recipes --report"
