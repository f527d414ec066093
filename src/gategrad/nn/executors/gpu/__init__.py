"""Training on the GPU: Triton kernels for gates and learned wires, behind `LogicDense`.

Nothing here imports triton until a layer runs on it; `TRITON.reason` says whether one would.
"""

from gategrad.nn.executors.gpu.available import TRITON

__all__ = ["TRITON"]
