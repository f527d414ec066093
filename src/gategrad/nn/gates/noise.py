"""Gumbel noise on the logits of gates, from a state that is saved with the layer.

The state is `[seed, draws so far]`, int64. Every draw comes from a generator of its own made of the
two numbers, on the CPU: the same on every device, in every order of layers, and after a resume.

Averages of buffers round a seed to float32. So a layer keeps its seed beside the state, and takes
one that is the same but for rounding for its own.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gategrad.nn.checks import outside_graphs
from gategrad.nn.constants import captured, traced
from gategrad.nn.gates.functions import N_FUNCTIONS

# An odd number near 2**63 / golden ratio, so that seeds of consecutive draws are far apart.
_STRIDE = 5_700_357_409_661_599_241
_SEEDS = 1 << 63
# Averages keep 24 bits of a number, and drift by some of them; two seeds hardly ever share so many.
_ROUNDED = 2.0**-18
_ATTRIBUTE = "_noise_seed"


def noise_state(generator: torch.Generator) -> Tensor:
    """A fresh state (2,) int64, its seed drawn from `generator`."""
    seed = torch.randint(_SEEDS - 1, (1,), generator=generator, device="cpu")
    return torch.cat([seed, torch.zeros_like(seed)])


def keep_seed(module: nn.Module) -> None:
    """Take the present seed of a layer's buffer `noise` for the right one."""
    state = module._buffers.get("noise")
    if not (state is None or traced() or state.is_meta or captured(state.device)):
        module.__dict__[_ATTRIBUTE] = int(state[0])


def mend_seed(module: nn.Module) -> None:
    """Give a layer back the seed that an average has rounded; another one is the right one now."""
    seed, state = module.__dict__.get(_ATTRIBUTE), module._buffers.get("noise")
    if seed is None or state is None or traced() or state.is_meta or state.is_inference():
        return
    if captured(state.device):
        return
    found = int(state[0])
    if found != seed and _is_rounded(found, seed):
        with torch.no_grad():
            state[0] = seed
    else:
        module.__dict__[_ATTRIBUTE] = found


def whole_state(module: nn.Module, saved: Tensor) -> Tensor:
    """The state that an average of states in floating point stands for, seed by seed."""
    if not saved.is_floating_point() or saved.is_meta or saved.shape != (2,):
        return saved
    seed, draws = saved.tolist()
    own = module.__dict__.get(_ATTRIBUTE, 0)
    if not math.isfinite(seed) or _is_rounded(seed, own):
        seed = own
    draws = round(draws) if math.isfinite(draws) else 0
    state = [min(max(int(seed), 0), _SEEDS - 1), min(max(draws, 0), _SEEDS - 1)]
    return torch.tensor(state, dtype=torch.int64, device=saved.device)


def _is_rounded(found: float, seed: int) -> bool:
    # A seed is never negative, but one that is rounded up may overflow.
    return found < 0 or abs(found - seed) <= _ROUNDED * seed


@outside_graphs
@torch.no_grad()
def draw_noise(state: Tensor, like: Tensor, *, of_entries: bool = False) -> Tensor:
    """Noise for logits `like`, and the next state, in place.

    Gumbel noise for 16 logits, so that the largest is a sample of their softmax (Jang et al. 2016,
    arXiv 1611.01144); for the logits of entries the difference of two, which is logistic, so that
    their sign is a sample of their sigmoid. 16 logits are those of entries with `of_entries`.
    """
    if torch.compiler.is_compiling():
        raise RuntimeError("Gumbel noise can't be exported; export the network in .eval()")
    if state.is_meta:
        return torch.zeros_like(like)
    seed, draws = state.tolist()
    generator = torch.Generator("cpu").manual_seed((seed + draws * _STRIDE) % _SEEDS)
    state[1] += 1
    noise = _gumbel(like, generator)
    if of_entries or like.shape[1] != N_FUNCTIONS:
        noise -= _gumbel(like, generator)
    return noise.to(like.device, like.dtype)


@dataclass(frozen=True)
class KeptNoise:
    """States of layers before a pass, which may turn out to be another executor's to make."""

    states: list[tuple[Tensor, Tensor]]

    @torch.no_grad()
    def restore(self) -> None:
        """Take draws back, so that the pass draws the same."""
        for state, before in self.states:
            state.copy_(before)


def kept_noise(layers: Iterable[nn.Module]) -> KeptNoise:
    """The states that the layers have now."""
    states = [layer._buffers.get("noise") for layer in layers]
    return KeptNoise([(state, state.clone()) for state in states if state is not None])


def _gumbel(like: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.empty(like.shape, device="cpu")
    return -drawn.exponential_(generator=generator).log()
