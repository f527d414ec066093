"""Packed inference on a GPU: a circuit lowered for Triton kernels.

The only part of the engine that imports torch and triton. `gategrad.engine.lower` imports it when
somebody asks for `backend="gpu"`, and nothing else does; `plan.py` is numpy.
"""
