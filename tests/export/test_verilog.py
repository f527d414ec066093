"""Exported Verilog in a simulator, with its own bench: labels and sums are the model's."""

import re
import shutil
import subprocess

import numpy as np
import pytest

import gategrad as gg
from gategrad import export
from gategrad.encoding import Binned, Thermometer
from tests.export.models import KINDS, all_rows, odd_models, random_model

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus Verilog")
TIMINGS = {
    "combinational": {},
    "one stage": {"stages": 1},
    "three stages of wide gates": {"stages": 3, "lut6": True},
    "two levels a stage": {"max_levels": 2},
    "more stages than levels": {"stages": 90},
}


def simulate(folder, artifact) -> str:
    """What the bench prints."""
    artifact.write(folder)
    subprocess.run(
        ["iverilog", "-g2001", "-Wall", "-Wno-timescale", "-o", "bench", "model.v", "model_tb.v"],
        cwd=folder,
        check=True,
    )
    done = subprocess.run(
        ["vvp", "-n", "bench"], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("timing", TIMINGS)
def test_every_kind_and_timing(tmp_path, kind, timing) -> None:
    x = all_rows(12)[::20]
    made = export.verilog(random_model(kind, width=4), vectors=x, **TIMINGS[timing])
    assert simulate(tmp_path, made) == f"PASS: {len(x)} rows"


@pytest.mark.parametrize("width", [3, 5, 6])
def test_gates_of_any_table(tmp_path, width) -> None:
    x = all_rows(12)[::5]
    made = export.verilog(random_model(width=width, gates=200), vectors=x, lut6=True)
    assert simulate(tmp_path, made) == f"PASS: {len(x)} rows"


@pytest.mark.parametrize("lut6", [False, True])
@pytest.mark.parametrize("name", odd_models())
def test_odd_circuits(tmp_path, name, lut6) -> None:
    made = export.verilog(odd_models()[name], vectors=all_rows(2), stages=2, lut6=lut6)
    assert simulate(tmp_path, made) == "PASS: 4 rows"


def test_pixels(tmp_path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (200, 20)).astype(np.uint8)
    model = random_model(encoder=Thermometer.fixed([-1, 0, 127.5, 255, 300], 20))
    assert simulate(tmp_path, export.verilog(model, vectors=x, stages=4)) == "PASS: 200 rows"


@pytest.mark.parametrize("encoder", [Thermometer, Binned])
def test_fixed_point_values(tmp_path, encoder) -> None:
    x = np.round(np.random.default_rng(0).normal(size=(200, 5)) * 16) / 16
    model = random_model(encoder=encoder.quantile(x, 5))
    made = export.verilog(model, vectors=x, stages=2, value_bits=8, fraction_bits=4, signed=True)
    assert simulate(tmp_path, made) == "PASS: 200 rows"


def test_the_bench_fails_when_it_should(tmp_path) -> None:
    model, x = random_model(), all_rows(12)[:100]
    made = export.verilog(model, vectors=x, stages=2)
    lines = made["model_vectors.hex"].splitlines(keepends=True)
    lines[7] = f"{int(lines[7], 16) ^ 1:0{len(lines[7]) - 1}x}\n"
    wrong = "".join(lines)
    assert "FAIL: 100 of 100 rows came, 1 of them wrong" in simulate(
        tmp_path, export.Artifact({**made.files, "model_vectors.hex": wrong})
    )


def test_a_lost_register_is_noticed(tmp_path) -> None:
    made = export.verilog(random_model().optimize(), vectors=all_rows(12)[::20], stages=3)
    lines = made["model.v"].split("\n")
    printed = []
    for i in [i for i, line in enumerate(lines) if re.search(r"_d2 <= \w+_d1;", line)][:6]:
        broken = [*lines[:i], lines[i].replace("_d1;", ";"), *lines[i + 1 :]]
        files = {**made.files, "model.v": "\n".join(broken)}
        printed.append(simulate(tmp_path, export.Artifact(files)))
    assert any("FAIL" in text for text in printed)


def test_it_says_how_long_it_takes() -> None:
    text = export.verilog(random_model(), max_levels=3)["model.v"]
    assert "3 levels of gates at most between registers" in text
    assert "parameter LATENCY = " in text


def test_same_text_again() -> None:
    assert export.verilog(random_model(), stages=2) == export.verilog(random_model(), stages=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": -1}, "stages is -1; expected an integer of at least 0"),
        ({"max_levels": 0}, "max_levels is 0; expected an integer of at least 1"),
        ({"stages": 2, "max_levels": 2}, "give either stages or max_levels, not both"),
        ({"value_bits": 40}, "value_bits is 40; expected an integer from 1 to 32"),
        ({"fraction_bits": -1}, "fraction_bits is -1"),
        ({"vectors": np.full((1, 12), 2)}, r"vectors\[0, 0\] is 2, which value_bits=1"),
    ],
)
def test_messages(options, message) -> None:
    with pytest.raises(export.ExportError, match=message):
        export.verilog(random_model(), **options)


def test_an_encoder_needs_wider_values() -> None:
    model = random_model(encoder=Thermometer.fixed([0.5], 12))
    with pytest.raises(export.ExportError, match="value_bits=1 is for models of bits"):
        export.verilog(model, value_bits=1)
    assert gg.export is export
