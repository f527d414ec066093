"""What kind of machine this is, without what tells one from another of its kind."""

import os
import platform
import re
from pathlib import Path


def machine_kind() -> str:
    """Make and family of the processor, and its cores, such as "AMD EPYC, 2 cores"."""
    cores = os.cpu_count() or 1
    return f"{family(_model())}, {cores} core{'s' if cores > 1 else ''}"


def family(model: str) -> str:
    """A processor's name without numbers.

    Examples:
        >>> family("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz"), family("AMD EPYC 9R14")
        ('Intel Xeon Platinum', 'AMD EPYC')
    """
    words = re.sub(r"\((R|TM|tm)\)", "", model).split("@")[0].split()
    kept = [word for word in words if not re.search(r"\d", word) and word not in _FILLERS]
    return " ".join(kept) or "unknown processor"


_FILLERS = ("CPU", "Processor", "processor")


def _model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
