"""Lower a circuit and run it on rows: the native engine, and a numpy reference."""

from gategrad.engine.lower import BACKENDS, Program, lower
from gategrad.engine.native import NativeProgram
from gategrad.engine.packing import Packed, pack
from gategrad.engine.reference import NumpyProgram
from gategrad.engine.rows import InputError, check_rows, check_values

__all__ = [
    "BACKENDS",
    "InputError",
    "NativeProgram",
    "NumpyProgram",
    "Packed",
    "Program",
    "check_rows",
    "check_values",
    "lower",
    "pack",
]
