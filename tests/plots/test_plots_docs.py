"""`docs/plots.md` runs as printed."""

import pytest

from tests.snippets import run_snippets

pytest.importorskip("matplotlib", reason="needs gategrad[plot]")


def test_the_snippet_saves_a_picture(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_snippets("plots.md")[0] == 1
    assert "Confusion" in (tmp_path / "same.svg").read_text()
