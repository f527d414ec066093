"""The hunt of a minute: fixed seeds, a limit of memory, nothing but documented errors.

For hours: `python -m tests.fuzz --seconds 36000`, or GATEGRAD_FUZZ=100 for that many times as many
cases here.
"""

import os
from importlib.util import find_spec
from random import Random

import pytest

from tests.fuzz import broken_cases
from tests.fuzz.run import FORMATS, hunt

# What takes some ten seconds each.
CASES = {"gg": 600, "npy": 500, "npz": 300, "csv": 400, "parquet": 400, "checkpoint": 60}
NEEDED = {"parquet": "pyarrow", "checkpoint": "torch"}
TIMES = int(os.environ.get("GATEGRAD_FUZZ", "1"))


@pytest.mark.skipif(os.name != "posix", reason="limits of memory are those of POSIX")
@pytest.mark.parametrize("name", FORMATS)
def test_hostile_files_end_in_documented_errors(name: str) -> None:
    missing = NEEDED.get(name)
    if missing and not find_spec(missing):
        pytest.skip(f"needs {missing}")
    failures = hunt(name, range(CASES[name] * TIMES))
    assert not failures, "\n".join(map(str, failures))


def first_seeds() -> dict[str, int]:
    """For each way to end the first seed that ends so."""
    found: dict[str, int] = {}
    for seed in range(100):
        place = int(Random(f"{broken_cases.__name__}:{seed}").random() * len(broken_cases.ENDS))
        found.setdefault(broken_cases.ENDS[place].__name__.strip("_"), seed)
    return found


@pytest.mark.skipif(os.name != "posix", reason="limits of memory are those of POSIX")
def test_the_hunt_finds_all_that_may_go_wrong() -> None:
    seeds = first_seeds()
    for end, seed in seeds.items():
        failures = hunt("broken", range(seed, seed + 1))
        said = {
            "fine": None,
            "documented": None,
            "foreign": "ZeroDivisionError: foreign",
            "large": "MemoryError",
            "crash": "the process ended with -11",
            "endless": "the process ended with -27",
        }[end]
        if said is None:
            assert not failures
        else:
            assert said in str(failures[0])
            assert f"python -m tests.fuzz.worker broken {seed} {seed + 1}" in str(failures[0])
