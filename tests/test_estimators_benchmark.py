"""The table of estimators: what is recorded is skipped, and the page says what the records say."""

import shutil

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs gategrad[train]")
pytest.importorskip("sklearn", minversion="1.6")
pytest.importorskip("pandas")

import pandas

from benchmarks import estimators
from benchmarks.estimator_report import ranks
from benchmarks.estimator_sets import TableSet


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Run the benchmark on a small set with two estimators."""
    shutil.copy(estimators.PAGE, tmp_path / "tables.md")
    columns = {"a": np.arange(60.0), "b": np.array(["x", "y", "z"] * 20, object)}
    table = TableSet(pandas.DataFrame(columns), np.arange(60) // 20, "made here")
    monkeypatch.setattr(estimators, "SETS", {"tiny": lambda: table})
    made = {name: estimators.ESTIMATORS[name] for name in ("linear", "constant")}
    monkeypatch.setattr(estimators, "ESTIMATORS", made)

    def run(*arguments):
        files = ["--out", str(tmp_path / "r.jsonl"), "--page", str(tmp_path / "tables.md")]
        estimators.main([*arguments, *files])
        return (tmp_path / "tables.md").read_text(), (tmp_path / "r.jsonl").read_text()

    return run


def test_what_is_recorded_is_skipped(driver):
    page, lines = driver("--estimators", "linear")
    assert "| tiny | 60 | 2 |" in page
    assert "not run" in page
    page, more = driver()
    assert more.startswith(lines)
    assert len(more.splitlines()) == 2
    assert "| 33.33 % (2) |" in page
    assert driver("--report")[0] == page


def test_the_page_is_what_the_records_say(tmp_path):
    page = tmp_path / "tables.md"
    shutil.copy(estimators.PAGE, page)
    estimators.report(estimators.OUT, page)
    assert page.read_text() == estimators.PAGE.read_text(), "run: estimators --report"


def test_an_estimator_beside_the_others_has_no_rank():
    def one(name, score):
        return estimators.Measured("s", name, "accuracy", [score], [score], None, 1e3, 0.5, 9, 2)

    names = ["gategrad", "linear", "network alone"]
    found = [one(name, score) for name, score in zip(names, (0.8, 0.7, 0.9), strict=True)]
    text = estimators.tables(found, ["s"], names)
    assert "| **80.00 %** (1) | 70.00 % (2) | 90.00 % |" in text
    assert "| median rank |  |  | 1 | 2 |  |  |" in text
    assert "| not run | 70.00 % | 90.00 % |" in estimators.tables(found[1:], ["s"], names)


def test_equal_ones_share_a_rank():
    assert ranks([0.5, 0.9, 0.5, 0.1]) == [2.5, 1.0, 2.5, 4.0]
