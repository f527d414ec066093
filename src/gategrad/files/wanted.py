"""What a model takes from a file: how many columns, which names, which of them are text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gategrad.data.csv_columns import few
from gategrad.encoding import OneHot, Table
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
    """

    n_features: int
    bits: bool
    names: tuple[str, ...] | None
    texts: tuple[int, ...]
    encoded_bytes: int

    @property
    def only_numbers(self) -> bool:
        """Whether every column must hold numbers: the engine takes no text."""
        return not self.encoded_bytes

    @classmethod
    def by(cls, model: Model) -> Self:
        """What `model` takes."""
        encoder = model.encoder
        if encoder is None:
            return cls(model.circuit.n_inputs, True, None, (), 0)
        slow = encoder.thresholds() is None
        return cls(
            encoder.n_features,
            False,
            encoder.names if isinstance(encoder, Table) else None,
            _texts(encoder) if isinstance(encoder, Table) else (),
            encoder.n_inputs if slow else 0,
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
            self.check_width(len(header), name)
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


def _texts(table: Table) -> tuple[int, ...]:
    return tuple(
        column
        for part, columns in zip(table.encoders, table.columns, strict=True)
        if isinstance(part, OneHot)
        for column, values in zip(columns, part.categories, strict=True)
        if any(isinstance(value, str) for value in values)
    )
