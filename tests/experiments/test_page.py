"""docs/reproduction.md says what the committed records say."""

from pathlib import Path

import pytest

from gategrad import records
from gategrad.experiments import report
from gategrad.experiments.picture import picture

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_records_say():
    page = (DOCS / "reproduction.md").read_text()
    found = records.read(DOCS / "records" / "experiments.jsonl")
    made = records.between_markers(page, "records", report.table(found))
    assert made == page, "run: gategrad report ... --experiments --page docs/reproduction.md"


def test_every_record_is_in_the_table():
    found = records.read(DOCS / "records" / "experiments.jsonl")
    rows = [(row.name, row.options) for row in report.ROWS]
    assert all((record.data, record.options) in rows for record in found)


def test_the_picture_shows_ours_beside_the_papers(tmp_path):
    pytest.importorskip("matplotlib", reason="needs gategrad[plot]")
    found = records.read(DOCS / "records" / "experiments.jsonl")
    picture(found, tmp_path / "a.svg")
    drawn = (tmp_path / "a.svg").read_text()
    for text in ("monk1", "breast_cancer", "published", "our recipe", "live gates"):
        assert text in drawn
    with pytest.raises(records.RecordError, match="no records of experiments to draw"):
        picture([], tmp_path / "c.svg")
