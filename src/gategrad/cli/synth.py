"""`gategrad synth`: how large a model is on a programmable chip."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gategrad.cli import report
from gategrad.cli.errors import CommandError
from gategrad.cli.loading import load_model
from gategrad.cli.options import JsonOption, ModelArgument
from gategrad.export.synthesis import FIELD, TARGETS, synthesize
from gategrad.export.synthesis.count import ESTIMATE

Target = StrEnum("Target", {name: name for name in TARGETS})
_XILINX = Target("xilinx")
COLUMNS = ("luts", "registers", "carries", "others", "levels")


def run(
    path: ModelArgument,
    target: Annotated[
        Target,
        typer.Option(
            help="xilinx counts tables of six inputs, ice40 and ecp5 of four, gates none."
        ),
    ] = _XILINX,
    stages: Annotated[int, typer.Option(help="Ranks of registers of the whole.")] = 0,
    max_levels: Annotated[
        int | None, typer.Option(help="Gates in a row between registers.")
    ] = None,
    value_bits: Annotated[
        int, typer.Option(help="Bits of a value of a row behind an encoder.")
    ] = 8,
    fraction_bits: Annotated[
        int, typer.Option(help="A value is its integer divided by 2 to this.")
    ] = 0,
    signed: Annotated[bool, typer.Option("--signed", help="Values may be negative.")] = False,
    liberty: Annotated[
        Path | None, typer.Option(metavar="FILE.lib", help="A library of cells, not a chip.")
    ] = None,
    place: Annotated[
        bool, typer.Option("--place", help="ice40, ecp5: place and route, for the frequency.")
    ] = False,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate", help="ice40, ecp5: place alone, for the frequency that nextpnr expects."
        ),
    ] = False,
    seconds: Annotated[float, typer.Option(min=1, help="That one part may take.")] = 900,
    json: JsonOption = False,
) -> None:
    """Count the cells that yosys makes of MODEL: its encoder, gates, sums, decision, and the whole.

    Optimize the model first.
    """
    if place and estimate:
        raise CommandError("--place routes too, and --estimate does not; give one of them")
    sizes = synthesize(
        load_model(path),
        target=str(target),
        stages=stages,
        max_levels=max_levels,
        value_bits=value_bits,
        fraction_bits=fraction_bits,
        signed=signed,
        liberty=liberty,
        place=ESTIMATE if estimate else place,
        seconds=seconds,
    )
    columns = COLUMNS + ("area",) * (liberty is not None) + ("mhz",) * (place or estimate)
    if json:
        report.emit_json(
            {part: {c: getattr(size, c) for c in columns} for part, size in sizes.items()}
        )
        return
    title = f"cells for {target}" if liberty is None else f"cells of {liberty.name}"
    table = Table("part", *columns, title=title)
    for part, size in sizes.items():
        table.add_row(part, *(f"{getattr(size, c):,}" for c in columns))
    report.stdout().print(table)
    if target == "xilinx" and liberty is None:
        report.stdout().print(
            "published for MNIST, everything counted: "
            + ", ".join(f"{p.name} {p.accuracy:.2%} with {p.luts:,}" for p in FIELD),
            highlight=False,
        )
