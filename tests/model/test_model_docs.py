"""The specification pages run as printed and list what the code has."""

import re

import pytest

from gategrad.circuit import KINDS
from gategrad.model.file import ARRAYS, HEADER
from tests.snippets import DOCS, run_snippets


@pytest.mark.parametrize(("page", "n"), [("circuit.md", 4), ("model-file.md", 1)])
def test_every_snippet_runs_in_order(page, n):
    assert run_snippets(page)[0] == n


def test_the_page_lists_the_header_the_arrays_and_the_kinds():
    page = (DOCS / "model-file.md").read_text()
    keys = re.findall(r"^\| `(\w+)` \|", page, flags=re.M)
    assert set(keys) == HEADER | {"format", "sha256"}
    assert set(re.findall(r"`((?:circuit|readout)\.\w+)`", page)) == set(ARRAYS)
    assert all(f"`{kind}`" in page for kind in KINDS)
