"""`docs/browser.md` runs as printed."""

from tests.snippets import run_snippets


def test_the_snippet_writes_a_page(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_snippets("browser.md")[0] == 1
    assert "Is the number of ones odd?" in (tmp_path / "pages" / "parity.html").read_text()
