"""The house's import table: who may import whom, and who must never see torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gategrad

ROOT = Path(gategrad.__file__).parent
ALLOWED = {
    "circuit": set(),
    "passes": {"circuit"},
    "encoding": set(),
    "engine": {"circuit", "encoding"},
    "model": {"circuit", "passes", "engine", "encoding"},
    "data": set(),
    "files": {"encoding", "engine", "model", "data"},
    "records": set(),
    "options": set(),
    "nn": {"circuit", "encoding", "engine"},
    "harden": {"circuit", "encoding", "nn", "model"},
    "train": {
        "circuit",
        "encoding",
        "engine",
        "model",
        "nn",
        "harden",
        "data",
        "records",
        "options",
    },
}
# The one place above the line that imports torch, when somebody asks for backend="gpu".
WITH_TORCH = ROOT / "engine" / "gpu"
TORCH_FREE = (
    "circuit",
    "passes",
    "encoding",
    "engine",
    "model",
    "data",
    "files",
    "records",
    "options",
)


def _imports(path: Path) -> set[str]:
    """Dotted names of everything that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _files(folder: str) -> list[Path]:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    return files


@pytest.mark.parametrize("folder", ALLOWED)
def test_folder_imports_only_what_the_table_allows(folder: str) -> None:
    for path in _files(folder):
        ours = {name.split(".")[1] for name in _imports(path) if name.startswith("gategrad.")}
        assert ours <= ALLOWED[folder] | {folder, "_core"}, path


@pytest.mark.parametrize("folder", TORCH_FREE)
def test_folder_never_imports_torch(folder: str) -> None:
    for path in _files(folder):
        if path.is_relative_to(WITH_TORCH):
            continue
        assert not any(name.split(".")[0] == "torch" for name in _imports(path)), path


def test_every_folder_is_in_the_table() -> None:
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert folders == {*ALLOWED, "cli"}


def _loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running `code`."""
    script = f"{code}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_importing_gategrad_loads_neither_torch_nor_the_command_line() -> None:
    loaded = _loaded_after("import gategrad")
    assert "numpy" in loaded
    assert not loaded & {"torch", "typer", "rich", "pooch", "sklearn"}


def test_prediction_loads_numpy_safetensors_and_the_core_alone() -> None:
    loaded = _loaded_after(
        "import gategrad as gg, numpy as np\n"
        "model = gg.Model(gg.Circuit(2, [[2, 3]], [6], [4]), gg.Readout.identity(1))\n"
        "assert model.predict(np.array([[0, 1]], bool)).tolist() == [[1]]"
    )
    assert "triton" not in loaded
    assert not loaded & {"torch", "typer", "rich", "pooch", "sklearn", "pandas", "scipy"}


def test_lazy_parts_load_on_first_use() -> None:
    pytest.importorskip("torch", reason="needs gategrad[train]")
    assert "torch" in _loaded_after("import gategrad; gategrad.nn.LogicDense; gategrad.discretize")


def test_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'gategrad' has no attribute 'nothing'"):
        _ = gategrad.nothing
