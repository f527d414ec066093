"""The site's own programs: what tutorials print, files beside docs/, links that lead nowhere."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SITE = Path(__file__).parents[2] / "tools" / "site"
LINKS = SITE / "links.py"


def _load(name: str) -> ModuleType:
    for needed in ("mkdocs", "jupytext", "nbclient"):
        pytest.importorskip(needed, reason="needs gategrad[docs]")
    spec = importlib.util.spec_from_file_location(f"site_{name}", SITE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _check(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, str(LINKS), str(folder)]
    return subprocess.run(command, capture_output=True, text=True)


def test_links_that_lead_nowhere_are_named(tmp_path) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="b.html#there">b</a> <a href="#here">up</a>'
        '<a href="https://elsewhere.example/">not asked</a> <img src="c.svg">'
    )
    (tmp_path / "b.html").write_text('<p id="there">')
    (tmp_path / "c.svg").write_text("<svg/>")
    assert _check(tmp_path).returncode == 0
    (tmp_path / "b.html").write_text('<a href="gone.html">')
    done = _check(tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["a.html links b.html#there", "b.html links gone.html"]


def test_what_a_block_printed_is_one_text_without_colours_and_progress() -> None:
    notebooks = _load("notebooks")
    stream = {"output_type": "stream", "name": "stdout"}
    outputs = [
        notebooks.NotebookNode(stream | {"text": "\x1b[1mone\x1b[0m "}),
        notebooks.NotebookNode(stream | {"name": "stderr", "text": "10 %"}),
        notebooks.NotebookNode(stream | {"text": "two\n"}),
    ]
    cell = notebooks.NotebookNode(
        cell_type="code", source="%%bash\nls", outputs=outputs, metadata={}
    )
    notebooks._strip(notebooks.NotebookNode(cells=[cell]), "a.md")
    code, shown = notebooks._cell(cell)
    assert code == "```bash\nls\n```"
    assert "```text\none two\n```" in shown


def test_a_tutorial_that_warns_fails_the_build() -> None:
    notebooks = _load("notebooks")
    text = "x.py:1: DeprecationWarning: old"
    output = notebooks.NotebookNode(output_type="stream", name="stderr", text=text)
    cell = notebooks.NotebookNode(cell_type="code", source="1", outputs=[output], metadata={})
    with pytest.raises(notebooks.PluginError, match=r"a\.md warns: x\.py:1"):
        notebooks._strip(notebooks.NotebookNode(cells=[cell]), "a.md")


def test_html_of_a_block_has_no_empty_line_that_would_end_it() -> None:
    notebooks = _load("notebooks")
    shown = notebooks._html("<table>\n\n<tr>\n</table>")
    assert shown == '<div class="output">\n<table>\n<tr>\n</table>\n</div>'


def test_links_to_files_beside_the_pages_lead_to_pages_that_show_them() -> None:
    outside = _load("outside")

    def turned(address: str, text: str) -> str:
        page = SimpleNamespace(file=SimpleNamespace(src_uri=address))
        return outside.on_page_markdown(text, page, None, None)

    assert turned("gpu.md", "[e](../examples/ddp.py)") == "[e](files/examples/ddp.py.md)"
    assert turned("gpu.md", "[l](layers.md#a)") == "[l](layers.md#a)"
    assert turned("files/CONTRIBUTING.md", "[a](docs/gpu.md#b)") == "[a](../gpu.md#b)"
    assert outside._text(SITE / "links.py").startswith("# tools/site/links.py\n\n````python\n")
