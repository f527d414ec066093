"""`gategrad export`: a model as C, Verilog, BLIF, AIGER, JSON, DOT or HTML."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from gategrad import export
from gategrad.circuit import live_gates
from gategrad.cli import report
from gategrad.cli.errors import CommandError
from gategrad.cli.loading import load_model
from gategrad.cli.options import JsonOption, ModelArgument
from gategrad.cli.sources import load_test
from gategrad.export import Artifact
from gategrad.model import Model

# What each format's main file ends with, and the options that it has a use for.
_SUFFIX = {
    "c": ".c", "verilog": ".v", "blif": ".blif", "aiger": ".aig", "json": ".json", "dot": ".dot",
    "html": ".html",
}  # fmt: skip
_OPTIONS = {
    "c": {"rows", "word", "style", "profile"},
    "verilog": {
        *("stages", "max_levels", "lut6", "axi_stream"),
        *("value_bits", "fraction_bits", "signed", "vectors"),
    },
    "blif": {"outputs"},
    "aiger": {"outputs"},
    "json": set(),
    "dot": set(),
    "html": {"title", "image_shape", "examples"},
}
_EXAMPLES = 30
Format = StrEnum("Format", {name: name for name in _SUFFIX})


def run(
    path: ModelArgument,
    to: Annotated[Format, typer.Option("--to", help="What to write.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="OUT", help="The main file, or a folder for all that belongs."
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="Begins all names; OUT's own name by default.")
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="c: a row's values: uint8, int16, int32, float32, ..."),
    ] = None,
    word: Annotated[
        str | None,
        typer.Option(help="c: rows side by side: uint8 to uint64, vector16 to vector64."),
    ] = None,
    style: Annotated[
        str | None, typer.Option(help="c: statements, tables, or auto by size.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="c: host, or mcu for microcontrollers.")
    ] = None,
    outputs: Annotated[str | None, typer.Option(help="blif, aiger: gates, sums or label.")] = None,
    stages: Annotated[
        int | None, typer.Option(help="verilog: ranks of registers; 0 is combinational.")
    ] = None,
    max_levels: Annotated[
        int | None, typer.Option(help="verilog: gates in a row between registers.")
    ] = None,
    lut6: Annotated[
        bool | None, typer.Option("--lut6", help="verilog: for tables of six inputs.")
    ] = None,
    axi_stream: Annotated[
        bool | None, typer.Option("--axi-stream", help="verilog: add an AXI4-Stream wrapper.")
    ] = None,
    value_bits: Annotated[int | None, typer.Option(help="verilog: bits of a row's value.")] = None,
    fraction_bits: Annotated[
        int | None, typer.Option(help="verilog: of those, bits behind the point.")
    ] = None,
    signed: Annotated[
        bool | None, typer.Option("--signed", help="verilog: values may be negative.")
    ] = None,
    vectors: Annotated[
        Path | None, typer.Option(metavar="ROWS.npy", help="verilog: write a bench with these.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="html: of the page.")] = None,
    image_shape: Annotated[
        str | None,
        typer.Option(metavar="CxHxW", help="html: shape of rows that are images, or none."),
    ] = None,
    examples: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="html: rows to choose from, a set or file as for eval."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write a model as C, Verilog, BLIF, AIGER or JSON: the same function, encoder and sums too.

    `gategrad verify MODEL OUT` then proves that it is. DOT is a picture of the circuit, HTML a page
    to try it on in a browser. Nothing is written if anything fails.
    """
    model = load_model(path)
    given = {
        "rows": rows, "word": word, "style": style, "profile": profile, "outputs": outputs,
        "stages": stages, "max_levels": max_levels, "lut6": lut6, "axi_stream": axi_stream,
        "value_bits": value_bits, "fraction_bits": fraction_bits, "signed": signed,
        "vectors": None if vectors is None else load_rows(vectors),
        "title": title, "image_shape": None if image_shape is None else read_shape(image_shape),
        "examples": None if examples is None else _examples(examples, model),
    }  # fmt: skip
    options = {option: value for option, value in given.items() if value is not None}
    _check_options(to, set(options))
    folder = out.is_dir() or not out.suffix
    if not folder and out.suffix != _SUFFIX[to]:
        raise CommandError(f"{out} should end with {_SUFFIX[to]}, or be a folder, for --to {to}")
    artifact = _make(model, to, name or name_of(path if folder else out), options)
    written = artifact.write(out) if folder else artifact.write_as(_beside(artifact, to, out))
    figures = {
        "files": [str(file) for file in written],
        "bytes": sum(file.stat().st_size for file in written),
        "gates": live_gates(model.circuit),
    }
    if json:
        report.emit_json(figures)
        return
    for file in written:
        report.stdout().print(f"{file}, {report.bytes_text(file.stat().st_size)}")


def _make(model: Model, to: str, name: str, options: dict[str, object]) -> Artifact:
    made = {
        "c": export.c, "verilog": export.verilog, "blif": export.blif, "aiger": export.aiger,
        "json": export.json, "dot": export.dot, "html": export.html,
    }  # fmt: skip
    return made[to](model, name=name, **options)


def _check_options(to: str, given: set[str]) -> None:
    for option in sorted(given - _OPTIONS[to]):
        where = next(form for form, known in _OPTIONS.items() if option in known)
        flag = "--" + option.replace("_", "-")
        raise CommandError(f"{flag} is an option of --to {where}, and means nothing to {to}")


def name_of(path: Path) -> str:
    """A name for what is in a file: its own, with what no identifier has replaced."""
    name = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
    return name if name[:1].isalpha() else f"model_{name}"


def read_shape(text: str) -> tuple[int, ...]:
    """Sizes of an image, none of them for rows that are no images."""
    if text == "none":
        return ()
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){1,2}", text, re.ASCII):
        raise CommandError(f"--image-shape is {text!r}; expected such as 28x28 or 3x32x32, or none")
    return tuple(map(int, text.split("x")))


def _examples(name: str, model: Model) -> NDArray:
    """Some of the test rows of `name`, from all over them."""
    rows = load_test(name, model=model).x
    return rows[:: max(1, len(rows) // _EXAMPLES)][:_EXAMPLES]


def _beside(artifact: Artifact, to: str, out: Path) -> dict[str, Path]:
    """Where files go when OUT names the main one: beside it, those that only build it left out."""
    main = next(name for name in artifact.files if name.endswith(_SUFFIX[to]))
    stem = main.removesuffix(_SUFFIX[to])
    own = [name for name in artifact.files if name.startswith(stem)]
    return {name: out if name == main else out.parent / name for name in own}


def load_rows(path: Path) -> NDArray:
    """Rows (n, features) from a .npy file.

    Raises:
        CommandError: it is none.
    """
    try:
        rows = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise CommandError(f"{path} is no .npy file of rows: {error}") from error
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.dtype.kind not in "buif":
        raise CommandError(f"{path} holds no rows of numbers; expected a .npy of (n, features)")
    return rows
