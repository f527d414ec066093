"""How a gate's learned numbers become its polynomial or its truth table, one file each."""

from collections.abc import Callable

from gategrad.nn.gates.parametrization.base import Parametrization
from gategrad.nn.gates.parametrization.covjac import COVJAC
from gategrad.nn.gates.parametrization.dwn import dwn_tables
from gategrad.nn.gates.parametrization.light import LIGHT, light_tables
from gategrad.nn.gates.parametrization.light_sigmoid import LIGHT_SIGMOID, light_sigmoid_tables
from gategrad.nn.gates.parametrization.logits import from_logits
from gategrad.nn.gates.parametrization.multilinear import MULTILINEAR
from gategrad.nn.gates.parametrization.raw import RAW
from gategrad.nn.gates.parametrization.table import TableParametrization, table_from_logits
from gategrad.nn.gates.parametrization.walsh import WALSH, walsh_tables

PARAMETRIZATIONS = {p.name: p for p in (RAW, LIGHT, LIGHT_SIGMOID, WALSH, MULTILINEAR, COVJAC)}
"""Of gates with two inputs, by name."""

TABLES: dict[str, Callable[[int], TableParametrization]] = {
    "light": light_tables,
    "light-sigmoid": light_sigmoid_tables,
    "walsh": walsh_tables,
    "dwn": dwn_tables,
}
"""Of gates with 2 to 6 inputs, by name: a function of the number of inputs."""

__all__ = [
    "COVJAC",
    "LIGHT",
    "LIGHT_SIGMOID",
    "MULTILINEAR",
    "PARAMETRIZATIONS",
    "RAW",
    "TABLES",
    "WALSH",
    "Parametrization",
    "TableParametrization",
    "from_logits",
    "table_from_logits",
]
