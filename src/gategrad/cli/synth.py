"""`gategrad synth`: how large a model is on a programmable chip."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from gategrad.cli import report
from gategrad.cli.loading import load_model
from gategrad.cli.options import JsonOption, ModelArgument
from gategrad.export.synthesis import FIELD, TARGETS, synthesize

Target = StrEnum("Target", {name: name for name in TARGETS})
_XILINX = Target("xilinx")
COLUMNS = ("luts", "registers", "carries", "others", "levels")


def run(
    path: ModelArgument,
    target: Annotated[
        Target, typer.Option(help="xilinx counts tables of six inputs, the others of four.")
    ] = _XILINX,
    stages: Annotated[int, typer.Option(help="Ranks of registers of the whole.")] = 0,
    max_levels: Annotated[
        int | None, typer.Option(help="Gates in a row between registers.")
    ] = None,
    value_bits: Annotated[
        int, typer.Option(help="Bits of a value of a row behind an encoder, an unsigned integer.")
    ] = 8,
    seconds: Annotated[float, typer.Option(min=1, help="That one part may take.")] = 900,
    json: JsonOption = False,
) -> None:
    """Count the cells that yosys makes of MODEL: its encoder, gates, sums, decision, and the whole.

    Optimize the model first. Place and route are left to the tools of the chip's maker.
    """
    sizes = synthesize(
        load_model(path),
        target=str(target),
        stages=stages,
        max_levels=max_levels,
        value_bits=value_bits,
        seconds=seconds,
    )
    if json:
        report.emit_json(
            {part: {c: getattr(size, c) for c in COLUMNS} for part, size in sizes.items()}
        )
        return
    table = Table("part", *COLUMNS, title=f"cells for {target}")
    for part, size in sizes.items():
        table.add_row(part, *(f"{getattr(size, c):,}" for c in COLUMNS))
    report.stdout().print(table)
    if target == "xilinx":
        report.stdout().print(
            "published for MNIST, everything counted: "
            + ", ".join(f"{p.name} {p.accuracy:.2%} with {p.luts:,}" for p in FIELD),
            highlight=False,
        )
