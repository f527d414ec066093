"""From tables of Arrow in memory to tables with predictions, for engines that hand them on."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gategrad.data.arrow_columns import ArrowColumns
from gategrad.data.arrow_table import require_pyarrow
from gategrad.data.cells import few
from gategrad.encoding import KnownCategories
from gategrad.encoding.fields import choice
from gategrad.encoding.onehot import UNKNOWN
from gategrad.files.arrow import ArrowRows
from gategrad.files.blame import Decide, decide_piece
from gategrad.files.categories import Categories
from gategrad.files.errors import FileError
from gategrad.files.piece import Piece, in_memory
from gategrad.files.values import asked, header
from gategrad.files.wanted import Wanted
from gategrad.model import Model

if TYPE_CHECKING:
    import pyarrow

_NAME = "the table"


class TablePredictor:
    """A function from tables to tables: columns are read as `predict` reads those of a file.

    `gategrad.ray` calls it on many machines, and so can anything that hands on tables of Arrow.

    Args:
        model: decides.
        keep: columns to hand on beside the values, in this order; all where None.
        scores: give `Model.scores` instead of labels, a column a class.
        probabilities: give `Model.probabilities` instead.
        threads: for each table; one where None, since an engine has other tables for other cores.
        backend: which of gategrad's engines runs; the best one where None.
        unknown: what rows with categories that the model doesn't know are: "zero" or an "error".

    Raises:
        FileError: both scores and probabilities, or probabilities of numbers.
        DataError: pyarrow is missing.
    """

    def __init__(
        self,
        model: Model,
        *,
        keep: Sequence[str] | None = None,
        scores: bool = False,
        probabilities: bool = False,
        threads: int | None = None,
        backend: str | None = None,
        unknown: str = "zero",
    ) -> None:
        self._pa = require_pyarrow("a table of Arrow")
        if isinstance(keep, str):
            raise FileError(f"keep is {keep!r}; expected several names of columns: [{keep!r}]")
        choice(unknown, UNKNOWN, "unknown")
        self._keep = None if keep is None else list(keep)
        self._wanted = Wanted.by(model)
        decide: Decide = partial(
            asked(model, scores, probabilities), threads=threads or 1, backend=backend
        )
        self._empty = decide(np.empty((0, self._wanted.n_features)))
        self._names = header(model, self._empty)
        if unknown == "error":  # "zero" is what the encoder does by itself
            decide = Categories(KnownCategories(model.encoder), refuse=True).before(decide)
        self._decide = decide

    def __call__(self, table: "pyarrow.Table") -> "pyarrow.Table":
        """The kept columns of `table`, and the values: `label`, or a column for each class.

        Raises:
            FileError: a column is missing, one that is kept has the name of a value, or a row is
                one that the model can't take (it is named).
            DataError: a column is neither numbers nor text.
        """
        rows = ArrowRows(ArrowColumns(table.schema, _NAME), self._wanted)
        kept = self._kept(table)
        parts, first = [self._empty], 0
        for batch in table.select(rows.names).to_batches(max_chunksize=rows.step):
            parts.append(self._values(rows, batch, first))
            first += batch.num_rows
        values = np.concatenate(parts)
        columns = values.T if values.ndim > 1 else [values]
        for name, column in zip(self._names, columns, strict=True):
            kept = kept.append_column(name, self._pa.array(np.ascontiguousarray(column)))
        return kept

    def _values(self, rows: ArrowRows, batch: "pyarrow.RecordBatch", first: int) -> NDArray:
        x = rows.matrix(batch, first)
        piece = Piece(first, len(x), in_memory(x), 0, rows.where(first))
        return decide_piece(self._decide, _NAME, piece, x)

    def _kept(self, table: "pyarrow.Table") -> "pyarrow.Table":
        names = table.column_names if self._keep is None else self._keep
        for name in names:
            if name not in table.column_names:
                raise FileError(
                    f"{_NAME} has no column {name!r} to keep; its columns are: "
                    f"{few(table.column_names)}"
                )
            if name in self._names:
                raise FileError(
                    f"{_NAME} has a column {name!r} already, as the values are called: rename it, "
                    "or name other columns to keep"
                )
        return table.select(names)
