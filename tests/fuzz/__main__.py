"""Fuzz readers for as long as you like; what is found is printed with the command that repeats it.

python -m tests.fuzz --seconds 3600 [--format gg ...] [--first SEED]
"""

import argparse
import sys
import time

from tests.fuzz.run import FORMATS, hunt

BATCH = 500


def main() -> int:
    """Run batches of cases of each format in turn until the time is over; 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long to look")
    parser.add_argument(
        "--format", action="append", choices=FORMATS, help="all where none is named"
    )
    parser.add_argument("--first", type=int, default=10_000, help="seed of the first case")
    options = parser.parse_args()
    end, first, found = time.monotonic() + options.seconds, options.first, 0
    while time.monotonic() < end:
        for name in options.format or FORMATS:
            failures = hunt(name, range(first, first + BATCH))
            found += len(failures)
            print(f"{name}: seeds {first} to {first + BATCH - 1}, {len(failures)} failures")
            for failure in failures:
                print(failure)
        first += BATCH
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
