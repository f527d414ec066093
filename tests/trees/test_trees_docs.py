"""The page runs as printed."""

import pytest

from tests.snippets import run_snippets


def test_every_snippet_of_the_page_runs():
    pytest.importorskip("sklearn")
    pytest.importorskip("torch", reason="the page trains a forest on")
    n, space = run_snippets("trees.md")
    assert n == 2
    assert 0 < float(space["model"].meta["score_error"]) < 1
