"""The environment variable that chooses who computes layers in training."""

import os

from gategrad.nn.checks import known_name

VARIABLE = "GATEGRAD_TRAINING"
BACKENDS = ("native", "torch", "triton")


def wanted_backend() -> str:
    """What GATEGRAD_TRAINING says; "native" where it is not set. ValueError if it is unknown.

    "native": the core on a CPU, Triton on CUDA; "torch": plain torch everywhere; "triton": Triton
    everywhere, which on a CPU is its interpreter.
    """
    return known_name(VARIABLE, os.environ.get(VARIABLE) or BACKENDS[0], BACKENDS)
