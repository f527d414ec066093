"""Rows of numbers behind an encoder of intervals: the core compares, twice lowered."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gategrad.engine.in_order import in_order
from gategrad.engine.rows import thread_count
from gategrad.engine.single_rows import MOST_ROWS

# Rows of repeated columns that are made at a time: 2 MiB of float64.
WIDENED_ROWS = 4096


class Runs(Protocol):
    """A program of numbers: sums or labels, or None where a value is missing."""

    def attempt(self, x: NDArray, threads: int | None, *, sums: bool) -> NDArray | None:
        """As `NativeProgram.attempt`."""

    def warm_up(self) -> None:
        """As `NativeProgram.warm_up`."""


@dataclass(frozen=True)
class NumberRows:
    """One function of rows of numbers, lowered twice; the core encodes.

    Attributes:
        narrow: takes rows as they are; for a few.
        columns: of these, that make rows for `wide`; None where that is `narrow`.
        wide: for many.
    """

    narrow: Runs
    columns: NDArray[np.intp] | None
    wide: Runs

    def run(self, x: NDArray, threads: int | None, *, sums: bool) -> NDArray | None:
        """Sums or labels of rows (n, features); None where one of their values is missing."""
        if self.columns is None or len(x) <= MOST_ROWS:
            return self.narrow.attempt(x, threads, sums=sums)
        run = partial(self._widened, sums=sums)
        found = list(_parts(run, x, thread_count(threads)))
        parts = [part for part in found if part is not None]
        return np.concatenate(parts) if len(parts) == len(found) else None

    def _widened(self, x: NDArray, *, sums: bool) -> NDArray | None:
        rows = x if self.columns is None else x.take(self.columns, axis=1)
        return self.wide.attempt(rows, 1, sums=sums)


def _parts(
    run: Callable[[NDArray], NDArray | None], x: NDArray, threads: int
) -> "list[NDArray | None]":
    parts = [x[i : i + WIDENED_ROWS] for i in range(0, len(x), WIDENED_ROWS)]
    if threads == 1 or len(parts) == 1:
        return [run(part) for part in parts]
    return list(in_order(run, parts, threads=min(threads, len(parts))))
