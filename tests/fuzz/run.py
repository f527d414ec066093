"""Runs cases in a process of their own, under a limit of memory, and says which ones failed."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FORMATS = ("gg", "npy", "npz", "csv", "parquet", "checkpoint")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Failure:
    """A case that ended in anything but success or a documented error."""

    name: str
    seed: int
    what: str

    def __str__(self) -> str:
        """The finding, and how to see it again."""
        again = f"python -m tests.fuzz.worker {self.name} {self.seed} {self.seed + 1}"
        return f"{self.name} {self.seed}: {self.what}\n    again: {again}"


def hunt(name: str, seeds: range) -> list[Failure]:
    """Run the cases of a format; a process that dies is followed by another one."""
    failures, first = [], seeds.start
    while first < seeds.stop:
        command = [sys.executable, "-m", "tests.fuzz.worker", name, str(first), str(seeds.stop)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
        lines = done.stdout.splitlines()
        failures += [_parsed(name, line) for line in lines if line.startswith("FAILED ")]
        if lines and lines[-1] == "done":
            return failures
        started = [int(line.split()[1]) for line in lines if line.startswith("case ")]
        if not started:
            raise RuntimeError(f"the worker for {name} did not start: {done.stderr[-2000:]}")
        why = f"the process ended with {done.returncode}: {done.stderr[-1500:]}"
        failures.append(Failure(name, started[-1], why))
        first = started[-1] + 1
    return failures


def _parsed(name: str, line: str) -> Failure:
    _, seed, what = line.split(" ", 2)
    return Failure(name, int(seed), what.replace("\\n", "\n"))
