"""Gumbel noise on the logits of gates, from a state that is saved with the layer.

The state is `[seed, draws so far]`, int64. Every draw comes from a generator of its own made of the
two numbers, on the CPU: the same on every device, in every order of layers, and after a resume.
"""

import torch
from torch import Tensor

from gategrad.nn.gates.functions import N_FUNCTIONS

# An odd number near 2**63 / golden ratio, so that seeds of consecutive draws are far apart.
_STRIDE = 5_700_357_409_661_599_241
_SEEDS = 1 << 63


def noise_state(generator: torch.Generator) -> Tensor:
    """A fresh state (2,) int64, its seed drawn from `generator`."""
    seed = torch.randint(_SEEDS - 1, (1,), generator=generator)
    return torch.cat([seed, torch.zeros(1, dtype=torch.int64)])


@torch.compiler.disable
@torch.no_grad()
def draw_noise(state: Tensor, like: Tensor, *, of_entries: bool = False) -> Tensor:
    """Noise for logits `like`, and the next state, in place.

    Gumbel noise for 16 logits, so that the largest is a sample of their softmax (Jang et al. 2016,
    arXiv 1611.01144); for the logits of entries the difference of two, which is logistic, so that
    their sign is a sample of their sigmoid. 16 logits are those of entries with `of_entries`.
    """
    seed, draws = state.tolist()
    generator = torch.Generator().manual_seed((seed + draws * _STRIDE) % _SEEDS)
    state[1] += 1
    noise = _gumbel(like, generator)
    if of_entries or like.shape[1] != N_FUNCTIONS:
        noise -= _gumbel(like, generator)
    return noise.to(like.device, like.dtype)


def _gumbel(like: Tensor, generator: torch.Generator) -> Tensor:
    return -torch.empty(like.shape).exponential_(generator=generator).log()
