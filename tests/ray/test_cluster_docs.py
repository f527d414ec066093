"""`docs/cluster.md` runs as printed."""

import pytest

from tests.snippets import run_snippets


def test_the_snippet_prints_what_it_says(capsys: pytest.CaptureFixture) -> None:
    pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    assert run_snippets("cluster.md")[0] == 1
    assert capsys.readouterr().out == "{'id': [7, 8, 9], 'label': ['young', 'young', 'old']}\n"
