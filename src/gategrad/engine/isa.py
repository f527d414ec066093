"""Which native kernels to run: the best of this machine, or those that GATEGRAD_ISA names."""

import os

from gategrad import _core

VARIABLE = "GATEGRAD_ISA"
KNOWN = ("baseline", "avx2", "avx512")


def available() -> list[str]:
    """Instruction sets that this machine has kernels for, slowest first."""
    return _core.isas()


def choose() -> tuple[str, str]:
    """The instruction set to use and the reason for it.

    Raises:
        ValueError: GATEGRAD_ISA names one that is unknown or that this machine lacks.
    """
    forced = os.environ.get(VARIABLE)
    if not forced:
        best = available()[-1]
        return best, f"best of this machine ({', '.join(available())})"
    if forced not in KNOWN:
        raise ValueError(f"{VARIABLE}={forced!r} is unknown; known: {', '.join(KNOWN)}")
    if forced not in available():
        raise ValueError(
            f"{VARIABLE}={forced!r} does not run on this machine; it has {', '.join(available())}"
        )
    return forced, f"{VARIABLE} is set"
