"""Explicit randomness: a seed or a generator, never torch's global one."""

import operator

import torch


def as_generator(seed: int | None, generator: torch.Generator | None) -> torch.Generator:
    """The generator that a module draws its wiring and weights from.

    Args:
        seed: an integer; the same seed gives the same draws on every device.
        generator: a CPU generator, advanced by the draws.

    Returns:
        `generator`, or a new one: seeded with `seed`, or from the system's entropy without one.

    Raises:
        ValueError: both are given, or the generator is not on the CPU.
        TypeError: seed is no integer, or generator no `torch.Generator`.
    """
    if generator is not None:
        return _checked(generator, seed)
    fresh = torch.Generator()
    if seed is None:
        fresh.seed()
        return fresh
    try:
        return fresh.manual_seed(operator.index(seed))
    except TypeError:
        raise TypeError(f"seed must be an integer or None, got {seed!r}") from None


def place_of(device: torch.device | str | None) -> torch.device:
    """`device`, or where it is None the one that `with torch.device(...)` or torch's default say.

    What is drawn is drawn under `with torch.device("cpu")`, whatever that is, and then moved there.
    """
    return torch.get_default_device() if device is None else torch.device(device)


def _checked(generator: torch.Generator, seed: int | None) -> torch.Generator:
    if seed is not None:
        raise ValueError("got both seed and generator; give one of them")
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator, got {type(generator).__name__}")
    if generator.device.type != "cpu":
        raise ValueError(
            f"generator is on {generator.device}; give a CPU generator: wiring and weights are "
            "drawn on the CPU, so that a seed gives the same network on every device"
        )
    return generator
