"""The page and the docstrings run as printed."""

import doctest
import importlib
import pkgutil

import pytest

import gategrad.harden
import gategrad.train
from tests.snippets import run_snippets

MODULES = sorted(
    f"{package.__name__}.{module.name}"
    for package in (gategrad.harden, gategrad.train)
    for module in pkgutil.iter_modules(package.__path__)
)


def test_every_snippet_of_the_page_runs_in_order():
    n, space = run_snippets("training.md")
    assert n >= 4
    assert space["model"].predict(space["features"][:1])[0] in ("below", "above")
    assert space["result"].hard_accuracy > 0.5


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("package", [gategrad.harden, gategrad.train])
def test_all_names_exist(package):
    assert all(hasattr(package, name) for name in package.__all__)
