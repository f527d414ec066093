"""Whole numbers of a module, such as wires, that an average of buffers must not change.

`torch.optim.swa_utils.AveragedModel(use_buffers=True)`, and loops over `state_dict`, average
integers in floating point and cut them off, `7 * 0.9 + 7 * 0.1` to 6. A module keeps a copy beside
its buffers, and looks at it where torch counts a change of them in place.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from gategrad.nn.constants import captured, traced

_ATTRIBUTE = "_kept_numbers"
# An average rounds all wires of some number alike; one changed wire is somebody's wish.
_FEWEST = 2
# So many random changes would hardly all be small.
_BLENDED = 32


def keep(module: nn.Module, *names: str, fewest: int = _FEWEST) -> None:
    """Take the present numbers of these buffers for the right ones.

    Args:
        module: whose buffers they are.
        names: of buffers of integers.
        fewest: how many must have changed to be taken for rounded; 1 where nobody changes them.
    """
    kept = module.__dict__.setdefault(_ATTRIBUTE, {})
    for name in names:
        buffer = module._buffers.get(name)
        if buffer is not None and not _unreadable(buffer):
            kept[name] = (_mark(buffer), buffer.detach().cpu().clone(), fewest)


def mend(module: nn.Module, *, strict: bool = False) -> None:
    """Give back numbers that an average has rounded; other changes are the right ones now.

    Args:
        module: `keep` was called for it, or nothing is done.
        strict: refuse what looks like an average with other numbers: many changed, all by little.

    Raises:
        RuntimeError: such an average, where strict.
    """
    kept = module.__dict__.get(_ATTRIBUTE)
    if not kept or torch.compiler.is_compiling():
        return
    for name, (mark, numbers, fewest) in kept.items():
        buffer = module._buffers.get(name)
        if buffer is None or (mark[0] == id(buffer) and mark == _mark(buffer)):
            continue
        if _unreadable(buffer) or mark[1:] == _mark(buffer)[1:]:
            continue
        found = buffer.detach().cpu()
        if found.shape == numbers.shape and torch.equal(found, numbers):
            kept[name] = (_mark(buffer), numbers, fewest)
        elif _is_rounded(found, numbers, fewest):
            with torch.no_grad():
                buffer.copy_(numbers)
            kept[name] = (_mark(buffer), numbers, fewest)
        elif strict and _is_blended(found, numbers):
            raise RuntimeError(
                f"the {name} of a {type(module).__name__} changed since they were drawn, as an "
                "average of buffers does to them; average the weights alone (use_buffers=False), "
                "or give them back with load_state_dict"
            )
        else:
            kept[name] = (_mark(buffer), found.clone(), fewest)


def whole(numbers: Tensor, name: str) -> Tensor:
    """Numbers of a `state_dict` as integers, those of an average in floating point rounded.

    Raises:
        ValueError: they are no whole numbers, as averages of different wires are not.
    """
    if not numbers.is_floating_point() or numbers.is_meta:
        return numbers
    nearest = numbers.round()
    if ((numbers - nearest).abs() > 0.01).any():
        raise ValueError(
            f"{name} holds {numbers.dtype} that are no whole numbers, as averages of different "
            "wirings are; average networks of one wiring"
        )
    return nearest.to(torch.int64)


def take_whole(state_dict: dict[str, Tensor], names: Iterable[str], error_msgs: list[str]) -> bool:
    """Those of these numbers that are there become integers, as `whole` makes them.

    Returns:
        False, with a message among `error_msgs`, where they are none.
    """
    for name in names:
        if name in state_dict:
            try:
                state_dict[name] = whole(state_dict[name], name)
            except ValueError as error:
                error_msgs.append(str(error))
                return False
    return True


def _is_rounded(found: Tensor, numbers: Tensor, fewest: int) -> bool:
    """Whether all occurrences of some numbers, and nothing else, came closer to 0 by one."""
    if found.shape != numbers.shape:
        return False
    lost = (numbers - found) * numbers.sign()
    changed = lost == 1
    if not ((lost == 0) | changed).all() or changed.sum() < fewest:
        return False
    return not torch.isin(numbers[~changed], numbers[changed].unique()).any()


def _is_blended(found: Tensor, numbers: Tensor) -> bool:
    """Whether numbers came closer to others, by half of their range at most; chance rarely does."""
    if found.shape != numbers.shape:
        return False
    steps = (found - numbers)[found != numbers].abs()
    spread = numbers.max() - numbers.min()
    return len(steps) >= _BLENDED and bool(steps.max() <= (spread + 1) // 2)


def _mark(buffer: Tensor) -> tuple[int, int, int]:
    """What shows a change. The object comes first: a stand-in for it may have no address."""
    return id(buffer), buffer.data_ptr(), buffer._version


def _unreadable(buffer: Tensor) -> bool:
    """Whether a buffer has no numbers, counts no changes or can't be read now."""
    return buffer.is_meta or buffer.is_inference() or traced() or captured(buffer.device)
