"""The specification pages run as printed and list what the code has."""

import re
from pathlib import Path

import pytest

from gategrad.circuit import KINDS
from gategrad.model.file import ARRAYS, HEADER

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("page", "n"), [("circuit.md", 3), ("model-file.md", 1)])
def test_every_snippet_runs_in_order(page, n):
    snippets = re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(), flags=re.M | re.S)
    assert len(snippets) == n
    space = {}
    for snippet in snippets:
        exec(compile(snippet, page, "exec"), space)


def test_the_page_lists_the_header_the_arrays_and_the_kinds():
    page = (DOCS / "model-file.md").read_text()
    keys = re.findall(r"^\| `(\w+)` \|", page, flags=re.M)
    assert set(keys) == HEADER | {"format", "sha256"}
    assert set(re.findall(r"`((?:circuit|readout)\.\w+)`", page)) == set(ARRAYS)
    assert all(f"`{kind}`" in page for kind in KINDS)
