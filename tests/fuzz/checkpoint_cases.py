"""Checkpoints whose tensors, numbers or bytes were changed, and a run that continues from them."""

import io
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import torch

from gategrad.harden.errors import DiscretizeError
from gategrad.train import CheckpointError, checkpoint
from tests.fuzz import mutate
from tests.train.examples import fit, network

# Weights that are NaN train on until their circuit is asked for.
DOCUMENTED = (CheckpointError, DiscretizeError)
OPTIONS = {"steps": 4, "eval_every": 2, "batch_size": 16}
_kept: dict[str, bytes] = {}


def warm_up(folder: Path) -> None:
    """Train once; the checkpoint that is left, two steps earlier, is what cases change."""
    path = folder / "sound.pt"
    fit(network(layers="24"), checkpoint=path, **OPTIONS)
    _kept["sound"] = path.read_bytes()
    use(path, signed(sound()))


def run(rng: Random, folder: Path) -> None:
    """Change a checkpoint, and go on from it."""
    use(folder / "run.pt", changed(rng))


def changed(rng: Random) -> bytes:
    """One to three places changed and signed anew, or other bytes."""
    if rng.random() < 0.15:
        return mutate.raw(rng, _kept["sound"])
    saved, state = sound(), None
    for _ in range(rng.choice((1, 1, 2, 3))):
        state = place(rng, saved["state"])
        saved = saved | {"state": state}
    if rng.random() < 0.1:
        saved = place(rng, saved)
    return signed(saved)


@cache
def sound() -> dict[str, Any]:
    """The checkpoint, as if the run were half done."""
    saved = torch.load(io.BytesIO(_kept["sound"]), weights_only=True)
    saved["state"]["step"] = 2
    return saved


def signed(saved: Any) -> bytes:
    """A checkpoint's file, with a digest of this content."""
    if isinstance(saved, dict):
        content = {key: saved.get(key) for key in ("settings", "state")}
        saved = saved | {"digest": checkpoint._digest(content)}
    buffer = io.BytesIO()
    torch.save(saved, buffer)
    return buffer.getvalue()


def use(path: Path, content: bytes) -> None:
    """Go on from a checkpoint of this content."""
    path.write_bytes(content)
    fit(network(layers="24"), checkpoint=path, resume=True, **OPTIONS)


def place(rng: Random, old: Any) -> Any:
    """`old` with one place changed: tensors too, in shape, dtype or values."""
    if isinstance(old, dict) and old and rng.random() < 0.95:
        key = rng.choice(list(old))
        if rng.random() < 0.05:
            return {k: v for k, v in old.items() if k != key}
        return old | {key: place(rng, old[key])}
    if isinstance(old, list) and old and rng.random() < 0.95:
        i = rng.randrange(len(old))
        return [*old[:i], place(rng, old[i]), *old[i + 1 :]]
    if isinstance(old, torch.Tensor):
        return tensor(rng, old)
    return mutate.json_value(rng, old)


def tensor(rng: Random, old: torch.Tensor) -> Any:
    """Another shape, dtype, value or stride."""
    kind = rng.randrange(8)
    if kind == 0:
        return torch.zeros([rng.choice((0, 1, 3, 1000)) for _ in range(rng.randrange(4))])
    if kind == 1:
        return old.to(
            rng.choice((torch.float64, torch.int8, torch.bool, torch.complex64, torch.half))
        )
    if kind == 2 and old.numel():
        new = old.clone().reshape(-1)
        new[rng.randrange(len(new))] = rng.choice((-1, 3, 100, 2**30))
        return new.reshape(old.shape)
    if kind == 3:
        return torch.zeros(1).expand(old.shape)
    if kind == 4:
        return old[:0] if old.dim() else old
    if kind == 5:
        return old.reshape(-1)
    if kind == 6 and old.is_floating_point():
        return torch.full_like(old, rng.choice((float("nan"), float("inf"), 1e38)))
    return mutate.value(rng)
