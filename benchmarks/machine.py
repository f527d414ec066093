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


def peak_memory() -> int:
    """Bytes of memory that this process had at most, of its own and of mapped files.

    From the system's file about the process where there is one: what `resource` says begins with
    the memory of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) * 1024
    import resource

    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
