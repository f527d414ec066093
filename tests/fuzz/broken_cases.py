"""Cases that end in every way in which a reader must not, to see that the hunt finds them."""

import ctypes
from pathlib import Path
from random import Random

DOCUMENTED = (KeyError,)
PROCESSOR_SECONDS = 1


def warm_up(folder: Path) -> None:
    """Nothing to load."""


def run(rng: Random, folder: Path) -> None:
    """The case that comes next in this process; its number doesn't matter."""
    ENDS[int(rng.random() * len(ENDS))]()


def _fine() -> None:
    pass


def _documented() -> None:
    raise KeyError("a documented error")


def _foreign() -> None:
    raise ZeroDivisionError("foreign")


def _large() -> None:
    bytearray(4 << 30)


def _crash() -> None:
    ctypes.string_at(0)


def _endless() -> None:
    while True:
        pass


ENDS = (_fine, _documented, _foreign, _large, _crash, _endless)
