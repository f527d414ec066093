"""difflogic's `device` and `implementation`, checked."""

import torch

IMPLEMENTATIONS = ("cuda", "python")


def checked_device(device: str | torch.device | None) -> torch.device:
    """The device asked for; without one CUDA where it is, else the CPU.

    difflogic's own default is "cuda", which fails on a machine without a GPU.

    Raises:
        RuntimeError: CUDA is asked for and not there.
    """
    there = torch.cuda.is_available()
    found = torch.device(("cuda" if there else "cpu") if device is None else device)
    if found.type == "cuda" and not there:
        raise RuntimeError(
            f"device={str(device)!r} needs a GPU, and torch sees none here; "
            "device='cpu' runs the same network on native kernels"
        )
    return found


def checked_implementation(implementation: str | None, device: torch.device) -> str:
    """`implementation`, or what difflogic chooses for the device where it is None.

    Both run on gategrad's kernels: on Triton for a GPU, which needs no nvcc, and on the native ones
    for a CPU.

    Raises:
        ValueError: an unknown one.
        RuntimeError: "cuda" on a CPU.
    """
    if implementation is None:
        return "cuda" if device.type == "cuda" else "python"
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(
            f"unknown implementation {implementation!r}; known: {', '.join(IMPLEMENTATIONS)}"
        )
    if implementation == "cuda" and device.type != "cuda":
        raise RuntimeError(
            "implementation='cuda' needs device='cuda'; on a CPU leave it out: "
            "the layer runs on native kernels"
        )
    return implementation
