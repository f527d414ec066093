"""How many threads this process may use: its cores, its container's share of them, its user's word.

`GATEGRAD_THREADS` caps what is used where no number is asked for.
"""

import os
from functools import cache
from pathlib import Path

VARIABLE = "GATEGRAD_THREADS"
GROUPS, MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Threads that this process can keep busy at a time, at least 1.

    The least of the cores that it may run on, the whole cores that its control groups grant it, and
    GATEGRAD_THREADS.

    Raises:
        ValueError: GATEGRAD_THREADS is set, but not to an integer of at least 1.
    """
    affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    cores = len(affinity) if affinity else os.cpu_count() or 1
    return min(n for n in (cores, _granted(), _wanted()) if n is not None)


def _wanted() -> int | None:
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError(f"{VARIABLE}={text!r} is no number of threads; expected 1, 2, ...")
    return int(text)


@cache
def _granted() -> int | None:
    cores = quota()
    return None if cores is None else max(1, int(cores))


def quota(groups: Path = GROUPS, mount: Path = MOUNT) -> float | None:
    """Cores that control groups grant this process, of version 1 or 2; None without a limit.

    Args:
        groups: the process's groups, one a line: number, controllers and path, between colons.
        mount: where the groups' files are.
    """
    found = []
    for line in _text(groups).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found += [_of_2(folder) for folder in _up(mount, path)]
        elif "cpu" in controllers.split(","):
            for name in (controllers, "cpu"):
                found += [_of_1(folder) for folder in _up(mount / name, path)]
    limits = [cores for cores in found if cores is not None]
    return min(limits, default=None)


def _up(mount: Path, path: str) -> list[Path]:
    """The folder of a group and those above it: each may limit it."""
    folder = mount / path.lstrip("/")
    return [folder, *(above for above in folder.parents if above.is_relative_to(mount))]


def _of_2(folder: Path) -> float | None:
    words = _text(folder / "cpu.max").split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0] != "max" else None


def _of_1(folder: Path) -> float | None:
    words = _text(folder / "cpu.cfs_quota_us").split() + _text(folder / "cpu.cfs_period_us").split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and int(words[0]) > 0 else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
