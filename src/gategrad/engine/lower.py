"""From a circuit to a program that an engine runs: lower once, run many."""

from gategrad.circuit import Circuit, Readout
from gategrad.encoding import Encoder
from gategrad.engine.native import NativeProgram
from gategrad.engine.reference import NumpyProgram

BACKENDS = ("native", "numpy")

Program = NativeProgram | NumpyProgram


def lower(
    circuit: Circuit,
    readout: Readout,
    encoder: Encoder | None = None,
    *,
    backend: str | None = None,
) -> Program:
    """Prepare a circuit to be run many times.

    Args:
        circuit: any circuit, optimized or not.
        readout: sums over the outputs of `circuit`.
        encoder: from rows to the circuit's inputs; None where rows are bits.
        backend: "native" (the default) or "numpy", the slow reference.

    Returns:
        A program with `sums(x, threads=None)` and `labels(x, threads=None)`; it says in `backend`,
        `isa` and `reason` what runs it.

    Raises:
        ValueError: an unknown backend; lists the known ones.
    """
    if backend in (None, "native"):
        return NativeProgram(circuit, readout, encoder)
    if backend == "numpy":
        return NumpyProgram(circuit, readout, encoder)
    raise ValueError(f"unknown backend {backend!r}; known: {', '.join(BACKENDS)}")
