"""Rows with named columns: pandas, polars, Arrow and structured arrays, none of them imported.

The protocol is small: `column_names` or `columns` are the names, `x[name]` is a column, and
`to_numpy()` are its cells. Columns whose names are no text, such as the numbers that a DataFrame
counts them by, have no names here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.errors import EncodingError

SHOWN_NAMES = 12
_NUMBER_KINDS = "buif"
_HALF_EXACT = 2**53
_ARROW_TEXT = ("string", "large_string")


def column_names(x: Any) -> tuple[str, ...] | None:
    """The names of the columns of `x`; None where it has none.

    Raises:
        EncodingError: a table that is yet to be computed.
    """
    if isinstance(x, np.ndarray):
        return x.dtype.names if x.ndim == 1 else None
    if isinstance(x, (list, tuple, dict)):
        return None
    if hasattr(x, "collect") and not hasattr(x, "to_numpy"):
        raise EncodingError(f"x is a {type(x).__name__}, yet to be computed: pass x.collect()")
    names = getattr(x, "column_names", None)
    names = getattr(x, "columns", None) if names is None else names
    if names is None or callable(names):
        return None
    names = list(names)
    if not names or not all(isinstance(name, str) for name in names):
        return None
    return tuple(map(str, names))


def is_table(x: Any) -> bool:
    """Whether `x` is a table with named columns, and no array.

    Raises:
        EncodingError: a table that is yet to be computed.
    """
    return not isinstance(x, np.ndarray) and column_names(x) is not None


def plain_rows(x: Any, names: Sequence[str] | None = None) -> Any:
    """`x` as it is, or its rows as an array where it is a table with named columns.

    Args:
        x: what a caller has.
        names: the columns to take, in this order; all of a table's in theirs where None.

    Returns:
        (n, columns) of the dtype that holds all columns exactly, else of objects; or `x`.

    Raises:
        EncodingError: a column that is missing or there twice, one of neither numbers nor text, or
            what is no rows, such as a dict.
    """
    columns = table_columns(x, names)
    if columns is None:
        _refuse_others(x)
        return x
    return joined(columns)


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of which several cells are one text: cell i is `texts[codes[i]]`.

    Attributes:
        texts: (m,) objects, of which None is a gap.
        codes: (n,) integers, negative ones from the end.
    """

    texts: NDArray
    codes: NDArray[np.integer]

    def __len__(self) -> int:
        """Cells of the column."""
        return len(self.codes)

    def cells(self) -> NDArray:
        """The objects (n,)."""
        return self.texts[self.codes]


Column = NDArray | Coded


def table_columns(x: Any, names: Sequence[str] | None = None) -> list[Column] | None:
    """The columns of a table with named columns; None for anything else.

    Returns:
        The cells (n,) of each column; or which of its texts they are, where the table says so.

    Raises:
        EncodingError: see `plain_rows`.
    """
    found = column_names(x)
    if found is None:
        return None
    wanted = found if names is None else tuple(names)
    counts = Counter(found)
    for name in wanted:
        if counts[name] != 1:
            raise EncodingError(_no_such_column(name, found))
    return [_column(x[name], name) for name in wanted]


def aligned(x: Any, y: Any) -> None:
    """Check that targets which carry an index of their own have that of the rows.

    Raises:
        EncodingError: both have an index, and they differ.
    """
    rows: Any = getattr(x, "index", None)
    targets: Any = getattr(y, "index", None)
    if not all(hasattr(index, "equals") for index in (rows, targets)) or rows.equals(targets):
        return
    raise EncodingError(
        "the index of y is not that of x, and rows are taken in their order: pass y.loc[x.index] "
        "if the index says which row is whose, or y.to_numpy() if the order does"
    )


def _no_such_column(name: str, found: tuple[str, ...]) -> str:
    if name in found:
        return f"x has {found.count(name)} columns called {name!r}; expected one: rename the others"
    shown = ", ".join(found[:SHOWN_NAMES]) + (", ..." if len(found) > SHOWN_NAMES else "")
    return f"x has no column {name!r}, which the encoder was fitted on; its columns are: {shown}"


