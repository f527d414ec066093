"""Universal Binary JSON, in which XGBoost saves its models by default (ubjson.org, draft 12)."""

import struct

import numpy as np

from gategrad.trees.errors import TreesError

NUMBERS = {
    b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8",
}  # fmt: skip
CONSTANTS = {b"Z": None, b"T": True, b"F": False}
DEEPEST = 64


def parse(data: bytes) -> object:
    """The value that `data` holds; arrays of one type of number are numpy arrays.

    Raises:
        TreesError: anything that is no Universal Binary JSON.
    """
    try:
        return _Reader(data).value()
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, TreesError):
            raise
        raise TreesError(f"the file is no Universal Binary JSON, or cut off: {error}") from None


class _Reader:
    """Reads on from a place in the data."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.depth = data, 0, 0

    def take(self, n: int) -> bytes:
        if n < 0 or self.at + n > len(self.data):
            raise TreesError(f"the file is cut off: {n} bytes are missing at byte {self.at}")
        self.at += n
        return self.data[self.at - n : self.at]

    def value(self, mark: bytes = b"") -> object:
        mark = mark or self.take(1)
        if mark in NUMBERS:
            return self.number(mark)
        if mark in CONSTANTS:
            return CONSTANTS[mark]
        if mark == b"S":
            return self.text()
        if mark == b"C":
            return self.take(1).decode("ascii")
        if mark in (b"[", b"{"):
            return self.nested(mark)
        raise TreesError(f"byte {self.at - 1} of the file is {mark!r}, no mark of a value")

    def number(self, mark: bytes) -> int | float:
        dtype = np.dtype(NUMBERS[mark])
        return np.frombuffer(self.take(dtype.itemsize), dtype)[0].item()

    def length(self) -> int:
        mark = self.take(1)
        if mark not in NUMBERS:
            raise TreesError(f"byte {self.at - 1} of the file is {mark!r}, no mark of a length")
        return int(self.number(mark))

    def text(self) -> str:
        return self.take(self.length()).decode("utf-8")

    def nested(self, mark: bytes) -> object:
        self.depth += 1
        if self.depth > DEEPEST:
            raise TreesError(f"the file nests more than {DEEPEST} values")
        kind, count = self._header()
        found = self._array(kind, count) if mark == b"[" else self._object(kind, count)
        self.depth -= 1
        return found

    def _header(self) -> tuple[bytes, int | None]:
        """The type of all items, where it is said, and their number."""
        kind = b""
        if self.data[self.at : self.at + 1] == b"$":
            self.at += 1
            kind = self.take(1)
        if self.data[self.at : self.at + 1] != b"#":
            return kind, None
        self.at += 1
        count = self.length()
        # Items of no bytes could be any number.
        if count > len(self.data) - self.at:
            raise TreesError(f"the file says that {count} items follow; it is damaged or cut off")
        return kind, count

    def _array(self, kind: bytes, count: int | None) -> object:
        if kind in NUMBERS and count is not None:
            dtype = np.dtype(NUMBERS[kind])
            values = np.frombuffer(self.take(dtype.itemsize * count), dtype)
            return values.astype(dtype.newbyteorder("="))
        items: list[object] = []
        while len(items) != count and not self._ends(b"]", count):
            items.append(self.value(kind))
        return items

    def _object(self, kind: bytes, count: int | None) -> dict[str, object]:
        items: dict[str, object] = {}
        n = 0
        while n != count and not self._ends(b"}", count):
            name = self.text()
            items[name] = self.value(kind)
            n += 1
        return items

    def _ends(self, mark: bytes, count: int | None) -> bool:
        if count is not None or self.data[self.at : self.at + 1] != mark:
            if self.at >= len(self.data):
                raise TreesError("the file is cut off")
            return False
        self.at += 1
        return True
