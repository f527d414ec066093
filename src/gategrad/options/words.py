"""Values that the command line takes as a text: numbers or a name, two numbers, several names."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Words:
    """How a text becomes a value.

    Attributes:
        read: the value, or a ValueError.
        expected: what to say then, such as "a number such as 16, or all".
    """

    read: Callable[[str], Any]
    expected: str


def number_or(name: str, *, least: int, expected: str) -> Words:
    """A whole number of at least `least` in plain digits, or `name`."""

    def read(text: str) -> int | str:
        if text == name:
            return text
        if not re.fullmatch(r"\d+", text, re.ASCII) or int(text) < least:
            raise ValueError
        return int(text)

    return Words(read, expected)


def numbers_or(name: str, *, expected: str) -> Words:
    """Numbers with commas between them as a tuple, or `name`."""

    def read(text: str) -> str | tuple[float, ...]:
        return text if text == name else tuple(float(part) for part in text.split(","))

    return Words(read, expected)


def two_numbers_or_none(example: str) -> Words:
    """Two numbers with a colon between them; none where the preset's do not hold."""

    def read(text: str) -> tuple[float, float] | None:
        if text == "none":
            return None
        first, last = map(float, text.split(":"))
        return first, last

    return Words(read, f"such as {example}, or none")


def text_or_none(expected: str) -> Words:
    """Any text; none where the preset's does not hold."""
    return Words(lambda text: None if text == "none" else text, expected)


def names_or_one_of(known: tuple[str, ...]) -> Words:
    """One of the known names as it is; all else as a tuple of names with commas between them."""

    def read(text: str) -> str | tuple[str, ...]:
        return text if text in known else tuple(part.strip() for part in text.split(","))

    return Words(read, "names with commas between them")
