"""What the text of one cell says: a number, a date, or nothing."""

import re
from collections.abc import Sequence
from datetime import date

import numpy as np

# Names that a message shows of many.
_SHOWN = 12
_MISSING = {"", "?", "na", "n/a", "nan", "null", "none"}
DECIMALS = (".", ",")
# Where nobody says which: a comma or a point, but one column holds one of them only.
EITHER = "either"

_ISO = re.compile(
    r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?"
    r"(Z|[+-]\d{2}:?\d{2})?)?"
)
_BY_POINTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
EPOCH = date(1970, 1, 1).toordinal()
# A number in another notation: a currency or percent sign, thousands in groups, a decimal comma.
_DRESSED = re.compile(
    r"[-+]?\s?(?:[$€£¥]|USD|EUR|GBP|CHF)?\s?[-+]?(?:\d{1,3}(?:[,.' \u00a0\u202f]\d{3})+|\d+)"
    r"(?:[.,]\d+)?\s?(?:[$€£¥%]|USD|EUR|GBP|CHF)?"
)


def is_missing(text: str) -> bool:
    """Whether a cell is a gap, such as "" or "NA"."""
    return text.casefold() in _MISSING


def number(text: str, decimal: str = ".") -> float | None:
    """The number that a cell says, or None; `decimal` is ".", "," or `EITHER`."""
    if decimal != ".":
        if "," in text and "." not in text:
            text = text.replace(",", ".", 1)
        elif decimal == "," and "." in text:
            return None
    # float() takes "1_000", as Python source does; in a table that is text.
    if "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def all_numbers(texts: Sequence[str], decimal: str = ".") -> np.ndarray | None:
    """The cells as float64, at once; None unless all are finite numbers."""
    together = "\n".join(texts)
    if "_" in together:
        return None
    if decimal != "." and ("," in together or (decimal == "," and "." in together)):
        found = [number(text, decimal) for text in texts]
        if None in found:
            return None
        values = np.array(found, np.float64)
    else:
        try:
            values = np.fromiter(map(float, texts), np.float64, len(texts))
        except ValueError:
            return None
    return values if np.isfinite(values).all() else None


def days(text: str) -> float | None:
    """The days from 1970-01-01 to the date, with the time of day, that a cell says, or None.

    That is a date as in 2024-03-31, 2024/3/31 or 31.3.2024; after the first two a time may come.

    Examples:
        >>> days("1970-01-02 12:00"), days("3.1.1970"), days("today")
        (1.5, 2.0, None)
    """
    try:
        if found := _BY_POINTS.fullmatch(text):
            day, month, year = map(int, found.groups())
            return float(date(year, month, day).toordinal() - EPOCH)
        if found := _ISO.fullmatch(text):
            return _days(*found.groups())
    except ValueError:
        pass
    return None


def _days(
    year: str,
    _: str,
    month: str,
    day: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    zone: str | None,
) -> float:
    whole = float(date(int(year), int(month), int(day)).toordinal() - EPOCH)
    if hour is None or minute is None:
        return whole
    if int(hour) > 23 or int(minute) > 59 or float(second or 0) >= 61:
        raise ValueError("no time of day")
    seconds = 3600 * int(hour) + 60 * int(minute) + float(second or 0)
    if zone is not None and zone != "Z":
        seconds -= _seconds_east(zone)
    return whole + seconds / 86400


def _seconds_east(zone: str) -> int:
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return (-1 if zone[0] == "-" else 1) * (3600 * hours + 60 * minutes)


def is_dressed(text: str) -> bool:
    """Whether a cell is a number but for its notation, as "$5.00", "1,234" or "1.234,50"."""
    return _DRESSED.fullmatch(text) is not None


def few(names: Sequence[str]) -> str:
    """Names for a message: all of them, or the first and how many there are."""
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown}, ... ({len(names):,} in all)"
