"""The instruction sets whose kernels tests go through: those that this architecture can have."""

import platform

import pytest

from gategrad import _core
from gategrad.engine import isa as isas

_ARM = platform.machine().lower() in ("aarch64", "arm64")
_ELSEWHERE = ("avx2", "avx512") if _ARM else ("neon",)
KNOWN = tuple(name for name in isas.KNOWN if name not in _ELSEWHERE)
WITH_CODE = tuple(name for name in isas.WITH_CODE if name in KNOWN)


def skip_without(isa: str) -> None:
    """Skip the test where the processor lacks the instruction set."""
    if isa not in _core.isas():
        pytest.skip(f"this machine lacks {isa}: it has {', '.join(_core.isas())}")
