"""The benchmark of the GPU goes through all its parts, without the native core."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs gategrad[train]")
pytest.importorskip("triton", reason="needs triton")

ROOT = Path(__file__).parent.parent.parent.parent
# As on a machine that has the source tree alone: no native core, no metadata of a package.
WITHOUT_CORE = """
import sys, types
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in ("pooch", "typer", "rich"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
from benchmarks import gpu
from pathlib import Path
glob = Path.glob
Path.glob = lambda self, pattern: [] if pattern == "_core*.so" else glob(self, pattern)
gpu.main(["--tiny", "--json", sys.argv[1]])
assert not hasattr(sys.modules["gategrad._core"], "lower")
"""


def test_it_runs_from_the_source_tree(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    environment = {
        **os.environ,
        "TRITON_INTERPRET": "1",
        "GATEGRAD_TRAINING": "triton",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
    }
    command = [sys.executable, "-c", WITHOUT_CORE, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert result["kernels"]["layers"].keys() >= {"raw float32 gather", "light bfloat16 atomic"}
    assert result["steps"]["networks"]["tiny 2 x 20"]["samples_per_second"] > 0
    assert result["inference"]["circuits"]["60 gates, 2 programs"]["images_per_second"] > 0
