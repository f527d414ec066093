"""What a benchmark ran on, in one line."""

import os
import platform
import re
from pathlib import Path


def describe() -> str:
    """Processor, cores, and the instruction sets that the native engine finds."""
    from gategrad import _core

    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())
        model = found[1] if found else model
    return (
        f"{model}, {os.cpu_count()} cores, {_core.isas()[-1]}, {platform.system()}, "
        f"Python {platform.python_version()}"
    )
