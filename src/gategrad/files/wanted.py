"""What a model takes from a file: how many columns, which names, which of them are text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gategrad.data.cells import few
from gategrad.data.csv_header import INDEX_NAMES, unnamed
from gategrad.encoding import Filters, OneHot, Table
from gategrad.files.errors import FileError
from gategrad.model import Model


@dataclass(frozen=True)
class Wanted:
    """The rows that a model takes.

    Attributes:
        n_features: values a row.
        bits: whether they are bits.
        names: the columns' names where the model knows them, else None.
        texts: the places among the columns of those that hold text, even where it reads as numbers.
        encoded_bytes: bytes of a row as the encoder in Python gives it, 0 where the engine encodes.
        dates: names of the columns of dates.
        decimal: of the numbers in a `.csv`; None: see `gategrad.data.load_file`.
        numbers: the places of columns that hold numbers, where others are text.
        gaps: whether values may be missing.
    """

    n_features: int
    bits: bool
    names: tuple[str, ...] | None
    texts: tuple[int, ...]
    encoded_bytes: int
    dates: tuple[str, ...] = ()
    decimal: str | None = None
    numbers: tuple[int, ...] = ()
    gaps: bool = False

    @property
    def only_numbers(self) -> bool:
        """Whether every column must hold numbers: the engine takes no text."""
        return not self.encoded_bytes

    @classmethod
    def by(cls, model: Model, *, decimal: str | None = None) -> Self:
        """What `model` takes; `decimal` is that of its training where None."""
        encoder = model.encoder
        if encoder is None:
            return cls(model.circuit.n_inputs, True, None, (), 0)
        slow = encoder.thresholds() is None and not isinstance(encoder, Filters)
        return cls(
            encoder.n_features,
            False,
            getattr(encoder, "names", None),
            _texts(encoder) if isinstance(encoder, Table) else (),
            encoder.n_inputs if slow else 0,
            dates_of(model),
            decimal or (model.meta or {}).get("decimal"),
            _numbers(encoder) if isinstance(encoder, Table) else (),
            isinstance(encoder, Table) and encoder.missing != "error",
        )

    def columns(self, header: Sequence[str], name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The columns to take from a table, and those among them that hold text.

        Args:
            header: the table's columns.
            name: of the file, for messages.

        Raises:
            FileError: a column is missing, or there are more or fewer than the model takes.
        """
        if self.names is None:
            header = _without_index(header, self.n_features)
            self.check_width(len(header), name)
            if "" in header:
                raise unnamed(name)
        used, known = tuple(header) if self.names is None else self.names, set(header)
        for column in used:
            if column not in known:
                raise FileError(f"{name} has no column {column!r}; its columns are: {few(header)}")
        return used, tuple(used[place] for place in self.texts)

    def check_width(self, width: int, name: str) -> None:
        """Raise FileError where the rows of file `name` have another width."""
        if width != self.n_features:
            raise FileError(
                f"{name} has {width} columns; the model takes {self.n_features} "
                f"{'bits' if self.bits else 'features'} a row: pass the columns that it was made "
                "for, in their order"
            )


def dates_of(model: Model) -> tuple[str, ...]:
    """The columns that the model takes as numbers of days; see `table_meta`."""
    try:
        found = json.loads((model.meta or {}).get("dates", "[]"))
    except ValueError:
        return ()
    if not isinstance(found, list):
        return ()
    return tuple(name for name in found if isinstance(name, str))


def table_meta(dates: Sequence[str], decimal: str | None) -> dict[str, str]:
    """What a model's `meta` says about the tables that it takes."""
    meta = {"dates": json.dumps(list(dates))} if dates else {}
    return meta | ({} if decimal is None else {"decimal": decimal})


def _without_index(header: Sequence[str], width: int) -> Sequence[str]:
    """The columns but for a first one that a DataFrame's index became."""
    surplus = len(header) == width + 1 and header[0] in INDEX_NAMES
    return header[1:] if surplus else header


def _numbers(table: Table) -> tuple[int, ...]:
    pairs = zip(table.encoders, table.columns, strict=True)
    return tuple(c for part, columns in pairs if not isinstance(part, OneHot) for c in columns)


def _texts(table: Table) -> tuple[int, ...]:
    return tuple(
        column
        for part, columns in zip(table.encoders, table.columns, strict=True)
        if isinstance(part, OneHot)
        for column, values in zip(columns, part.categories, strict=True)
        if any(isinstance(value, str) for value in values)
    )
