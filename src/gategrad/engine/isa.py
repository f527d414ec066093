"""Which native kernels to run: the best of this machine, or those that GATEGRAD_ISA names.

With AVX2 and AVX-512, circuits become machine code when they are lowered, unless GATEGRAD_CODE is
"off" or the system is Windows.
"""

import os
from functools import cache

from gategrad import _core

VARIABLE = "GATEGRAD_ISA"
KNOWN = ("baseline", "avx2", "avx512", "neon")
CODE_VARIABLE = "GATEGRAD_CODE"
WITH_CODE = ("avx2", "avx512")


def available() -> list[str]:
    """Instruction sets that this machine has kernels for, slowest first."""
    return _core.isas()


def choose() -> tuple[str, str]:
    """The instruction set to use and the reason for it.

    Raises:
        ValueError: GATEGRAD_ISA names one that is unknown or that this machine lacks.
    """
    return _choice(os.environ.get(VARIABLE), tuple(available()))


@cache
def _choice(forced: str | None, available: tuple[str, ...]) -> tuple[str, str]:
    """The same of a value of the variable; training asks three times a step."""
    if not forced:
        return available[-1], f"best of this machine ({', '.join(available)})"
    if forced not in KNOWN:
        raise ValueError(f"{VARIABLE}={forced!r} is unknown; known: {', '.join(KNOWN)}")
    if forced not in available:
        raise ValueError(
            f"{VARIABLE}={forced!r} does not run on this machine; it has {', '.join(available)}"
        )
    return forced, f"{VARIABLE} is set"


def wanted_code(isa: str) -> str:
    """The instruction set that circuits are to become machine code for: `isa`, or "" for none.

    Raises:
        ValueError: GATEGRAD_CODE is neither "on" nor "off".
    """
    choice = os.environ.get(CODE_VARIABLE) or "on"
    if choice not in ("on", "off"):
        raise ValueError(f"{CODE_VARIABLE}={choice!r} is unknown; known: on, off")
    return isa if choice == "on" and isa in WITH_CODE and _core.MAKES_CODE else ""


def without_code(isa: str, why: str) -> str:
    """What to say where a circuit is no machine code and might be, or "".

    Args:
        isa: the instruction set that runs.
        why: what the core says: "unwanted", "too large", "refused", or "" where there is code.
    """
    if not _core.MAKES_CODE:
        said = "; there is machine code for x86-64 alone, Windows aside"
        return "" if isa == "baseline" else said
    reasons = {
        "unwanted": f"machine code is off, as {CODE_VARIABLE} says",
        "too large": "machine code is off, as it would be too large for this circuit",
        "refused": "machine code is off, as the system gives no executable memory",
    }
    return f"; {reasons[why]}" if why and isa in WITH_CODE else ""
