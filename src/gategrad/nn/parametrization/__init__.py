"""How a gate's learned numbers become its four polynomial coefficients, one file each."""

from gategrad.nn.parametrization.base import INITS, Parametrization
from gategrad.nn.parametrization.light import LIGHT
from gategrad.nn.parametrization.raw import RAW

PARAMETRIZATIONS = {p.name: p for p in (RAW, LIGHT)}

__all__ = ["INITS", "LIGHT", "PARAMETRIZATIONS", "RAW", "Parametrization"]
