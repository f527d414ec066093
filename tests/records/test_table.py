"""The table and the picture of records, and the page of results."""

import doctest
import importlib
import pkgutil
import re
from dataclasses import replace
from pathlib import Path

import pytest

import gategrad.records
from gategrad.records import RecordError, between_markers, grouped, picture, published, table
from tests.records.examples import PLAIN, RECORD, seeds

MODULES = [module.name for module in pkgutil.iter_modules(gategrad.records.__path__)]

TABLE = """\
| data | recipe | neurons | live gates | test accuracy | soft | validation | seeds \
| training, minutes | command, minutes | threads, machine |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| mnist-1bit | small, lr 0.1, gate-penalty 0.5 | 8,000 | 4,100 | **98.20 %** (98.10-98.30) \
| 97.90 % | 98.00 % | 0, 1, 2 | 1.5 | 2.0 | 2, AMD EPYC, 2 cores |
| mnist-1bit | small | 8,000 | 4,000 | **98.10 %** | 97.90 % | 98.00 % | 0 \
| 1.5 | 2.0, resumed | 2, AMD EPYC, 2 cores |
| cifar-10 | best | not run yet |  |  |  |  |  |  |  |  |
"""


def test_table():
    runs = [*seeds(0.981, 0.983, 0.982), replace(PLAIN, resumed=True)]
    assert table(grouped(runs), [("cifar-10", "best")]) == TABLE


def test_of_two_runs_of_a_seed_the_later_one_counts():
    group, other = grouped([*seeds(0.9, 0.8), replace(RECORD, test_hard=0.7), PLAIN])
    assert [record.test_hard for record in group.records] == [0.7, 0.8]
    assert group.spread("test_hard") == pytest.approx(0.1)
    assert other.records == (PLAIN,)


def test_other_machines_and_settings_are_other_rows():
    others = [{"machine": "x"}, {"threads": 1}, {"settings": {}}, {"data": "d"}, {"preset": "p"}]
    assert len(grouped([RECORD, *(replace(RECORD, **other) for other in others)])) == 6


def test_published_points_have_sources():
    for data in ("mnist-1bit", "mnist", "fashion-mnist", "cifar-10"):
        points = published(data)
        assert len(points) >= 3
        for point in points:
            assert re.fullmatch(r"arXiv \d{4}\.\d{5}", point.source)
            assert 0.5 < point.accuracy < 1
            assert point.gates >= 4000
    assert published("own.csv") == ()


def test_the_same_records_give_the_same_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="needs gategrad[plot]")
    groups = grouped([*seeds(0.981, 0.983), PLAIN, replace(PLAIN, data="cifar-10", test_hard=0.5)])
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        picture(groups, tmp_path / name)
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn == (tmp_path / "b.svg").read_text()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    for text in ("LILogicNet", "gategrad, live gates", "small, lr 0.1", "cifar-10"):
        assert text in drawn
    assert not re.search(r"20\d\d-\d\d-\d\d", drawn)


def test_pictures_that_can_not_be_drawn(tmp_path, monkeypatch):
    with pytest.raises(RecordError, match=r"expected a name that ends in \.svg or \.png"):
        picture(grouped([RECORD]), tmp_path / "a.pdf")
    with pytest.raises(RecordError, match="there are no records to draw"):
        picture([], tmp_path / "a.svg")
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(RecordError, match=r"pip install gategrad\[plot\]"):
        picture(grouped([RECORD]), tmp_path / "a.svg")


@pytest.mark.parametrize("page", ["", "<!-- /t -->\n<!-- t -->\n", "<!-- t -->\n" * 2])
def test_pages_without_markers(page):
    with pytest.raises(RecordError, match="needs the lines <!-- t --> and <!-- /t -->"):
        between_markers(page, "t", "text\n")


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(f"gategrad.records.{name}")
    assert doctest.testmod(module).failed == 0


def test_the_records_in_docs_can_be_read():
    for path in (Path(__file__).parents[2] / "docs" / "records").glob("*.jsonl"):
        assert gategrad.records.read(path)
