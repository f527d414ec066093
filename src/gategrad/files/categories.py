"""Categories that a model doesn't know, counted in the rows as they come, or refused."""

import threading
from collections.abc import Callable

from numpy.typing import NDArray

from gategrad.encoding import EncodingError, KnownCategories, Unknown
from gategrad.encoding.unknown import together

Decide = Callable[[NDArray], NDArray]


class Categories:
    """Counts on any thread.

    Args:
        known: what the model knows.
        refuse: whether unknown ones are an error.
    """

    def __init__(self, known: KnownCategories, *, refuse: bool) -> None:
        self._known, self._refuse = known, refuse
        self._lock = threading.Lock()
        self._found: list[Unknown] = []

    def before(self, decide: Decide) -> Decide:
        """`decide` with a look at the rows before it; raises EncodingError where it refuses."""
        if not self._known:
            return decide

        def look_and_decide(x: NDArray) -> NDArray:
            decided = decide(x)
            found = self._known.unknown(x)
            if found and self._refuse:
                one = min(found, key=lambda one: one.row)
                raise EncodingError(
                    f"x at row {one.row}, column {one.column} ({one.name}) is {one.example!r}, "
                    "which the model doesn't know; correct it, or let it count as no category"
                )
            with self._lock:
                self._found = together([*self._found, *found])
            return decided

        return look_and_decide

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """One entry for each column with some."""
        return tuple(self._found)
