"""Training on the GPU: Triton kernels for gates, learned wires and convolutions.

Nothing here imports triton until a layer runs on it; `TRITON.reason` says whether one would.
"""

from gategrad.nn.executors.gpu.available import TRITON, TRITON_CONV

__all__ = ["TRITON", "TRITON_CONV"]
