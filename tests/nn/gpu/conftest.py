"""Where the Triton kernels run: on a GPU with TRITON_INTERPRET=0, else in the interpreter."""

import os

import pytest

try:
    import torch
    import triton
except ImportError:
    torch = triton = None


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> str:
    """The device of the tests, with layers on it going to Triton."""
    if triton is None:
        pytest.skip("needs torch and triton")
    if os.environ.get("TRITON_INTERPRET") == "1":
        monkeypatch.setenv("GATEGRAD_TRAINING", "triton")
        return "cpu"
    if not torch.cuda.is_available():
        pytest.skip("TRITON_INTERPRET is not 1, and there is no GPU")
    return "cuda"
