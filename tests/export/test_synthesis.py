"""The parts that are counted, and what is read from yosys's counts."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gategrad import export
from gategrad.circuit import evaluate
from gategrad.cli.app import app
from gategrad.encoding import Thermometer
from gategrad.export.front import Integers, front
from gategrad.export.synthesis import Size, synthesize
from gategrad.export.synthesis.liberty import read_library, registers_of
from gategrad.export.synthesis.parts import part_files
from gategrad.export.tools import ToolError
from tests.export.models import KINDS, random_model
from tests.export.readers import evaluate_blif
from tests.export.test_netlists import numbers

CELLS = Path(__file__).parent / "cells.lib"
# Stands in for yosys: it counts what a part's file is called, and writes that where it is asked to.
FAKE = """#!/bin/sh
grep -o '[a-z]*[.]json' "$3" | while read -r name; do
  echo "note {\\"design\\": {\\"num_cells_by_type\\": {\\"LUT6\\": 5, \\"INV\\": 1, \\"FDRE\\": 7, \
\\"CARRY4\\": 2, \\"MUXF7\\": 3}}}" > "$name"
done
grep -o '[a-z]*[.]path' "$3" | while read -r name; do echo 'path (length=9):' > "$name"; done
"""


def _inputs(text) -> int:
    return len(re.findall(r"in_\d+", text.replace("\\\n", " ").split(".outputs")[0]))


@pytest.mark.parametrize("lut6", [False, True])
def test_the_parts_one_after_the_other_are_the_model(lut6) -> None:
    model = random_model(width=4)
    files = part_files(model, 8, lut6=lut6)
    assert f"Adders take {6 if lut6 else 3} bits" in files["whole.v"]
    assert sorted(files) == ["decision.blif", "gates.blif", "sums.blif", "whole.v"]
    x = np.random.default_rng(0).integers(0, 2, (500, 12), dtype=np.uint8)
    bits = evaluate(model.circuit, x.astype(bool))
    used = front(model, Integers(0, 1)).feature
    np.testing.assert_array_equal(evaluate_blif(files["gates.blif"], x[:, used]), bits)
    sums = numbers(evaluate_blif(files["sums.blif"], bits), 3)
    np.testing.assert_array_equal(sums, model.sums(x))
    width = _inputs(files["decision.blif"]) // 3
    lifted = sums - sums.min()
    planes = (lifted[:, :, None] >> np.arange(width) & 1).reshape(len(x), -1)
    label = evaluate_blif(files["decision.blif"], planes)
    np.testing.assert_array_equal(label @ [1, 2], model.predict(x))


@pytest.mark.parametrize("kind", KINDS)
def test_parts_without_logic_have_no_file(kind) -> None:
    assert ("decision.blif" in part_files(random_model(kind), 8)) == (kind == "argmax")
    model = random_model(kind, encoder=Thermometer.fixed([9, 90], 3))
    encoder = part_files(model, 8)["encoder.v"]
    assert "wire c0 = in_data[0 +: 8] >= 8'd10;" in encoder
    always = random_model(kind, encoder=Thermometer.fixed([-0.5], 12))
    assert "encoder.v" not in part_files(always, 8)


def test_counts_are_read(tmp_path, monkeypatch) -> None:
    (tmp_path / "yosys").write_text(FAKE)
    (tmp_path / "yosys").chmod(0o755)
    monkeypatch.setenv("GATEGRAD_YOSYS", str(tmp_path / "yosys"))
    random_model().save(tmp_path / "m.gg")
    sizes = synthesize(random_model(), stages=2)
    assert sizes["whole"] == Size(luts=6, registers=7, carries=2, others=3, levels=9)
    assert sizes["encoder"] == Size()
    done = CliRunner().invoke(app, ["synth", str(tmp_path / "m.gg"), "--json"])
    assert json.loads(done.stdout)["gates"]["luts"] == 6
    shown = CliRunner().invoke(app, ["synth", str(tmp_path / "m.gg")]).stdout
    assert "DWN 97.76% with 3,464" in " ".join(shown.split())


def test_values_may_be_negative_and_fractions() -> None:
    x = np.random.default_rng(0).normal(size=(40, 4))
    model = random_model(encoder=Thermometer.quantile(x, 3))
    files = part_files(model, 7, fraction_bits=4, signed=True)
    before = front(model, Integers(-64, 63, 4))
    assert (before.least < 0).any()
    for k, (feature, least) in enumerate(zip(before.feature, before.least, strict=True)):
        constant = f"-8'sd{-least}" if least < 0 else f"8'sd{least}"
        line = f"wire c{k} = $signed(in_data[{7 * feature} +: 7]) >= {constant};"
        assert line in files["encoder.v"]
        assert line in files["whole.v"]


def test_cells_of_a_library(tmp_path) -> None:
    library = read_library(CELLS)
    assert registers_of(library) == {"DFF", "DFFR"}
    with pytest.raises(export.ExportError, match=r"the library .*none.lib can't be read: No such"):
        synthesize(random_model(), liberty=tmp_path / "none.lib")
    (tmp_path / "empty.lib").write_text("library (x) {}")
    with pytest.raises(export.ExportError, match=r"is no library of cells in Liberty's format"):
        synthesize(random_model(), liberty=tmp_path / "empty.lib")


def test_areas_are_read(tmp_path, monkeypatch) -> None:
    """Stands in for yosys: two cells of the library, one of which holds a state."""
    counted = json.dumps({"design": {"area": 10.5, "num_cells_by_type": {"DFF": 3, "NOR2": 1}}})
    (tmp_path / "yosys").write_text(
        "#!/bin/sh\n"
        "grep -q 'stat -json -liberty cells.lib' $3 && grep -q NOR2 cells.lib || exit 1\n"
        f"for p in gates sums decision whole; do echo '{counted}' > $p.json; : > $p.path; done\n"
    )
    (tmp_path / "yosys").chmod(0o755)
    monkeypatch.setenv("GATEGRAD_YOSYS", str(tmp_path / "yosys"))
    sizes = synthesize(random_model(), liberty=CELLS)
    assert sizes["whole"] == Size(registers=3, others=1, area=10.5)
    random_model().save(tmp_path / "m.gg")
    shown = CliRunner().invoke(app, ["synth", str(tmp_path / "m.gg"), "--liberty", str(CELLS)])
    assert "cells of cells.lib" in shown.stdout
    assert "10.5" in shown.stdout


def test_the_frequency_is_read(tmp_path, monkeypatch) -> None:
    """Stands in for yosys and nextpnr, which is given rows through one pin."""
    (tmp_path / "yosys").write_text(FAKE)
    (tmp_path / "nextpnr").write_text(
        "#!/bin/sh\ngrep -q 'result <= out_valid' placed.v || exit 1\n"
        "last=88.50; for word in $*; do [ $word != --no-route ] || last=; done\n"
        "for f in 90.00 $last; do\n"
        "echo \"Info: Max frequency for clock 'clk\\$SB_IO_IN_\\$glb_clk': $f MHz (PASS)\"\n"
        "done\n"
    )
    for program in ("yosys", "nextpnr"):
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("GATEGRAD_YOSYS", str(tmp_path / "yosys"))
    monkeypatch.setenv("GATEGRAD_NEXTPNR_ICE40", str(tmp_path / "nextpnr"))
    sizes = synthesize(random_model(), target="ice40", stages=2, place=True)
    assert {part: size.mhz for part, size in sizes.items() if size.mhz} == {"whole": 88.5}
    assert synthesize(random_model(), target="ice40", place="estimate")["whole"].mhz == 90.0
    random_model().save(tmp_path / "m.gg")
    command = ["synth", str(tmp_path / "m.gg"), "--target", "ice40", "--estimate"]
    assert "90.0" in CliRunner().invoke(app, command).stdout
    both = CliRunner().invoke(app, [*command, "--place"])
    assert "give one of them" in both.stderr
    (tmp_path / "nextpnr").write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(ToolError, match="nextpnr-ice40 named no frequency: 'hello"):
        synthesize(random_model(), target="ice40", place=True)


def test_what_can_not_be_placed() -> None:
    with pytest.raises(export.ExportError, match="xilinx can't be placed and routed; known: ice40"):
        synthesize(random_model(), place=True)
    with pytest.raises(export.ExportError, match="place is 'route'; expected a bool or 'estimate'"):
        synthesize(random_model(), target="ice40", place="route")
    with pytest.raises(export.ExportError, match="a library can't be placed and routed"):
        synthesize(random_model(), target="ice40", liberty=CELLS, place=True)


def test_messages(tmp_path, monkeypatch) -> None:
    with pytest.raises(
        export.ExportError, match="unknown target 'z80'; known: xilinx, ice40, ecp5"
    ):
        synthesize(random_model(), target="z80")
    below = random_model(encoder=Thermometer.fixed([-1.5, 0.2], 3))
    with pytest.raises(
        export.ExportError, match=r"levels of the encoder go down to -1\.5, and synth"
    ):
        synthesize(below)
    (tmp_path / "yosys").write_text(
        "#!/bin/sh\nfor p in gates sums whole; do echo no > $p.json; done\n"
    )
    (tmp_path / "yosys").chmod(0o755)
    monkeypatch.setenv("GATEGRAD_YOSYS", str(tmp_path / "yosys"))
    with pytest.raises(ToolError, match="yosys counted no cells of the gates: 'no"):
        synthesize(random_model())