def _refuse_others(x: Any) -> None:
    """Raise for what numpy would take for a single object."""
    if isinstance(x, dict):
        raise EncodingError(
            "x is a dict; expected rows: pass pandas.DataFrame(x), whose columns have names, or "
            "np.column_stack(list(x.values()))"
        )
    if isinstance(x, (list, tuple)) and x and isinstance(x[0], dict):
        raise EncodingError(f"x is a {type(x).__name__} of dicts: pass pandas.DataFrame(x)")
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise EncodingError(
            f"x is a {type(x).__name__}, a sparse matrix; expected rows: pass x.toarray()"
        )


def _column(column: Any, name: str) -> Column:
    """A gap is NaN among numbers, else what reading takes for one."""
    dtype: Any = getattr(column, "dtype", None)
    cells: Column
    if isinstance(column, np.ndarray):
        cells = column
    elif hasattr(dtype, "numpy_dtype") and dtype.kind in _NUMBER_KINDS:
        # A nullable column of pandas, whose gaps numpy has no number for.
        gaps = column.isna().to_numpy()
        kind = np.float64 if gaps.any() else dtype.numpy_dtype
        cells = (
            column.to_numpy(dtype=kind, na_value=np.nan) if gaps.any() else column.to_numpy(kind)
        )
    elif getattr(dtype, "storage", None) == "pyarrow":
        # pandas' text, which Arrow holds.
        cells = _arrow_cells(column.array.__arrow_array__())
    elif getattr(getattr(dtype, "categories", None), "dtype", None) in ("object", "str"):
        # pandas' categories of text: code -1 is a gap, behind the categories.
        texts = np.append(dtype.categories.to_numpy(object), [None])
        cells = Coded(texts, column.cat.codes.to_numpy())
    elif hasattr(column, "null_count") and hasattr(column, "type"):
        cells = _arrow_cells(column)
    else:
        cells = np.asarray(column.to_numpy())
    if isinstance(cells, Coded):
        return cells
    if cells.dtype.kind in "mMcV" or cells.ndim != 1:
        raise EncodingError(
            f"column {name!r} of x is {cells.dtype}; expected numbers or text: convert it, dates "
            "to a number of days"
        )
    return cells


def _arrow_cells(column: Any) -> Column:
    """An array of Arrow; of text, each distinct one is one object."""
    kind = column.type
    if str(kind) in _ARROW_TEXT:
        column = column.dictionary_encode()
    elif not (hasattr(kind, "value_type") and hasattr(kind, "index_type")):
        return column.to_numpy(zero_copy_only=False)
    elif str(kind.value_type) not in _ARROW_TEXT:
        return column.cast(kind.value_type).to_numpy(zero_copy_only=False)
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    none = np.zeros(0, object)
    texts, codes, known = [], [np.zeros(0, np.int8)], 0
    for chunk in chunks:
        texts.append(chunk.dictionary.to_numpy(zero_copy_only=False))
        places = chunk.indices
        if places.null_count:
            # Behind all texts.
            places = places.cast("int64").fill_null(-known - 1)
        found = places.to_numpy(zero_copy_only=False)
        # Beside signed integers uint64 would become float64.
        wide = known or found.dtype == np.uint64
        codes.append(found.astype(np.int64) + known if wide else found)
        known += len(texts[-1])
    return Coded(np.append(np.concatenate([*texts, none]), [None]), np.concatenate(codes))


def is_number_array(column: Column) -> TypeGuard[NDArray]:
    """Whether a column has a dtype for numbers that float64 may hold."""
    return (
        isinstance(column, np.ndarray)
        and column.dtype.kind in _NUMBER_KINDS
        and column.dtype.itemsize <= 8
    )


def joined(columns: Sequence[Column]) -> NDArray:
    """Columns (n,) as rows (n, columns)."""
    cells = [column.cells() if isinstance(column, Coded) else column for column in columns]
    if all(map(is_number_array, cells)):
        dtype = np.result_type(*{column.dtype for column in cells})
        if dtype.kind == "f" and any(is_large(column) for column in cells):
            dtype = np.dtype(object)
    else:
        dtype = np.dtype(object)
    rows = np.empty((len(cells[0]), len(cells)), dtype)
    for place, column in enumerate(cells):
        rows[:, place] = column
    return rows


def is_large(column: NDArray) -> bool:
    """Whether float64 would round a whole number of a column."""
    if column.dtype.kind not in "iu" or column.dtype.itemsize < 8 or not len(column):
        return False
    return int(column.max()) > _HALF_EXACT or int(column.min()) < -_HALF_EXACT
