"""Exported files against the model they came from: proven where that can be, else tested."""

from os import PathLike
from pathlib import Path

from numpy.typing import NDArray

from gategrad.export.errors import ExportError
from gategrad.export.planes import on_planes, planes_of
from gategrad.export.source import Source
from gategrad.export.verify.c_library import verify_c
from gategrad.export.verify.json_file import verify_json
from gategrad.export.verify.netlist import require_suffix, verify_netlist
from gategrad.export.verify.verdict import Verdict
from gategrad.export.verify.verilog_module import verify_verilog

__all__ = ["SUFFIXES", "Verdict", "verify"]

SUFFIXES = (".c", ".v", ".blif", ".aig", ".aag", ".json")
"""Endings of the files that can be verified."""


def verify(
    model: Source,
    path: str | PathLike,
    *,
    rows: NDArray | None = None,
    n_random: int = 1_000_000,
    seconds: float = 300,
    certificate: bool = False,
) -> Verdict:
    """Show that an exported file is the same function as `model`.

    What is compared is the file as it stands, read by other programs, with a reference that is
    made of the model without the exporters.

    Args:
        model: a `gategrad.Model`.
        path: NAME.c (with NAME.h beside it), NAME.v, NAME.blif, NAME.aig, NAME.aag or NAME.json.
        rows: (n, features), tried where a file is tested and not proven: C, and pipelines.
        n_random: rows tried beside them.
        seconds: that a proof may take; what takes longer has failed.
        certificate: prove what ABC has proven a second time, with the SAT solver CaDiCaL, and
            check each of its proofs; needs python-sat.

    Returns:
        What was proven, what was only tested, and on what, and what failed.

    Raises:
        ExportError: a file of another kind, or one that isn't there.
        ToolError: a program that this needs is missing; says how to get it.
    """
    path = Path(path)
    require_suffix(path, SUFFIXES)
    if not path.is_file():
        raise ExportError(f"{path} is no file; export the model there first")
    if path.suffix in (".c", ".v"):
        model, rows = on_planes(model), planes_of(model, rows)
    if path.suffix == ".c":
        return verify_c(model, path, rows=rows, n_random=n_random, seconds=seconds)
    if path.suffix == ".v":
        return verify_verilog(model, path, seconds=seconds, rows=rows, certificate=certificate)
    if path.suffix == ".json":
        return verify_json(model, path)
    return verify_netlist(model, path, seconds=seconds, certificate=certificate)
