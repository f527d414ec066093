"""Tutorials are notebooks in Markdown, whose code runs while the site is built.

A page under docs/tutorials/ is prose with blocks of `python` and `bash`. jupytext reads it as a
notebook, nbclient runs that in a kernel of its own and in an empty folder, and the page shows what
each block printed. The notebook, outputs included, lies beside the page to be downloaded, and so
does every page of HTML that the tutorial wrote.

`DOCS_EXECUTE=no` leaves the outputs out, for a quick look at the prose.
"""

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from jupyter_client import AsyncKernelManager
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

FOLDER = "tutorials/"
# Seconds that one block may take on a busy machine; a whole tutorial wants three minutes at most.
LIMIT = 600
# The most that may be shown of what a block printed.
LINES = 60
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Else jupytext takes the language of most blocks for that of the notebook.
HEADER = """---
jupyter:
  kernelspec: {display_name: Python 3, language: python, name: python3}
---
"""
LOG = get_plugin_logger("notebooks")
_notebooks: dict[str, NotebookNode] = {}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Run every tutorial, and add its notebook to the site."""
    for file in list(files.documentation_pages()):
        address = file.src_uri
        if not address.startswith(FOLDER) or address == f"{FOLDER}index.md":
            continue
        notebook = jupytext.reads(HEADER + Path(file.abs_src_path).read_text("utf-8"), fmt="md")
        pages = {}
        if os.environ.get("DOCS_EXECUTE") != "no":
            pages = _run(notebook, address)
        _notebooks[address] = notebook
        beside = {address[:-3] + ".ipynb": nbformat.writes(notebook)}
        beside |= {FOLDER + name: content for name, content in pages.items()}
        for name, content in beside.items():
            files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The prose and the code of a tutorial, with what the code printed."""
    notebook = _notebooks.get(page.file.src_uri)
    if notebook is None:
        return markdown
    name = page.file.src_uri.removeprefix(FOLDER)[:-3]
    parts = [part for cell in notebook.cells for part in _cell(cell)]
    return "\n\n".join([*parts, f"---\n\n[This page as a notebook]({name}.ipynb)"])


def _run(notebook: NotebookNode, address: str) -> dict[str, str]:
    """Fill in the outputs; what pages of HTML there are afterwards, by name."""
    begin = time.monotonic()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as sockets:
        # Absolute, since the kernel works in another folder.
        place = str(Path(sockets) / "kernel")
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=place)
        client = NotebookClient(
            notebook, km=kernel, timeout=LIMIT, startup_timeout=LIMIT,
            resources={"metadata": {"path": folder}},
        )  # fmt: skip
        try:
            client.execute(env=os.environ | {"PATH": path, "OMP_WAIT_POLICY": "passive"})
        except CellExecutionError as error:
            raise PluginError(f"{address}: {error}") from None
        pages = {path.name: path.read_text("utf-8") for path in Path(folder).glob("*.html")}
    LOG.info(f"{address} ran in {time.monotonic() - begin:.0f} s")
    _strip(notebook, address)
    return pages


def _strip(notebook: NotebookNode, address: str) -> None:
    """Leave progress and colours out of the outputs; a warning there fails the build."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr" and "Warning:" in output.text:
                raise PluginError(f"{address} warns: {output.text}")
        if "outputs" in cell:
            shown = [output for output in cell.outputs if output.get("name") != "stderr"]
            cell.outputs = _joined(shown)
        cell.metadata.pop("execution", None)


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """What was printed one piece after the other as one piece, without a terminal's colours."""
    joined: list[NotebookNode] = []
    for output in outputs:
        follows = joined and joined[-1].output_type == output.output_type == "stream"
        if follows:
            joined[-1].text += output.text
        else:
            joined.append(output)
    for output in joined:
        if output.output_type == "stream":
            output.text = COLOUR.sub("", output.text)
    return joined


def _cell(cell: NotebookNode) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield cell.source
        return
    language, source = "python", cell.source
    if source.startswith("%%bash\n"):
        language, source = "bash", source.removeprefix("%%bash\n")
    yield f"```{language}\n{source}\n```"
    for output in cell.get("outputs", []):
        yield _shown(output)


def _shown(output: NotebookNode) -> str:
    """An output as Markdown: its richest form that a page can hold."""
    if output.output_type == "stream":
        return _text(output.text)
    data = output.data
    if "image/svg+xml" in data:
        return _html(data["image/svg+xml"])
    if "image/png" in data:
        return _html(f'<img alt="" src="data:image/png;base64,{data["image/png"].strip()}">')
    if "text/html" in data:
        return _html(data["text/html"])
    return _text(data["text/plain"])


def _text(text: str) -> str:
    lines = text.rstrip().splitlines()
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"... {len(lines) - LINES + 1} lines more"]
    inside = "\n".join(["```text", *(line.rstrip() for line in lines), "```"])
    return f'<div class="output" markdown>\n\n{inside}\n\n</div>'


def _html(content: str) -> str:
    """Markdown leaves HTML alone up to its first empty line."""
    lines = (line for line in content.splitlines() if line.strip())
    return "\n".join(['<div class="output">', *lines, "</div>"])
