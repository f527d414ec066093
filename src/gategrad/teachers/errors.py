"""What teachers raise."""

from typing import Any


class TeacherError(ValueError):
    """A teacher that can't be read, or scores that are none; says what was expected."""


def first_line(error: Exception) -> str:
    """Of what a library says, which may be nothing or many lines."""
    return (str(error).splitlines() or [""])[0][:120]


def not_taken(x: Any, error: Exception) -> TeacherError:
    """What to raise where a network fails on rows `x`."""
    known = hasattr(x, "shape") and hasattr(x, "dtype")
    rows = f"rows of shape {tuple(x.shape[1:])}, {x.dtype}" if known else f"a {type(x).__name__}"
    return TeacherError(
        f"the teacher doesn't take {rows}: {first_line(error)}; give Teacher(..., preprocess=)"
    )
