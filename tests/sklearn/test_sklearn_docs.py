"""The page runs as printed."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn", minversion="1.6")

from tests.snippets import run_snippets


def test_every_snippet_of_the_page_runs():
    pytest.importorskip("pandas")
    n, _ = run_snippets("sklearn.md")
    assert n == 1
