"""The path of a few rows: the circuit once more, laid out for one sample at a time."""

import threading

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad import _core

# No plan serves more rows than this; a plan's own limit is known when it is made.
MOST_ROWS = 64


class FewRows:
    """Labels and sums of so few rows that a block of 512 would be mostly empty.

    The plan is made at the first call that can use it, once, also where several threads call.

    Args:
        source: the core's copy of circuit, readout and thresholds.
        n_classes: sums of a row.
        isa: instruction set, as `gategrad.engine.isa.choose` gives it.
    """

    def __init__(self, source: _core.Source, n_classes: int, isa: str) -> None:
        self.source, self._isa = source, isa
        self._n_classes = n_classes
        self._lock = threading.Lock()
        self._single: _core.Single | None = None
        self.most_rows = MOST_ROWS

    def plan(self) -> _core.Single:
        """The native plan, made if it is not there yet."""
        with self._lock:
            if self._single is None:
                single = _core.lower_single(self.source, self._isa, "")
                self.most_rows = single.most_rows
                self._single = single
            return self._single

    def run(self, x: ArrayLike, *, sums: bool) -> NDArray | None:
        """Sums (n, C) int32, or labels (n,) int64, of `x`.

        Returns:
            None where `x` is not a plain array of few rows, or needs conversion, or has a wrong
            shape, dtype or value; nothing is said about it then.
        """
        if type(x) is not np.ndarray or x.ndim != 2 or not 0 < len(x) <= self.most_rows:
            return None
        single = self._single or self.plan()
        if len(x) > self.most_rows:
            return None
        if sums:
            out = np.empty((len(x), self._n_classes), np.int32)
            return out if single.sums(x, out) else None
        out = np.empty(len(x), np.int64)
        return out if single.labels(x, out) else None
