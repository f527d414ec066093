"""The path of single rows: the circuit once more, laid out for one sample at a time."""

import numpy as np
from numpy.typing import NDArray

from gategrad import _core
from gategrad.engine.locks import ForkLock
from gategrad.engine.positions import Positions

# No plan serves more rows than this; a plan's own limit is known when it is made.
MOST_ROWS = 64


class SingleRows:
    """Labels and sums of so few rows that narrow slots would be mostly empty.

    The plan is made at the first call that can use it, once, also where several threads call.

    Args:
        source: the core's copy of circuit, readout and thresholds.
        n_classes: sums of a row.
        isa: instruction set, as `gategrad.engine.isa.choose` gives it.
        positions: whether convolutions have their positions side by side; None: there are none.
    """

    def __init__(
        self,
        source: _core.Source,
        n_classes: int,
        isa: str,
        positions: Positions | None = None,
    ) -> None:
        self.source, self._isa = source, isa
        self._positions = positions or Positions(None, 0, "")
        self._n_classes = n_classes
        self._lock = ForkLock()
        self._single: _core.Single | None = None
        self.most_rows = MOST_ROWS

    def plan(self) -> _core.Single:
        """The native plan, made if it is not there yet."""
        with self._lock:
            if self._single is None:
                single = self._positions.lower(self.source, self._isa)
                self.most_rows = single.most_rows
                self._single = single
            return self._single

    @property
    def by_positions(self) -> bool:
        """Whether positions of convolutions lie side by side."""
        return self._positions.n_stages > 0

    def take(self, n_rows: int) -> bool:
        """Whether so many rows are few; makes the plan where its own limit decides."""
        if not 0 < n_rows <= self.most_rows:
            return False
        if self._single is None:
            self.plan()
        return n_rows <= self.most_rows

    def run(self, x: NDArray, *, sums: bool) -> NDArray | None:
        """Sums (n, C) int32, or labels (n,) int64, of rows that `take` took.

        Returns:
            None where `x` needs conversion, or has a wrong shape, dtype or value; nothing is said
            about it then.
        """
        single = self._single or self.plan()
        if sums:
            found = np.empty((len(x), self._n_classes), np.int32)
            return found if single.sums(x, found) else None
        out = np.empty(len(x), np.int64)
        return out if single.labels(x, out) else None
