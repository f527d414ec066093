"""Circuits behind filters over images: the native engine on the planes that the filters make."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import Circuit, Convolution, Readout
from gategrad.encoding import Filters
from gategrad.engine.cores import usable_cores
from gategrad.engine.native import WARMING, NativeProgram
from gategrad.engine.packing import Packed
from gategrad.engine.routes import Route
from gategrad.engine.rows import check_threads, thread_count

# Rows from which on a second thread pays.
_SEVERAL = 256


class FilteredProgram(NativeProgram):
    """The same for an encoder that filters images first.

    Planes of bytes are made of some rows at a time, and compared with their levels in the core.
    """

    def __init__(
        self,
        circuit: Circuit,
        readout: Readout,
        encoder: Filters,
        convolution: Convolution | None = None,
    ) -> None:
        super().__init__(circuit, readout, encoder.of_planes(), convolution)
        self._filters = encoder
        self.reason += f"; {len(encoder.filters)} filters make planes of bytes first"

    def route(self, x: ArrayLike | Packed) -> Route:
        """Which way rows take; their values are not looked at."""
        return Route.PACKED if isinstance(x, Packed) else Route.FILTERS

    def warm_up(self) -> None:
        """Make now what first calls would make: plans, room to work in, threads."""
        self.single_rows.plan()
        if not self._few_made:
            self._make_few()
        for n_rows in (1, WARMING * usable_cores()):
            rows = np.zeros((n_rows, self._filters.n_features), np.uint8)
            self.sums(rows, threads=usable_cores())

    def _run(self, x: ArrayLike | Packed, threads: int | None, *, sums: bool) -> NDArray:
        if isinstance(x, Packed):
            return super()._run(x, threads, sums=sums)
        check_threads(threads)
        rows = self._filters.pixels(x)
        if len(rows) <= _SEVERAL and threads is None:
            return super()._run(self._filters.planes(rows), None, sums=sums)
        workers = thread_count(threads)
        found = [
            super(FilteredProgram, self)._run(
                self._filters.planes(rows[part], threads=workers), threads, sums=sums
            )
            for part in self._filters.blocks(len(rows))
        ]
        if found:
            return found[0] if len(found) == 1 else np.concatenate(found)
        empty = np.empty((0, self._n_features), np.uint8)
        return super()._run(empty, threads, sums=sums)
