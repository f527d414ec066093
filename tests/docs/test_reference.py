"""Every public name has a docstring, and a place in the reference."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gategrad

ROOT = Path(gategrad.__file__).parent
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
LISTED = re.findall(
    r"^::: gategrad\.([\w.]+)$",
    "\n".join(path.read_text() for path in sorted(REFERENCE.glob("*.md"))),
    re.MULTILINE,
)
# Where each public module lies.
MODULES = {
    "gategrad": "",
    **{f"gategrad.{path.parent.name}": path.parent.name for path in ROOT.glob("*/__init__.py")},
    "gategrad.nn.zoo": "nn/zoo",
    "gategrad.nn.gates.parametrization": "nn/gates/parametrization",
    **{f"gategrad.export.{name}": f"export/{name}" for name in ("verify", "synthesis", "explain")},
}
# Programs and what they share with training; the papers' experiments, which are commands.
PRIVATE = {"gategrad.cli", "gategrad.options", "gategrad.experiments"}


def _names(module: str) -> set[str]:
    """`__all__` of a module without modules, read without importing it."""
    folder = ROOT / MODULES[module]
    for node in ast.parse((folder / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            names = set(ast.literal_eval(node.value))
            return {n for n in names if not (folder / n).is_dir() and not n.startswith("__")}
    raise AssertionError(f"{module} has no __all__")


@cache
def _definition(place: Path, name: str) -> tuple[Path, ast.Module, ast.stmt]:
    """The file, and the statement in it, that defines a name that a package or file has."""
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(a.name == name for a in node.names):
            return _definition(ROOT.parent / str(node.module).replace(".", "/"), name)
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        if name in {getattr(t, "id", getattr(t, "name", "")) for t in targets}:
            return path, tree, node
    raise AssertionError(name)


@pytest.fixture(scope="module")
def listed() -> set[tuple[Path, str]]:
    """What the reference shows: the file that defines a name, and the name."""
    found = set()
    for entry in LISTED:
        place, _, name = entry.rpartition(".")
        found.add((_definition(ROOT / place.replace(".", "/"), name)[0], name))
    return found


@pytest.mark.parametrize("module", sorted(MODULES.keys() - PRIVATE))
def test_every_public_name_is_in_the_reference(module: str, listed) -> None:
    folder = ROOT / MODULES[module]
    assert not {n for n in _names(module) if (_definition(folder, n)[0], n) not in listed}


def test_a_name_that_a_file_shares_is_listed_by_its_file() -> None:
    """Of `train.fit` the site would show the file, not the function in it."""
    for entry in LISTED:
        path = ROOT / entry.replace(".", "/")
        assert not path.with_suffix(".py").exists(), f"write {entry}.{path.name}"


def _undocumented(folder: Path, name: str) -> Iterator[str]:
    _, tree, node = _definition(folder, name)
    if isinstance(node, ast.ClassDef):
        if not ast.get_docstring(node):
            yield name
        for part in node.body:
            public = isinstance(part, ast.FunctionDef) and not part.name.startswith("_")
            if public and not ast.get_docstring(part):
                yield f"{name}.{part.name}"
    elif isinstance(node, ast.FunctionDef):
        if not ast.get_docstring(node):
            yield name
    else:  # a constant: the text below it
        below = tree.body[tree.body.index(node) + 1 :][:1]
        if not (
            below and isinstance(below[0], ast.Expr) and isinstance(below[0].value, ast.Constant)
        ):
            yield name


@pytest.mark.parametrize("module", sorted(MODULES.keys() - PRIVATE))
def test_every_public_name_has_a_docstring(module: str) -> None:
    folder = ROOT / MODULES[module]
    assert not [what for name in _names(module) for what in _undocumented(folder, name)]
