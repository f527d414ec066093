"""From a circuit to a program that an engine runs: lower once, run many."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Union

from gategrad.circuit import Circuit, Convolution, Readout
from gategrad.encoding import Encoder, Filters
from gategrad.engine.errors import BackendError
from gategrad.engine.filtered import FilteredProgram
from gategrad.engine.native import NativeProgram
from gategrad.engine.reference import NumpyProgram

if TYPE_CHECKING:
    from gategrad.engine.gpu.program import GpuProgram

BACKENDS = ("native", "numpy", "gpu")
"""What `backend=` may be."""

Program = Union[NativeProgram, NumpyProgram, "GpuProgram"]
"""What runs a circuit: each kind has `sums`, `labels`, `scores`, `backend` and `reason`."""


def lower(
    circuit: Circuit,
    readout: Readout,
    encoder: Encoder | None = None,
    convolution: Convolution | None = None,
    *,
    backend: str | None = None,
) -> Program:
    """Prepare a circuit to be run many times.

    Args:
        circuit: any circuit, optimized or not.
        readout: sums over the outputs of `circuit`.
        encoder: from rows to the circuit's inputs; None where rows are bits.
        convolution: `circuit` and `readout` by their kernels; the native engine runs large ones by
            these, and says so in `reason`.
        backend: "native" (the default), "numpy", the slow reference, or "gpu", which needs an
            NVIDIA GPU, torch and triton.

    Returns:
        A program with `sums`, `labels` and `scores` of `(x, threads=None)`; it says in `backend`,
        `isa` and `reason` what runs it, and in `route(x)` which way a batch takes. `warm_up()`
        makes what first calls would make.

    Raises:
        ValueError: an unknown backend; lists the known ones.
        BackendError: the GPU is asked for, and something that it needs is missing.
    """
    if backend in (None, "native") and isinstance(encoder, Filters):
        return FilteredProgram(circuit, readout, encoder, convolution)
    if backend in (None, "native"):
        return NativeProgram(circuit, readout, encoder, convolution)
    if backend == "numpy":
        return NumpyProgram(circuit, readout, encoder)
    if backend == "gpu":
        return _gpu(circuit, readout, encoder)
    raise ValueError(f"unknown backend {backend!r}; known: {', '.join(BACKENDS)}")


def _gpu(circuit: Circuit, readout: Readout, encoder: Encoder | None) -> "GpuProgram":
    missing = [name for name in ("torch", "triton") if find_spec(name) is None]
    if missing:
        raise BackendError(
            f'backend="gpu" needs {" and ".join(missing)}: pip install {" ".join(missing)}'
        )
    from gategrad.engine.gpu.program import GpuProgram

    return GpuProgram(circuit, readout, encoder)
