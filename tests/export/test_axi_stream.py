"""The AXI4-Stream wrapper in a simulator: nothing is lost whoever stops, and its bench can fail."""

import shutil
import subprocess

import numpy as np
import pytest

from gategrad import export
from gategrad.encoding import Thermometer
from tests.export.models import KINDS, all_rows, random_model

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus Verilog")


def simulate(folder, artifact) -> str:
    artifact.write(folder)
    sources = ["model.v", "model_axis.v", "model_axis_tb.v"]
    flags = ["-g2001", "-Wall", "-Wno-timescale", "-o", "bench"]
    subprocess.run(["iverilog", *flags, *sources], cwd=folder, check=True)
    done = subprocess.run(
        ["vvp", "-n", "bench"], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("stages", [0, 1, 2, 5])
def test_nothing_is_lost(tmp_path, stages) -> None:
    x = all_rows(12)[::15]
    made = export.verilog(random_model(), stages=stages, axi_stream=True, vectors=x)
    assert simulate(tmp_path, made) == f"PASS: {len(x)} rows"


@pytest.mark.parametrize("kind", KINDS)
def test_beats_are_whole_bytes(tmp_path, kind) -> None:
    model = random_model(kind, encoder=Thermometer.fixed([9, 90], 3))
    x = np.random.default_rng(0).integers(0, 128, (60, 3)).astype(np.uint8)
    made = export.verilog(model, stages=2, value_bits=7, axi_stream=True, vectors=x)
    # Three values of 7 bits are 21, so 24.
    assert "input  wire [23:0] s_axis_tdata" in made["model_axis.v"]
    assert simulate(tmp_path, made) == "PASS: 60 rows"


FAULTS = {
    "it takes rows without room": (
        "assign s_axis_tready = room != 0;",
        "assign s_axis_tready = 1;",
    ),
    "it counts room too high": ("room <= DEPTH;", "room <= DEPTH + 2;"),
    "a result is given twice": ("if (give) first", "if (give && first != 2) first"),
    "the label is lost": ("{sums, label}", "{sums, ~label}"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_bench_finds_faults(tmp_path, fault) -> None:
    old, new = FAULTS[fault]
    made = export.verilog(random_model(), stages=2, axi_stream=True, vectors=all_rows(12)[::15])
    assert old in made["model_axis.v"]
    wrong = made["model_axis.v"].replace(old, new)
    assert "FAIL" in simulate(tmp_path, export.Artifact({**made.files, "model_axis.v": wrong}))
