"""The encoder that suits rows where none is asked for in detail."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gategrad.cli.errors import CommandError
from gategrad.cli.sources import Source
from gategrad.encoding import Encoder, Filters, Table, Thermometer
from gategrad.encoding.gaps import MISSING

if TYPE_CHECKING:
    from gategrad.train import Recipe

SPACINGS = ("uniform", "quantile")
TABLE_BITS, IMAGE_BITS, NUMBER_BITS, FILTER_BITS = 8, 3, 8, 7

# Measured for these sets; other bytes get evenly spaced levels.
_LEVELS = {"mnist": (127.5,), "fashion-mnist": (25.5, 89.25, 165.75)}


def choose_encoder(
    source: Source,
    *,
    bits: int | Sequence[float] | None = None,
    spacing: str | None = None,
    missing: str | None = None,
    filters: str | None = None,
) -> Encoder | None:
    """An encoder for `source`, fitted on its training rows; None where they are bits.

    Args:
        source: tables get a `Table`, bytes and other numbers a `Thermometer`.
        bits: how many levels a number, or for bytes the levels themselves; by default what suits
            the set.
        filters: over images of bytes, names with commas between them; see `Filters.fit`.
        spacing: "uniform" or "quantile" levels; uniform for bytes, else quantile by default.
        missing: what missing values become, see `Table`; an error where None.

    Raises:
        CommandError: an unknown spacing, or levels asked for where rows are bits.
        EncodingError: rows that can't be encoded.
    """
    if spacing is not None and spacing not in SPACINGS:
        raise CommandError(f"--spacing is {spacing!r}; known: {', '.join(SPACINGS)}")
    x = source.x_train
    if filters is not None:
        if missing is not None or source.columns or source.categories:
            raise CommandError("--filters are for images, which have no columns and no gaps")
        return _filters(source, filters, bits, spacing)
    if isinstance(bits, Sequence) and (spacing == "quantile" or x.dtype != np.uint8):
        bits = len(bits)
    if missing is not None and missing not in MISSING:
        raise CommandError(f"--missing is {missing!r}; known: {', '.join(MISSING)}")
    if source.columns or x.dtype == object or passes_gaps(missing):
        return Table.fit(
            x,
            TABLE_BITS if bits is None else bits,
            spacing=spacing or "quantile",
            categorical=source.categories,
            names=source.columns or None,
            missing=missing or "error",
        )
    if _are_bits(x):
        if bits is not None or spacing is not None:
            raise CommandError("the rows are bits already; leave out --thermometer and --spacing")
        return None
    if x.dtype == np.uint8 and spacing in (None, "uniform"):
        return _for_bytes(source, bits)
    fit = Thermometer.uniform if spacing == "uniform" else Thermometer.quantile
    return fit(x, NUMBER_BITS if bits is None else bits)


def passes_gaps(missing: str | None) -> bool:
    """Whether values may be missing."""
    return missing not in (None, "error")


def _filters(
    source: Source, filters: str, bits: int | Sequence[float] | None, spacing: str | None
) -> Filters:
    if source.image_shape is None:
        raise CommandError("--filters are for images; say their shape by --image-shape")
    if isinstance(bits, Sequence) or spacing == "uniform":
        raise CommandError(
            "--filters split what each filter gives into parts of equally many pixels; leave out "
            "--spacing, and give --thermometer as a number of levels; or --filters none"
        )
    names = [name.strip() for name in filters.split(",")]
    bits = FILTER_BITS if bits is None else bits
    return Filters.fit(source.x_train, source.image_shape, names, bits)


def recipe_encoder(source: Source, recipe: "Recipe") -> Encoder | None:
    """What `choose_encoder` gives for the options of a recipe; raises what it raises."""
    return choose_encoder(
        source,
        bits=recipe.thermometer,
        spacing=recipe.spacing,
        missing=recipe.missing,
        filters=recipe.filters,
    )


def _for_bytes(source: Source, bits: int | Sequence[float] | None) -> Thermometer:
    if isinstance(bits, Sequence):
        return Thermometer.fixed(bits, source.x_train.shape[1])
    levels = _LEVELS.get(source.name) if bits is None else None
    if levels is None:
        bits = IMAGE_BITS if bits is None else bits
        levels = 255 * np.arange(1, bits + 1) / (bits + 1)
    return Thermometer.fixed(levels, source.x_train.shape[1])


def _are_bits(x: NDArray) -> bool:
    return x.dtype == bool or bool(((x == 0) | (x == 1)).all())
