"""Changes that files suffer or that somebody makes: of bytes, of numbers, of JSON values."""

from random import Random
from typing import Any

HOSTILE = (
    *(0, 1, -1, 2, 7, 63, 64, 65, 255, 256, 4095, 65535, 65536, 2**24, 2**31 - 1, 2**31),
    *(2**32 - 4, 2**32 - 1, 2**32, 2**33, 2**48, 2**62, 2**63 - 1, 2**63, 2**64, -(2**31)),
    *(-(2**63), 2**70, 10**40),
)
TEXTS = ("", "x", "\0", "a\0", "\r", "\n", "é", "\ud800", "\U0001f600", "x" * 5000, "nan", "1e999")
JUNK = (None, True, False, 0.5, -0.0, [], {}, [[]], [None], {"kind": "table"}, {"": {}})


def number(rng: Random) -> int:
    """A size or count that somebody may have forgotten."""
    near = rng.choice(HOSTILE) + rng.choice((-1, 0, 0, 0, 1))
    return rng.choice((near, near, rng.randrange(100), rng.getrandbits(rng.randrange(1, 66))))


def value(rng: Random) -> Any:
    """Any JSON value."""
    return rng.choice((number(rng), rng.choice(TEXTS), rng.choice(JUNK)))


def json_value(rng: Random, old: Any) -> Any:
    """`old` with one place changed, gone, or doubled."""
    if isinstance(old, dict) and old and rng.random() < 0.85:
        key = rng.choice(sorted(old))
        if rng.random() < 0.1:
            return {k: v for k, v in old.items() if k != key}
        if rng.random() < 0.1:
            return old | {rng.choice(TEXTS): value(rng)}
        return old | {key: json_value(rng, old[key])}
    if isinstance(old, list) and old and rng.random() < 0.85:
        i = rng.randrange(len(old))
        new = [json_value(rng, old[i])]
        new = rng.choice((new, new, new, [], [old[i], old[i]], new * rng.choice((3, 100))))
        return [*old[:i], *new, *old[i + 1 :]]
    if isinstance(old, int) and not isinstance(old, bool) and rng.random() < 0.7:
        return rng.choice((old + 1, old - 1, -old, old * 2, number(rng)))
    if isinstance(old, str) and rng.random() < 0.5:
        return rng.choice((old + rng.choice(TEXTS), rng.choice(TEXTS), old * 3, old[:-1]))
    return value(rng)


def raw(rng: Random, data: bytes) -> bytes:
    """`data` with one to a few changes of its bytes."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(changed) + 1)
        size = rng.choice((1, 1, 2, 4, 8, 64, 1000))
        _change(rng, changed, at, size)
    return bytes(changed)


def _change(rng: Random, data: bytearray, at: int, size: int) -> None:
    kind = rng.randrange(7)
    if kind == 0:
        data[at : at + 1] = bytes([rng.randrange(256)])
    elif kind == 1 and at < len(data):
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 2:
        del data[at : at + size]
    elif kind == 3:
        data[at:at] = data[at : at + size]
    elif kind == 4:
        width = rng.choice((1, 2, 4, 8))
        data[at : at + width] = (number(rng) % 256**width).to_bytes(width, "little")
    elif kind == 5:
        data[at:at] = rng.randbytes(size)
    else:
        del data[at:]
