"""The page's snippet runs."""

import pytest

from tests.snippets import run_snippets


def test_the_snippet_runs(monkeypatch, tmp_path) -> None:
    pytest.importorskip("torch", reason="needs gategrad[train]")
    monkeypatch.chdir(tmp_path)
    number, space = run_snippets("pruning.md")
    assert number == 2
    pruned = space["pruned"]
    assert pruned.kept.gates < pruned.rounds[0].gates
    assert (tmp_path / "small.gg").exists()
