"""Settings of the whole process, changed for the length of a run."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gategrad.engine import usable_cores
from gategrad.nn.executors.forks import threads_lost
from gategrad.train.errors import TrainError


@contextmanager
def torch_threads(threads: int | None) -> Iterator[None]:
    """Let torch use so many threads; where None, as many as before that it can keep busy.

    Raises:
        TrainError: several, in a child of a process whose threads a fork has lost.
    """
    before = torch.get_num_threads()
    wanted = min(before, usable_cores()) if threads is None else threads
    if wanted > 1 and threads_lost():
        raise TrainError(
            "this process was forked from one that may have computed with several threads, which "
            'no child inherits: training would hang; start it with multiprocessing.get_context("'
            'spawn"), or train with threads=1'
        )
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def private_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Seed what dropout draws from on the CPU and `device`; both are put back at the end."""
    on_gpu = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_gpu else []):
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
