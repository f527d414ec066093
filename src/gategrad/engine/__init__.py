"""Lower a circuit and run it on rows: the native engine, a numpy reference, a GPU."""

from gategrad.engine.cores import usable_cores
from gategrad.engine.errors import BackendError
from gategrad.engine.in_order import in_order
from gategrad.engine.locks import ForkLock
from gategrad.engine.lower import BACKENDS, Program, lower
from gategrad.engine.native import NativeProgram
from gategrad.engine.packing import Packed, pack
from gategrad.engine.reference import NumpyProgram
from gategrad.engine.routes import Route
from gategrad.engine.rows import InputError, check_rows, check_values, thread_count

__all__ = [
    "BACKENDS",
    "BackendError",
    "ForkLock",
    "InputError",
    "NativeProgram",
    "NumpyProgram",
    "Packed",
    "Program",
    "Route",
    "check_rows",
    "check_values",
    "in_order",
    "lower",
    "pack",
    "thread_count",
    "usable_cores",
]
