"""One process of a hunt: `python -m tests.fuzz.worker FORMAT FIRST STOP`.

Prints a line before each case, so that whoever reads knows which one a crash belongs to.
"""

import os
import resource
import signal
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from random import Random

# What a case may take beyond the process as it is after the first, sound one; cases are kilobytes.
MEMORY = 768 << 20
PROCESSOR_SECONDS = 30


def main() -> None:
    """Run the cases, each from its own seed."""
    name, first, stop = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    cases = import_module(f"tests.fuzz.{name}_cases")
    with tempfile.TemporaryDirectory() as folder:
        cases.warm_up(Path(folder))
        _limit_memory()
        for seed in range(first, stop):
            print("case", seed, flush=True)
            _run(cases, seed, Path(folder))
    print("done", flush=True)


def _run(cases, seed: int, folder: Path) -> None:
    # A case without end is ended by the signal, even within the core.
    signal.setitimer(signal.ITIMER_PROF, getattr(cases, "PROCESSOR_SECONDS", PROCESSOR_SECONDS))
    try:
        cases.run(Random(f"{cases.__name__}:{seed}"), folder)
    except cases.DOCUMENTED as error:
        str(error).encode()
    except Exception:
        text = "".join(traceback.format_exc()[-3000:]).replace("\n", "\\n")
        print("FAILED", seed, text, flush=True)
    signal.setitimer(signal.ITIMER_PROF, 0)


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
