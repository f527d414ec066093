"""Models as C and other languages, each the same function."""

from gategrad.export.aiger import aiger
from gategrad.export.artifact import Artifact
from gategrad.export.blif import blif
from gategrad.export.c_code.generate import c
from gategrad.export.dot import dot
from gategrad.export.errors import ExportError
from gategrad.export.front import ROWS
from gategrad.export.html_page.page import html
from gategrad.export.json_text import json
from gategrad.export.verilog_code.generate import verilog

__all__ = [
    "ROWS", "Artifact", "ExportError", "aiger", "blif", "c", "dot", "html", "json", "verilog",
]  # fmt: skip
