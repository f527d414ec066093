"""Libraries of standard cells in Liberty's format: how yosys maps to one, and its cells."""

import re
from pathlib import Path

from gategrad.export.errors import ExportError

MAPPING = """synth -flatten -top {part}
dfflibmap -liberty cells.lib
abc -liberty cells.lib
opt_clean"""
"""The commands of yosys, for a library that lies beside as cells.lib."""

_CELL = re.compile(r"(?<!\w)cell\s*\(\s*\"?([\w$]+)\"?\s*\)")
_STATE = re.compile(r"(?<![\w\"])(?:ff|latch)(?:_bank)?\s*\(")


def read_library(path: Path) -> str:
    """The text of a library.

    Raises:
        ExportError: there is no such file, or no cell in it.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ExportError(f"the library {path} can't be read: {error.strerror}") from None
    if not _CELL.search(text):
        raise ExportError(
            f"{path} is no library of cells in Liberty's format: it has no cell (...)"
        )
    return text


def registers_of(text: str) -> frozenset[str]:
    """Names of the cells of a library that hold a state."""
    heads = list(_CELL.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return frozenset(
        head[1]
        for head, end in zip(heads, ends, strict=True)
        if _STATE.search(text, head.end(), end)
    )
