"""Train on several processes with DistributedDataParallel.

    torchrun --nproc-per-node 2 examples/ddp.py                  # CPU, gloo
    torchrun --nproc-per-node 8 examples/ddp.py --device cuda    # one GPU a process, nccl

Every process builds the network from the same seeds, checks that the wiring is that of process 0,
and takes its share of each batch; the gradients are averaged.
"""

import argparse
import os

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

import gategrad as gg
from gategrad import nn


def main() -> None:
    """Train, and test on process 0."""
    options = _options()
    dist.init_process_group("nccl" if options.device == "cuda" else "gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    device = torch.device("cpu")
    if options.device == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    x_train, y_train, x_test, y_test = gg.data.load("mnist-1bit")
    net = nn.Sequential(
        nn.LogicDense(784, options.width, seed=0),
        nn.LogicDense(options.width, options.width, seed=1),
        nn.GroupSum(10, tau="auto"),
    ).to(device)
    nn.check_same_wiring(net)
    parallel = DistributedDataParallel(net, broadcast_buffers=False)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    rng, share = np.random.default_rng(0), options.batch // world
    for _ in range(options.steps):
        # All processes draw the same rows, and each takes its own part of them.
        rows = rng.integers(len(x_train), size=options.batch)[rank * share : (rank + 1) * share]
        x = torch.from_numpy(x_train[rows]).to(device)
        y = torch.from_numpy(y_train[rows]).long().to(device)
        loss = cross_entropy(parallel(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if rank == 0:
        model = gg.discretize(net.cpu()).optimize()
        accuracy = (model.predict(x_test) == y_test).mean()
        print(f"{accuracy:.2%} of the test images, {world} processes, {options.steps} steps")
    dist.barrier()
    del parallel  # before the group that it works with
    dist.destroy_process_group()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--width", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=128, help="of all processes together")
    parser.add_argument("--steps", type=int, default=400)
    return parser.parse_args()


if __name__ == "__main__":
    main()
