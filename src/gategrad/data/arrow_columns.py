"""Columns of Arrow: what types they may have, and their cells as numbers or text."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gategrad.data.errors import DataError

if TYPE_CHECKING:
    import pyarrow

LARGEST_EXACT = 2**53
_NANOSECONDS_A_DAY = 86_400_000_000_000


class ArrowColumns:
    """The columns of a table, by name.

    Args:
        schema: of the table.
        name: of the table or its file, for messages.

    Raises:
        DataError: two columns have one name.
    """

    def __init__(self, schema: "pyarrow.Schema", name: str) -> None:
        import pyarrow

        self.pa, self.schema, self.name = pyarrow, schema, name
        self.header = tuple(schema.names)
        if len(set(self.header)) < len(self.header):
            raise DataError(f"{name} has columns of the same name; give each a name of its own")

    def check_type(
        self, column: str, *, only_numbers: bool, texts: Collection[str], dates: Collection[str]
    ) -> None:
        """Refuse a column that is neither numbers nor text.

        Args:
            column: its name.
            only_numbers: whether text is none too.
            texts: names of columns whose categories are text.
            dates: names of columns of dates.
        """
        types, found = self.pa.types, self.schema.field(column).type
        plain = found.value_type if types.is_dictionary(found) else found
        text = types.is_string(plain) or types.is_large_string(plain) or types.is_string_view(plain)
        if types.is_null(plain) or (column in dates and (text or self._is_date(plain))):
            return
        if column in texts and not (text or types.is_integer(plain)):
            raise DataError(
                f"{self.name}: column {column!r} is {found}, but the model's categories there are "
                "text; save it as text"
            )
        number = types.is_integer(plain) or types.is_floating(plain) or types.is_boolean(plain)
        if not number and (only_numbers or not text):
            expected = "numbers" if only_numbers else "numbers or text"
            raise DataError(
                f"{self.name}: column {column!r} is {found}; expected {expected}: cast it"
            )

    def values(self, cells: "pyarrow.Array", column: str, first: int, *, text: bool) -> NDArray:
        """The cells of a column: numbers, NaN for a gap, or objects (str, None for a gap).

        Args:
            cells: of a batch.
            column: its name, for messages.
            first: the file's number of the first row, for messages.
            text: whether integers are the text of categories.

        Raises:
            DataError: an integer beyond 2**53.
        """
        types = self.pa.types
        if types.is_dictionary(cells.type):
            cells = cells.dictionary_decode()
        if self._is_date(cells.type):
            return self._days(cells)
        if text and types.is_integer(cells.type):
            cells = cells.cast(self.pa.string())
        values = cells.to_numpy(zero_copy_only=False)
        if values.dtype == object and types.is_boolean(cells.type):
            values = cells.cast(self.pa.float64()).to_numpy(zero_copy_only=False)
        if types.is_integer(cells.type) and cells.type.bit_width == 64:
            self._check_exact(cells, column, first)
        return values

    def is_date(self, column: str) -> bool:
        """Whether the file says that a column holds dates or times."""
        return self._is_date(self.schema.field(column).type)

    def is_text(self, column: str) -> bool:
        """Whether the file says that a column holds text."""
        types, found = self.pa.types, self.schema.field(column).type
        plain = found.value_type if types.is_dictionary(found) else found
        return types.is_string(plain) or types.is_large_string(plain) or types.is_string_view(plain)

    def _is_date(self, kind: "pyarrow.DataType") -> bool:
        return self.pa.types.is_date(kind) or self.pa.types.is_timestamp(kind)

    def _days(self, cells: "pyarrow.Array") -> NDArray[np.float64]:
        whole = cells.cast(self.pa.timestamp("ns")).cast(self.pa.int64())
        return whole.cast(self.pa.float64(), safe=False).to_numpy(zero_copy_only=False) / (
            _NANOSECONDS_A_DAY
        )

    def _check_exact(self, cells: "pyarrow.Array", column: str, first: int) -> None:
        values = cells.fill_null(0).to_numpy(zero_copy_only=False)
        bad = values > LARGEST_EXACT
        if values.dtype.kind == "i":
            bad |= values < -LARGEST_EXACT
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"{self.name}, row {first + row} (counted from 0): column {column!r} is "
                f"{values[row]}; expected at most 2**53, beyond which float64 has gaps: scale it "
                "down"
            )
