"""`pip install gategrad` brings numpy and safetensors; whatever needs more says what to install.

Where packages of extras are installed, processes here see none of them; `.ci/without_torch` runs
this file where there are none.
"""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXTRAS = (
    *("typer", "rich", "pooch", "requests", "urllib3", "platformdirs", "pyarrow", "pandas"),
    *("torch", "triton", "sklearn", "scipy", "matplotlib", "optuna", "pysat", "pyosys"),
)
MAIN = "from gategrad.cli import main\nmain()"


def run(folder: Path, code: str, absent: tuple = EXTRAS) -> subprocess.CompletedProcess:
    """`code` in a fresh process for which the `absent` packages and all data sets are not here."""
    hide = f"import sys\nsys.modules.update(dict.fromkeys({absent}))\n"
    env = {name: value for name, value in os.environ.items() if not name.startswith("GATEGRAD_")}
    return subprocess.run(
        [sys.executable, "-c", hide + code],
        cwd=folder,
        env={**env, "HOME": str(folder), "XDG_CACHE_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_package_asks_for_numpy_and_safetensors_alone() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert [need.partition(">")[0] for need in project["dependencies"]] == ["numpy", "safetensors"]
    assert "gategrad[cli]" in project["optional-dependencies"]["train"]


def test_serving_needs_no_extra(tmp_path: Path) -> None:
    """Models are made, made smaller, saved, loaded, exported and run, on files of rows too."""
    code = """
import json
import numpy as np
import gategrad as gg
rows = gg.data.load("mnist-1bit")[2][:70]
circuit = gg.Circuit(784, [[240, 408], [240, 408]], [0x8, 0x6], [786, 787])
gg.Model(circuit, gg.Readout.group_sum(2, 2)).optimize().save("m.gg")
model = gg.load("m.gg")
gg.export.c(model)
np.save("rows.npy", rows)
header = ",".join(f"c{i}" for i in range(784))
np.savetxt("rows.csv", rows, fmt="%d", delimiter=",", header=header, comments="")
found = [model.predict(rows).tolist()]
for name in ("rows.npy", "rows.csv"):
    gg.files.predict(model, name, "labels.npy")
    found.append(np.load("labels.npy").tolist())
print(json.dumps([*found, gg.data.status("adult")]))
"""
    done = run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    labels, of_npy, of_csv, status = json.loads(done.stdout)
    assert labels == of_npy == of_csv
    assert (set(labels), len(labels), status) == ({0, 1}, 70, "not here")


def test_the_command_line_names_what_it_needs(tmp_path: Path) -> None:
    done = run(tmp_path, MAIN)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: gategrad as a command needs typer and rich: pip install 'gategrad[cli]'\n"
    )


def test_the_command_line_names_the_one_that_is_missing(tmp_path: Path) -> None:
    pytest.importorskip("rich", reason="needs gategrad[cli]")
    done = run(tmp_path, MAIN, ("typer",))
    assert done.stderr.startswith("error: gategrad as a command needs typer: pip install")


def test_a_download_names_what_it_needs_and_how_to_do_without(tmp_path: Path) -> None:
    code = "import gategrad as gg\ntry: gg.data.load('adult')\nexcept ValueError as e: print(e)"
    assert run(tmp_path, code).stdout == (
        "data set 'adult' is not on this machine, and a download needs pooch, requests, rich: "
        "pip install 'gategrad[cli]', or set GATEGRAD_DATA to a folder that holds "
        "adult/adult.data\n"
    )


def test_a_table_names_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").touch()
    code = (
        "import gategrad as gg\n"
        "try: gg.data.load_file('t.parquet', target='y')\n"
        "except ValueError as e: print(e)"
    )
    done = run(tmp_path, code).stdout
    assert done.startswith(".parquet (t.parquet) needs pyarrow, which can't be imported here")
    assert done.endswith("pip install gategrad[tables]\n")
