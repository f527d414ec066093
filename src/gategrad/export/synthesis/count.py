"""Cells that yosys makes of a model, part by part."""

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gategrad.export.source import Source, checked_choice
from gategrad.export.synthesis.parts import part_files
from gategrad.export.tools import ToolError, find_yosys, run_tool

PARTS = ("encoder", "gates", "sums", "decision", "whole")
"""What is counted: the parts of a model, and all of it."""
# By chip: how yosys maps to it.
TARGETS = {
    "xilinx": "synth_xilinx -flatten -noiopad -noclkbuf -nobram -nodsp -nosrl",
    "ice40": "synth_ice40 -flatten",
    "ecp5": "synth_ecp5 -flatten -noiopad -nobram -nodsp",
}
"""Chips by name, and the command of yosys that maps to each."""
# Kinds of cells by the beginning of their names.
_LUTS = ("LUT", "SB_LUT")
_REGISTERS = ("FD", "SB_DFF", "TRELLIS_FF")
_CARRIES = ("CARRY", "SB_CARRY", "CCU2C")
_SCRIPT = """
{read}
hierarchy -check -top {part}
{target}
tee -q -o {part}.json stat -json
tee -q -o {part}.path ltp -noff
"""


@dataclass(frozen=True)
class Size:
    """What a part takes.

    Attributes:
        luts: lookup tables, of up to six inputs for Xilinx, of four for the others.
        registers: flip-flops.
        carries: cells of carry chains.
        others: cells of other kinds, such as multiplexers behind tables.
        levels: cells on the longest way between registers.
    """

    luts: int = 0
    registers: int = 0
    carries: int = 0
    others: int = 0
    levels: int = 0


def synthesize(
    model: Source,
    *,
    target: str = "xilinx",
    stages: int = 0,
    max_levels: int | None = None,
    value_bits: int = 8,
    seconds: float = 900,
) -> dict[str, Size]:
    """Map a model to the cells of a chip with yosys, in parts and as a whole.

    The whole is less than its parts together where logic of several goes into one table.

    Args:
        model: a `gategrad.Model`; optimize it first.
        target: "xilinx" (series 7), "ice40" or "ecp5".
        stages: ranks of registers of the whole; 0: combinational.
        max_levels: instead of `stages`, see `gategrad.export.verilog`.
        value_bits: of a value of a row behind an encoder, an unsigned integer.
        seconds: that one part may take.

    Returns:
        A size for each of `PARTS`, in that order; that of a part that a model lacks is all 0.

    Raises:
        ExportError: an unknown target, or what `gategrad.export.verilog` refuses.
        ToolError: yosys is missing, fails, or takes longer.
    """
    target = checked_choice("target", target, tuple(TARGETS))
    files = part_files(model, value_bits, stages, max_levels)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name, text in files.items():
            (place / name).write_text(text)
            part = name.partition(".")[0]
            read = f"read_verilog {name}" if name.endswith(".v") else f"read_blif -wideports {name}"
            script = _SCRIPT.format(read=read, part=part, target=TARGETS[target])
            (place / "script.ys").write_text(script)
            run_tool([*find_yosys(), "script.ys"], folder=place, seconds=seconds)
            found[part] = _size(place, part)
    return {part: found.get(part, Size()) for part in PARTS}


def _size(place: Path, part: str) -> Size:
    text = (place / f"{part}.json").read_text()
    try:
        counted = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    except (ValueError, KeyError) as error:
        raise ToolError(f"yosys counted no cells of the {part}: {text[:200]!r}") from error
    sizes = {"luts": 0, "registers": 0, "carries": 0, "others": 0}
    for cell, count in counted.items():
        sizes[_kind(cell)] += count
    length = re.search(r"length=(\d+)", (place / f"{part}.path").read_text())
    return Size(**sizes, levels=int(length[1]) if length else 0)


def _kind(cell: str) -> str:
    for kind, heads in (("luts", _LUTS), ("registers", _REGISTERS), ("carries", _CARRIES)):
        if cell.startswith(heads):
            return kind
    # An inverter is a table of one input.
    return "luts" if cell == "INV" else "others"
