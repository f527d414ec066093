"""Training on the GPU: Triton kernels for gates and learned wires, behind `LogicDense`.

Nothing here imports triton until a layer runs on it; `why_not_triton` says whether one would.
"""

from gategrad.nn.executors.gpu.available import why_not_triton
from gategrad.nn.executors.gpu.run import run_layer, run_wiring

__all__ = ["run_layer", "run_wiring", "why_not_triton"]
