"""Networks in several processes: what must be the same everywhere, and isn't averaged."""

import hashlib

import torch
import torch.distributed as dist
from torch import nn


def check_same_wiring(net: nn.Module, group: dist.ProcessGroup | None = None) -> None:
    """Check that all processes of `group` have the wiring and sizes of the first one.

    Gradients that DistributedDataParallel averages are meaningless between gates of different
    wires. Build networks from the same seeds, or let DistributedDataParallel send the buffers of
    process 0, which wiring is among, when it wraps the network.

    Args:
        net: any module; its integer buffers are compared, and the shapes of its parameters.
        group: processes that call this together; all of them where None.

    Raises:
        RuntimeError: in every process, with the processes that differ from the first.
    """
    digest = _digest(net)
    digests = [""] * dist.get_world_size(group)
    dist.all_gather_object(digests, digest, group=group)
    others = [rank for rank, other in enumerate(digests) if other != digests[0]]
    if others:
        raise RuntimeError(
            f"the wiring of process {', '.join(map(str, others))} differs from that of process 0: "
            "build the network with the same seed= for each layer in every process"
        )


def _digest(net: nn.Module) -> str:
    found = hashlib.sha256()
    for name, parameter in net.named_parameters():
        found.update(f"{name} {tuple(parameter.shape)};".encode())
    for name, buffer in net.named_buffers():
        # The state of Gumbel noise is an integer too, and may differ.
        if buffer.dtype in (torch.int32, torch.int64) and not name.endswith("noise"):
            found.update(f"{name} {tuple(buffer.shape)}:".encode())
            found.update(buffer.cpu().numpy().tobytes())
    return found.hexdigest()
