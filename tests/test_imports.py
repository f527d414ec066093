"""The house's import table: who may import whom, and who must never see torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gategrad

ROOT = Path(gategrad.__file__).parent
ALLOWED = {
    "circuit": set(),
    "passes": {"circuit"},
    "encoding": set(),
    "engine": {"circuit", "encoding"},
    "export": {"circuit", "encoding", "passes"},
    "plots": {"circuit", "encoding"},
    "model": {"circuit", "passes", "engine", "encoding", "plots"},
    "trees": {"circuit", "encoding", "model"},
    "pruning": {"circuit", "encoding", "engine", "model", "passes"},
    "sklearn": {
        *("circuit", "encoding", "engine", "harden", "model", "options", "train", "trees"),
    },
    "data": set(),
    "files": {"encoding", "engine", "model", "data"},
    "ray": {"files", "model"},
    "records": set(),
    "options": set(),
    "nn": {"circuit", "encoding", "engine"},
    "harden": {"circuit", "encoding", "nn", "model"},
    "teachers": {"model", "trees"},
    "distill": {
        *("circuit", "encoding", "engine", "harden", "model", "nn", "teachers", "train"),
    },
    "difflogic": {"circuit", "engine", "export", "harden", "model", "nn"},
    "experiments": {
        "circuit",
        "data",
        "engine",
        "export",
        "harden",
        "model",
        "nn",
        "options",
        "records",
        "train",
    },
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
        "plots",
        "teachers",
    },
}
# The rooms of nn/, and which others each may import; all may import nn's own files.
ROOMS = {
    "gates": set(),
    "executors": {"gates"},
    "wiring": {"executors"},
    "layers": {"gates", "executors", "wiring"},
    "measures": {"gates", "layers"},
    "zoo": {"layers"},
}
MOST_FILES = 12
MOST_LINES = 400
# Of any function below the public constructors; kernels of Triton can't take structures.
MOST_PARAMETERS = 10
PUBLIC = ("LogicDense.__init__", "LogicConv2d.__init__")
# The one place above the line that imports torch, when somebody asks for backend="gpu".
WITH_TORCH = ROOT / "engine" / "gpu"
TORCH_FREE = (
    "circuit",
    "passes",
    "encoding",
    "engine",
    "export",
    "model",
    "data",
    "files",
    "ray",
    "records",
    "options",
    "trees",
    "pruning",
    "plots",
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


@pytest.mark.parametrize("room", ROOMS)
def test_room_imports_only_what_the_table_allows(room: str) -> None:
    for path in _files(f"nn/{room}"):
        ours = [name.split(".") for name in _imports(path) if name.startswith("gategrad.nn.")]
        rooms = {name[2] for name in ours if (ROOT / "nn" / name[2]).is_dir()}
        assert rooms <= ROOMS[room] | {room}, path


def test_every_room_is_in_the_table() -> None:
    assert {path.parent.name for path in (ROOT / "nn").glob("*/__init__.py")} == set(ROOMS)


def test_no_folder_of_nn_holds_more_than_twelve_files() -> None:
    for folder in {path.parent for path in _files("nn")}:
        assert len(list(folder.glob("*.py"))) <= MOST_FILES, folder


def test_no_source_file_is_longer_than_400_lines() -> None:
    native = ROOT.parents[1] / "native"
    sources = [path for path in native.rglob("*") if path.suffix in (".cpp", ".h", ".inc")]
    for path in [*sources, *ROOT.rglob("*.py")]:
        assert len(path.read_text().splitlines()) <= MOST_LINES, path


def _signatures(path: Path) -> Iterator[tuple[str, int]]:
    """Names of functions, with their class, and how many parameters each has, self aside."""
    tree = ast.parse(path.read_text())
    for owner in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]:
        prefix = f"{owner.name}." if isinstance(owner, ast.ClassDef) else ""
        for part in owner.body:
            if isinstance(part, ast.FunctionDef):
                every = (*part.args.posonlyargs, *part.args.args, *part.args.kwonlyargs)
                names = {parameter.arg for parameter in every} - {"self", "cls", "ctx"}
                yield prefix + part.name, len(names)


def test_no_signature_in_nn_has_more_than_ten_parameters() -> None:
    for path in _files("nn"):
        if path.name.endswith("_kernels.py"):
            continue
        for name, count in _signatures(path):
            assert count <= MOST_PARAMETERS or name in PUBLIC, (path, name)


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


def test_importing_gategrad_does_not_read_its_version() -> None:
    """The modules that do, `importlib.metadata` and with it `email`, take a third of the time."""
    loaded = _loaded_after("import gategrad")
    assert not loaded & {"email", "zipfile", "csv"}
    assert gategrad.__version__[0].isdigit()


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


def test_dir_lists_what_there_is() -> None:
    listed = dir(gategrad)
    assert {"nn", "train", "discretize", "load", "Model", "encoding", "passes"} <= set(listed)
    pytest.importorskip("torch", reason="needs gategrad[train]")
    assert all(hasattr(gategrad, name) for name in gategrad.__all__)
