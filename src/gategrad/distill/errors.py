"""What distillation raises."""

from numbers import Integral


class DistillError(ValueError):
    """A teacher, rows or options that can't be distilled with; says what was expected."""


def check_whole(name: str, value: object, *, least: int = 1) -> None:
    """Refuse what is no whole number, or one below `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise DistillError(f"{name} is {value!r}; expected a whole number from {least}")
