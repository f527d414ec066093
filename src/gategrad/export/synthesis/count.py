"""Cells that yosys makes of a model, part by part."""

import json
import re
import tempfile
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from gategrad.export.errors import ExportError
from gategrad.export.planes import on_planes
from gategrad.export.source import Source, checked_choice
from gategrad.export.synthesis.liberty import MAPPING, read_library, registers_of
from gategrad.export.synthesis.parts import part_files
from gategrad.export.synthesis.place import PLACED, frequency
from gategrad.export.tools import ToolError, find_tool, find_yosys, run_tool

PARTS = ("encoder", "gates", "sums", "decision", "whole")
"""What is counted: the parts of a model, and all of it."""
TARGETS = {
    "xilinx": "synth_xilinx -flatten -noiopad -noclkbuf -nobram -nodsp -nosrl",
    "ice40": "synth_ice40 -flatten",
    "ecp5": "synth_ecp5 -flatten -noiopad -nobram -nodsp",
    "gates": "synth -flatten\nabc -g gates\nopt_clean",
}
"""By name how yosys maps to a chip, or to gates of two inputs, inverters and multiplexers."""
# Kinds of cells by the beginning of their names.
_LUTS = ("LUT", "SB_LUT")
_REGISTERS = ("FD", "SB_DFF", "TRELLIS_FF", "$_DFF", "$_SDFF")
_CARRIES = ("CARRY", "SB_CARRY", "CCU2C")
_SCRIPT = """
{read}
hierarchy -check -top {part}
{target}
tee -q -o {part}.json stat -json{library}
{known}
delete {registers}
tee -q -o {part}.path ltp
"""
# Registers that ltp knows are those before mapping, so mapped ones are taken away before it looks.


ESTIMATE = "estimate"


@dataclass(frozen=True)
class Size:
    """What a part takes.

    Attributes:
        luts: lookup tables, of up to six inputs for Xilinx, of four for the others.
        registers: flip-flops.
        carries: cells of carry chains.
        others: cells of other kinds, such as multiplexers behind tables; the gates of a library.
        levels: cells on the longest way between registers.
        area: of the cells of a library, in its unit.
        mhz: frequency of the whole after place and route, or as estimated before routing; 0 where
            that was not asked for.
    """

    luts: int = 0
    registers: int = 0
    carries: int = 0
    others: int = 0
    levels: int = 0
    area: float = 0.0
    mhz: float = 0.0


def synthesize(
    model: Source,
    *,
    target: str = "xilinx",
    stages: int = 0,
    max_levels: int | None = None,
    value_bits: int = 8,
    fraction_bits: int = 0,
    signed: bool = False,
    liberty: str | PathLike | None = None,
    place: bool | str = False,
    seconds: float = 900,
) -> dict[str, Size]:
    """Map a model to the cells of a chip or a library with yosys, in parts and as a whole.

    The whole is less than its parts together where logic of several goes into one table.

    Args:
        model: a `gategrad.Model`; optimize it first. What makes planes of images is not counted.
        target: "xilinx" (series 7), "ice40", "ecp5", or "gates" of two inputs.
        stages: ranks of registers of the whole; 0: combinational.
        max_levels: instead of `stages`, see `gategrad.export.verilog`.
        value_bits: of a value of a row behind an encoder.
        fraction_bits: such a value is its integer divided by 2 to this.
        signed: whether values are in two's complement.
        liberty: a library of cells in Liberty's format, instead of a target.
        place: True: also place and route the whole with nextpnr, for "ice40" and "ecp5", for its
            frequency; "estimate": place it alone, and take what nextpnr expects of the routing,
            which may take hours where a chip is full.
        seconds: that one part may take.

    Returns:
        A size for each of `PARTS`, in that order; that of a part that a model lacks is all 0.

    Raises:
        ExportError: an unknown target, a library that can't be read, or what
            `gategrad.export.verilog` refuses.
        ToolError: yosys or nextpnr is missing, fails, or takes longer.
    """
    model = on_planes(model)
    target = checked_choice("target", target, tuple(TARGETS))
    if place not in (False, True, ESTIMATE):
        raise ExportError(f"place is {place!r}; expected a bool or {ESTIMATE!r}")
    if place and (liberty is not None or target not in PLACED):
        chosen = target if liberty is None else "a library"
        raise ExportError(f"{chosen} can't be placed and routed; known: {', '.join(PLACED)}")
    if place:
        find_tool(f"nextpnr-{target}")  # before the minutes that mapping takes
    cells = None if liberty is None else read_library(Path(liberty))
    files = part_files(
        model,
        value_bits,
        stages,
        max_levels,
        fraction_bits=fraction_bits,
        signed=signed,
        lut6=target == "xilinx" and liberty is None,
    )
    with tempfile.TemporaryDirectory() as folder:
        counting = _Counting(Path(folder), TARGETS[target], cells, seconds)
        found = {name.partition(".")[0]: counting.size(name, text) for name, text in files.items()}
        if place:
            routed = place != ESTIMATE
            mhz = frequency(files["whole.v"], target, Path(folder), seconds, routed=routed)
            found["whole"] = replace(found["whole"], mhz=mhz)
    return {part: found.get(part, Size()) for part in PARTS}


class _Counting:
    """Parts counted in a folder, one after the other."""

    def __init__(self, place: Path, mapping: str, cells: str | None, seconds: float) -> None:
        self._place, self._seconds = place, seconds
        self._mapping = mapping if cells is None else MAPPING
        self._library = "" if cells is None else " -liberty cells.lib"
        # What directions the ports of the library's cells have.
        self._known = "" if cells is None else "read_liberty -lib cells.lib"
        self._registers = None if cells is None else registers_of(cells)
        if cells is not None:
            (place / "cells.lib").write_text(cells)

    def size(self, name: str, text: str) -> Size:
        """What yosys makes of the file of a part."""
        part = name.partition(".")[0]
        (self._place / name).write_text(text)
        read = f"read_verilog {name}" if name.endswith(".v") else f"read_blif -wideports {name}"
        mapping = self._mapping.format(part=part)
        heads = [f"{head}*" for head in _REGISTERS] if self._registers is None else self._registers
        script = _SCRIPT.format(
            read=read,
            part=part,
            target=mapping,
            library=self._library,
            known=self._known,
            registers=" ".join(f"t:{head}" for head in sorted(heads)) or "t:none",
        )
        (self._place / "script.ys").write_text(script)
        run_tool([*find_yosys(), "script.ys"], folder=self._place, seconds=self._seconds)
        return self._counted(part)

    def _counted(self, part: str) -> Size:
        text = (self._place / f"{part}.json").read_text()
        try:
            design = json.loads(text[text.index("{") :])["design"]
            counted = design["num_cells_by_type"]
        except (ValueError, KeyError) as error:
            raise ToolError(f"yosys counted no cells of the {part}: {text[:200]!r}") from error
        sizes = {"luts": 0, "registers": 0, "carries": 0, "others": 0}
        for cell, count in counted.items():
            sizes[self._kind(cell)] += count
        length = re.search(r"length=(\d+)", (self._place / f"{part}.path").read_text())
        levels = int(length[1]) if length else 0
        return Size(**sizes, levels=levels, area=float(design.get("area", 0)))

    def _kind(self, cell: str) -> str:
        if self._registers is not None:
            return "registers" if cell in self._registers else "others"
        for kind, heads in (("luts", _LUTS), ("registers", _REGISTERS), ("carries", _CARRIES)):
            if cell.startswith(heads):
                return kind
        # An inverter is a table of one input.
        return "luts" if cell == "INV" else "others"
