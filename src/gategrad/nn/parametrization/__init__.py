"""How a gate's learned numbers become its four polynomial coefficients, one file each."""

from gategrad.nn.parametrization.base import Parametrization
from gategrad.nn.parametrization.covjac import COVJAC
from gategrad.nn.parametrization.light import LIGHT
from gategrad.nn.parametrization.light_sigmoid import LIGHT_SIGMOID
from gategrad.nn.parametrization.logits import from_logits
from gategrad.nn.parametrization.multilinear import MULTILINEAR
from gategrad.nn.parametrization.raw import RAW
from gategrad.nn.parametrization.walsh import WALSH

PARAMETRIZATIONS = {p.name: p for p in (RAW, LIGHT, LIGHT_SIGMOID, WALSH, MULTILINEAR, COVJAC)}

__all__ = [
    "COVJAC",
    "LIGHT",
    "LIGHT_SIGMOID",
    "MULTILINEAR",
    "PARAMETRIZATIONS",
    "RAW",
    "WALSH",
    "Parametrization",
    "from_logits",
]
