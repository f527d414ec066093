"""Encoders as intervals of numbers, for an engine that compares: bins and categories too."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.binned import Binned
from gategrad.encoding.categories import numbers_of
from gategrad.encoding.cuts import as_measured
from gategrad.encoding.encoder import Encoder
from gategrad.encoding.onehot import OneHot
from gategrad.encoding.splits import Splits
from gategrad.encoding.table import Table
from gategrad.encoding.thermometer import Thermometer


@dataclass(frozen=True)
class Intervals:
    """Bit j of a row of numbers x is `low[j] < x[feature[j]] <= high[j]`.

    Attributes:
        feature: (n_inputs,) uint32.
        low: (n_inputs,) float64; NaN where the interval has no lower end.
        high: (n_inputs,) float64; NaN where it has no upper end.
        missing: whether a NaN in x has all bits of its column 0; else it is an error, or `gaps`
            says more.
        gaps: (n_inputs,) each bit where its feature is NaN; None where `missing` says it all.
    """

    feature: NDArray[np.uint32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    missing: bool = False
    gaps: NDArray[np.bool_] | None = None


def number_intervals(encoder: Encoder) -> Intervals | None:
    """Say what an encoder does with rows that are purely numbers.

    Returns:
        None where that is more than intervals: unknown categories that are an error, a category
        that is minus infinity or that float32 has another number for, or an encoder of another
        kind.

    Examples:
        >>> found = number_intervals(Binned.quantile([[38.0], [39.0]], 2))
        >>> found.low.tolist(), found.high.tolist()
        ([nan, 38.5], [38.5, nan])
    """
    if isinstance(encoder, Table):
        return _of_table(encoder)
    if isinstance(encoder, Thermometer):
        feature, low = encoder.thresholds()
        return Intervals(feature, low, np.full(len(low), np.nan))
    if isinstance(encoder, Binned):
        open_end = np.full((1, encoder.n_features), np.nan)
        low, high = np.vstack([open_end, encoder.edges]), np.vstack([encoder.edges, open_end])
        feature = np.tile(np.arange(encoder.n_features, dtype=np.uint32), encoder.n_bins)
        return Intervals(feature, low.ravel(), high.ravel())
    if isinstance(encoder, OneHot):
        return _of_categories(encoder)
    if isinstance(encoder, Splits):
        return _of_splits(encoder)
    return None


def _of_table(table: Table) -> Intervals | None:
    found = [number_intervals(encoder) for encoder in table.encoders]
    parts = [part for part in found if part is not None]
    if len(parts) < len(found):
        return None
    feature = [
        np.array(columns, np.uint32)[part.feature]
        for columns, part in zip(table.columns, parts, strict=True)
    ]
    low, high = (np.concatenate([getattr(p, end) for p in parts]) for end in ("low", "high"))
    whole = Intervals(np.concatenate(feature), low, high, missing=table.missing == "zero")
    if table.missing not in ("indicator", "most-frequent"):
        return whole
    return _with_gaps(table, whole)


def _with_gaps(table: Table, found: Intervals) -> Intervals:
    """The bits that say "missing", which no number has, and what the others are for a gap."""
    marked = np.array(table.marked, np.uint32)
    never = np.full(len(marked), np.inf)
    if table.fills:
        bits = table.encode(np.array([table.fills], object))[0]
    else:
        bits = np.arange(len(found.feature) + len(marked)) >= len(found.feature)
    return Intervals(
        np.concatenate([found.feature, marked]),
        np.concatenate([found.low, never]),
        np.concatenate([found.high, np.full(len(marked), np.nan)]),
        gaps=bits,
    )


def _of_splits(splits: Splits) -> Intervals:
    """What is a number is the interval without ends: a missing value is in none."""
    low = np.nextafter(splits.least, -np.inf)
    low[splits.least == -np.inf] = np.nan
    return Intervals(splits.feature, low, np.full(len(low), np.nan), splits.missing == "zero")


def _of_categories(encoder: OneHot) -> Intervals | None:
    """A number v is the interval from the float64 below v to v; text that is none an empty one."""
    numbers = np.concatenate([numbers_of(column) for column in encoder.categories])
    known = ~np.isnan(numbers)
    if encoder.unknown == "error" or (numbers == -np.inf).any():
        return None
    # A float32 must be the same category as a number and as the decimal that it stands for.
    with np.errstate(over="ignore"):
        single = numbers[known].astype(np.float32)
    if (single != numbers[known]).any() or (as_measured(single) != numbers[known]).any():
        return None
    high = np.where(known, numbers, 0.0)
    low = np.where(known, np.nextafter(high, -np.inf), high)
    widths = [len(column) for column in encoder.categories]
    return Intervals(np.repeat(np.arange(len(widths), dtype=np.uint32), widths), low, high)
