"""Records of pruning: written, read, drawn, refused."""

import json
from dataclasses import replace

import pytest

from gategrad.records import (
    Frontier,
    RecordError,
    append_frontier,
    frontier_picture,
    read_frontiers,
)

FOUND = Frontier(
    "small", "mnist-1bit", "accuracy", 0.2, 0, 0, 6000, (100, 90, 40), (0.99, 0.989, 0.9), 1,
    0.98, 0.979, 12.5, "a machine", "0.1.0",
)  # fmt: skip


def test_what_is_written_is_read_and_drawn(tmp_path):
    path = tmp_path / "all.jsonl"
    other = replace(FOUND, finetune=500, data="cifar-10", test=None, test_before=None)
    for one in (FOUND, other):
        append_frontier(path, one)
    assert read_frontiers(path) == [FOUND, other]
    assert FOUND.saved == pytest.approx(0.1)
    assert other.name == "small, 500 steps a round"
    pytest.importorskip("matplotlib")
    frontier_picture([FOUND, other], tmp_path / "a.svg")
    first = (tmp_path / "a.svg").read_bytes()
    frontier_picture([FOUND, other], tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes() == first


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"version": 2}, "line 1: no record of version 1"),
        ({"version": 1, "what": 3}, "line 1: 'budget' is missing or unknown"),
        ([], "no record of version 1"),
    ],
)
def test_what_is_none_is_refused(tmp_path, line, message):
    (tmp_path / "all.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(RecordError, match=message):
        read_frontiers(tmp_path / "all.jsonl")


def test_nothing_to_draw():
    with pytest.raises(RecordError, match="no records to draw"):
        frontier_picture([], "a.svg")
