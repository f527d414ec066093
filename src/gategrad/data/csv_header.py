"""Is the first row of a table its header, and has each column a name of its own?"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from gategrad.data.cells import number
from gategrad.data.errors import DataError

# Rows that show whether the header is one.
LOOKED_AT = 1000
# A DataFrame writes its index without a name, which others read back as this.
INDEX_NAMES = ("", "Unnamed: 0")
# Names of measured columns may be numbers, such as wavelengths, that rise or fall.
_SCALE = 10
_SOURCE = (
    "an index that a DataFrame wrote (to_csv(index=False) leaves it out), or separators at the "
    "ends of lines"
)


def check_header(header: tuple[str, ...], path: object) -> None:
    """Refuse a header of numbers only, or with a name that occurs twice.

    Raises:
        DataError: it is one.
    """
    if all(number(name) is not None for name in header):
        raise no_header(header, path, "holds only numbers")
    for name, n in Counter(header).items():
        if n > 1:
            hint = f" (usually {_SOURCE})" if not name else ""
            raise DataError(
                f"{path} has two columns named {name!r}{hint}; give each column a name of its own"
            )


def check_first_row(
    header: Sequence[str], column: Callable[[int], Sequence[str]], path: object
) -> None:
    """Refuse a header that is a row of data, which would be lost without a word.

    It is one where a cell is a number and no name, such as 5.1, or text that its column holds too.

    Args:
        header: the first row.
        column: gives some cells of the column at a place below it.
        path: of the file, for messages.

    Raises:
        DataError: it looks like data.
    """
    numbers = {i: value for i, name in enumerate(header) if (value := number(name)) is not None}
    no_names = any(value < 0 or not value.is_integer() for value in numbers.values())
    if no_names and not _is_scale(list(numbers.values())):
        raise no_header(header, path, "holds numbers that are no names")
    texts = [i for i, name in enumerate(header) if name and i not in numbers]
    again = (header[i] in column(i) for i in texts)
    # Beside numbers one is enough; of text only, each must be: a header may be repeated somewhere.
    if texts and (any if numbers else all)(again):
        raise no_header(header, path, "looks like the rows below it")


def _is_scale(values: Sequence[float]) -> bool:
    steps = [b - a for a, b in pairwise(values)]
    return len(values) >= _SCALE and (min(steps) > 0 or max(steps) < 0)


def no_header(header: Sequence[str], path: object, why: str) -> DataError:
    """The error for a file that begins with a row of data."""
    more = ", ..." if len(header) > 3 else ""
    return DataError(
        f"the first row of {path} {why} ({', '.join(header[:3])}{more}); "
        "expected a header row with the columns' names: write one above it"
    )


def unnamed(path: object) -> DataError:
    """The error for a column without a name."""
    return DataError(
        f"{path} has a column named ''; give each column a name of its own. It is usually {_SOURCE}"
    )
