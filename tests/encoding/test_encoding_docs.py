"""The page and the docstrings run as printed; the package keeps to numpy."""

import doctest
import importlib
import pkgutil
import re
import sys
from pathlib import Path

import pytest

import gategrad.encoding
from tests.snippets import run_snippets

MODULES = sorted(m.name for m in pkgutil.iter_modules(gategrad.encoding.__path__))


def test_every_snippet_of_the_page_runs_in_order():
    n, _ = run_snippets("encoding.md")
    assert n >= 4


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(f"gategrad.encoding.{name}")
    assert doctest.testmod(module).failed == 0


def test_all_names_exist():
    assert all(hasattr(gategrad.encoding, name) for name in gategrad.encoding.__all__)


def test_it_imports_nothing_else_of_the_package_but_the_core():
    for path in Path(gategrad.encoding.__path__[0]).glob("*.py"):
        text = path.read_text().replace("from gategrad import _core\n", "")
        imports = re.findall(r"^\s*(?:from|import) (\S+)", text, flags=re.M)
        foreign = [
            name
            for name in imports
            if not name.startswith("gategrad.encoding")
            and name.split(".")[0] not in {"numpy", *sys.stdlib_module_names}
        ]
        assert foreign == []
