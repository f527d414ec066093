"""The benches in Verilator too, which is stricter than Icarus; `.ci/exports` runs it."""

import subprocess

import pytest

from gategrad import export
from tests.export.models import all_rows, random_model

VERILATOR = "verilator --binary --timing -Wno-fatal -Wno-lint -Wno-style -j 1 --top-module"


@pytest.mark.parametrize("bench", ["model_tb", "model_axis_tb"])
def test_the_bench_passes(tmp_path, bench) -> None:
    x = all_rows(12)[::40]
    made = export.verilog(random_model(), stages=2, axi_stream=True, vectors=x)
    made.write(tmp_path)
    sources = [f"{bench}.v", "model.v", *(["model_axis.v"] if "axis" in bench else [])]
    subprocess.run([*VERILATOR.split(), bench, *sources], cwd=tmp_path, check=True)
    done = subprocess.run(
        [f"obj_dir/V{bench}"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert f"PASS: {len(x)} rows" in done.stdout
