"""Small filters over images, then levels: bits that say where edges are and which way they go."""

import math
import operator
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad import _core
from gategrad.encoding.encoder import Arrays, Config, State
from gategrad.encoding.errors import EncodingError
from gategrad.encoding.fields import check_fields, read_array, read_kind, read_list
from gategrad.encoding.filter_bank import bank
from gategrad.encoding.levels import check_count, check_levels, quantile_levels
from gategrad.encoding.names import checked_names, feature_names_or_default, number_text
from gategrad.encoding.rows import numeric_rows
from gategrad.encoding.splits import MOST_FEATURES
from gategrad.encoding.thermometer import Thermometer

# Of the planes that are made at a time, in cache; rows go in blocks of the engine's, where there is
# room for some.
_BLOCK_BYTES, _BLOCK_ROWS = 1 << 23, 512
_ROWS_TO_FIT = 8192
# As in `gategrad.engine.isa`; all instruction sets give the same.
_ISA = "GATEGRAD_ISA"
# Arrays of a state, and how many dimensions each has.
_DIMENSIONS = {"weights": 4, "shift": 1, "offset": 1, "levels": 2}


@dataclass(frozen=True, eq=False)
class Filters:
    """Planes of bytes that small filters make of an image of bytes, each compared with its levels.

    Plane p is, at every pixel, the sum of `weights[p]` times the pixels around it, divided by
    `2**shift[p]` towards zero, plus `offset[p]`, cut at 0 and 255; beyond the image its border goes
    on. Bit `(t * P + p) * H * W + i` is `plane p, pixel i > levels[t, p]`: rows of bits reshape to
    `(T * P, H, W)`, as those of a `Thermometer` do, whose levels of raw pixels are the planes with
    the single weight 1.

    Attributes:
        image_shape: (C, H, W) of a row.
        weights: (P, C, K, K) int16, K odd; without their signs those of a plane sum up to at most
            127; read-only, as are the arrays below.
        shift: (P,) uint8, 0 to 7.
        offset: (P,) uint8; 128 for sums that may be negative.
        levels: (T, P) float64, 0 or more and below 255, non-decreasing down each column.
        filters: a name for each plane, all different.

    Raises:
        EncodingError: another shape, dtype or range.

    Examples:
        >>> edges = Filters((1, 1, 4), [[[[0, 0, 0], [-1, 0, 1], [0, 0, 0]]]], [0], [128],
        ...                 [[128.5]], ("across",))
        >>> edges.planes([[10, 10, 90, 90]]).tolist()
        [[128, 208, 208, 128]]
        >>> edges.encode([[10, 10, 90, 90]]).tolist()
        [[False, True, True, False]]
    """

    image_shape: tuple[int, int, int]
    weights: NDArray[np.int16]
    shift: NDArray[np.uint8]
    offset: NDArray[np.uint8]
    levels: NDArray[np.float64]
    filters: tuple[str, ...]
    _bank: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shape = checked_image_shape(self.image_shape)
        weights = _integers(self.weights, np.int16, 4, "weights")
        shift = _integers(self.shift, np.uint8, 1, "shift")
        offset = _integers(self.offset, np.uint8, 1, "offset")
        n = len(weights)
        if weights.shape[1] != shape[0] or not n == len(shift) == len(offset):
            raise EncodingError(
                f"filters have weights of shape {weights.shape}, {len(shift)} shifts and "
                f"{len(offset)} offsets; expected (planes, {shape[0]} channels, size, size) and "
                "one of each a plane"
            )
        levels = check_levels(self.levels, "levels")
        if levels.shape[1] != n or levels[0].min() < 0 or levels[-1].max() >= 255:
            raise EncodingError(
                f"levels have shape {levels.shape} and go from {levels.min():g} to "
                f"{levels.max():g}; expected (levels, {n}) of 0 or more and below 255"
            )
        _check_size(shape, levels)
        names = checked_names(self.filters, n)
        if names is None:
            raise EncodingError("filters have no names; expected one for each plane")
        try:
            made = _core.filter_bank(weights, shape[1], shape[2], shift, offset)
        except ValueError as error:
            raise EncodingError(f"filters can't be computed: {error}") from None
        found = {"image_shape": shape, "weights": weights, "shift": shift, "offset": offset}
        for name, value in (found | {"levels": levels, "filters": names, "_bank": made}).items():
            object.__setattr__(self, name, value)

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        image_shape: Sequence[int],
        filters: Sequence[str] = ("pixels", "steps"),
        bits: int = 7,
    ) -> Self:
        """Make planes by name, and levels that split what each has on images as evenly as can be.

        Args:
            x: (n, C * H * W) pixels, integers from 0 to 255, n at least 1; some thousand rows of
                them are looked at.
            image_shape: (C, H, W), or (H, W).
            filters: of `filter_bank.KNOWN`; each gives one plane or several.
            bits: levels a plane, at least 1.

        Raises:
            EncodingError: bad rows, or none; an unknown filter.
        """
        shape = checked_image_shape(image_shape)
        bits = check_count(bits, "bits")
        names, weights, shift, offset = bank(filters, shape[0])
        blank = np.zeros((1, len(names)))
        made = cls(shape, weights, shift, offset, blank, names)
        rows = pixel_rows(x, math.prod(shape))
        if not len(rows):
            raise EncodingError("x has no rows; expected images to fit levels on")
        counts = made.histograms(rows[:: max(1, len(rows) // _ROWS_TO_FIT)])
        return cls(shape, weights, shift, offset, _byte_levels(counts, bits), names)

    @property
    def n_features(self) -> int:
        """Pixels of a row, C * H * W."""
        return math.prod(self.image_shape)

    @property
    def plane_shape(self) -> tuple[int, int, int]:
        """(P, H, W)."""
        return (len(self.filters), *self.image_shape[1:])

    @property
    def n_inputs(self) -> int:
        """Bits of a row, T * P * H * W."""
        return len(self.levels) * math.prod(self.plane_shape)

    def pixels(self, x: ArrayLike) -> NDArray[np.uint8]:
        """Rows of bytes as they are, of others a copy; raises what `planes` raises."""
        return pixel_rows(x, self.n_features)

    def planes(self, x: ArrayLike, *, threads: int = 1) -> NDArray[np.uint8]:
        """What the filters make of rows.

        Args:
            x: (n, C * H * W) integers from 0 to 255, of any dtype and stride.
            threads: to work with.

        Returns:
            (n, P * H * W) uint8.

        Raises:
            EncodingError: another shape or dtype, a value that is no byte, or no threads.
        """
        threads = check_count(threads, "threads")
        rows = self.pixels(x)
        made = np.empty((len(rows), self._bank.plane_bytes), np.uint8)
        isa = os.environ.get(_ISA) or _core.isas()[-1]
        if threads == 1 or len(rows) < threads:
            self._bank.run(isa, rows, made)
            return made
        parts = zip(np.array_split(rows, threads), np.array_split(made, threads), strict=True)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda part: self._bank.run(isa, *part), parts))
        return made

    def by_plane(self, planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Rows of `planes` as (n, P, H * W)."""
        return planes.reshape(len(planes), len(self.filters), -1)

    def histograms(self, x: ArrayLike) -> NDArray[np.int64]:
        """How often each plane is each byte, (P, 256), on rows as `planes` takes them."""
        x, counts = self.pixels(x), np.zeros((len(self.filters), 256), np.int64)
        for rows in self.blocks(len(x)):
            planes = self.by_plane(self.planes(x[rows]))
            for p, plane in enumerate(counts):
                plane += np.bincount(planes[:, p].ravel(), minlength=256)
        return counts

    def encode(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Encode rows: (n, C * H * W) to (n, T * P * H * W) bool; raises what `planes` raises."""
        x = self.pixels(x)
        least = np.floor(self.levels).astype(np.uint8)[:, :, None]
        n_levels, n_planes, area = *self.levels.shape, math.prod(self.image_shape[1:])
        bits = np.empty((len(x), n_levels, n_planes, area), bool)
        for rows in self.blocks(len(x)):
            planes = self.by_plane(self.planes(x[rows]))
            np.greater(planes[:, None], least, out=bits[rows])
        return bits.reshape(len(x), self.n_inputs)

    def blocks(self, n: int) -> list[slice]:
        """Rows 0 to n, so many at a time that their planes take 8 MiB."""
        step = max(1, _BLOCK_BYTES // math.prod(self.plane_shape))
        step = max(step // _BLOCK_ROWS * _BLOCK_ROWS, min(step, _BLOCK_ROWS))
        return [slice(first, min(first + step, n)) for first in range(0, n, step)]

    def of_planes(self) -> Thermometer:
        """What makes the bits of rows that `planes` made."""
        return Thermometer(np.repeat(self.levels, math.prod(self.image_shape[1:]), axis=1))

    def thresholds(self) -> None:
        """None: a bit is no comparison of one pixel."""
        return

    def input_names(self, feature_names: Sequence[str] | None = None) -> list[str]:
        """Name every bit, as in "across at 3, 5 > 131.5" for row 3 and column 5.

        Raises:
            EncodingError: not n_features names, which are checked only.
        """
        feature_names_or_default(feature_names, self.n_features)
        _, height, width = self.image_shape
        return [
            f"{name} at {y}, {x} > {number_text(level)}"
            for row in self.levels
            for name, level in zip(self.filters, row, strict=True)
            for y in range(height)
            for x in range(width)
        ]

    def to_state(self) -> State:
        """Give the config, and as float64 the arrays `weights`, `shift`, `offset` and `levels`."""
        config = {"kind": "filters", "image_shape": list(self.image_shape)}
        arrays = {name: getattr(self, name).astype(np.float64) for name in _DIMENSIONS}
        return config | {"filters": list(self.filters)}, arrays

    @classmethod
    def from_state(cls, config: Config, arrays: Arrays) -> Self:
        """Rebuild what `to_state` gave.

        Raises:
            EncodingError: anything missing, unexpected or malformed.
        """
        read_kind(config, ("filters",))
        check_fields(config, arrays, keys={"image_shape", "filters"}, names=set(_DIMENSIONS))
        shape = read_list(config["image_shape"], "image_shape", int)
        if len(shape) != 3:
            raise EncodingError(f"image_shape is {shape}; expected three sizes")
        names = read_list(config["filters"], "filters", str)
        read = {
            name: read_array(arrays, name, np.float64, ndim=n) for name, n in _DIMENSIONS.items()
        }
        weights, shift, offset = (
            _whole(read[name], name) for name in ("weights", "shift", "offset")
        )
        return cls(checked_image_shape(shape), weights, shift, offset, read["levels"], tuple(names))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Filters):
            return NotImplemented
        (config, arrays), (others, theirs) = self.to_state(), other.to_state()
        return config == others and all(np.array_equal(arrays[k], theirs[k]) for k in arrays)

    def __hash__(self) -> int:
        return hash((self.image_shape, self.filters, self.weights.tobytes(), self.levels.tobytes()))

    def __reduce__(self) -> tuple[Any, ...]:
        """Without the native filters, which are made again."""
        arrays = (self.weights, self.shift, self.offset, self.levels)
        return type(self), (self.image_shape, *arrays, self.filters)


def checked_image_shape(image_shape: Sequence[int]) -> tuple[int, int, int]:
    """(C, H, W), of one channel where it is (H, W).

    Raises:
        EncodingError: no two or three sizes of at least 1.
    """
    try:
        shape = tuple(operator.index(n) for n in image_shape)
    except TypeError:
        shape = ()
    shape = (1, *shape) if len(shape) == 2 else shape
    if len(shape) != 3 or min(shape) < 1:
        raise EncodingError(
            f"image_shape is {image_shape!r}; expected (channels, height, width) or (height, "
            "width), each at least 1"
        )
    return shape


def _check_size(shape: tuple[int, int, int], levels: NDArray) -> None:
    """Refuse what no engine takes, of which a file says in a few bytes how much it is."""
    pixels, bits = math.prod(shape), levels.size * shape[1] * shape[2]
    if max(pixels, bits) > MOST_FEATURES:
        raise EncodingError(
            f"filters make {bits:,} bits of {pixels:,} pixels; expected at most 2**24 of each"
        )


def pixel_rows(x: ArrayLike, n_features: int) -> NDArray[np.uint8]:
    """Rows of bytes, without a copy where they are that.

    Raises:
        EncodingError: another shape or dtype, or a value that is no integer from 0 to 255.
    """
    if type(x) is not np.ndarray or x.dtype != np.uint8 or x.shape[1:] != (n_features,):
        x = numeric_rows(x, n_features)
    if x.dtype == np.uint8 or x.dtype == bool:
        return np.ascontiguousarray(x).view(np.uint8)
    with np.errstate(invalid="ignore"):
        found = x.astype(np.uint8)
    bad = found != x
    if bad.any():
        row, column = map(int, np.unravel_index(np.argmax(bad), bad.shape))
        raise EncodingError(
            f"x at row {row}, column {column} is {x[row, column]}; filters take pixels, integers "
            "from 0 to 255: scale and round the rows as in training"
        )
    return found


def _byte_levels(counts: NDArray[np.int64], bits: int) -> NDArray[np.float64]:
    """(bits, P) levels below 255 that split bytes, so many of each (P, 256), evenly."""
    levels = []
    for times in counts:
        (there,) = times.nonzero()
        levels.append(quantile_levels(there[:, None], bits, times=times[there])[:, 0])
    return np.minimum(np.stack(levels, axis=1), 254.5)


def _whole(values: NDArray[np.float64], what: str) -> NDArray:
    if not (np.abs(values) <= np.iinfo(np.int16).max).all() or (values != np.rint(values)).any():
        raise EncodingError(f"array {what!r} holds something else than whole numbers of 16 bits")
    return values.astype(np.int64)


def _integers(values: ArrayLike, dtype: type, ndim: int, what: str) -> NDArray:
    """A read-only copy in a dtype that holds every value."""
    array = np.asarray(values)
    limits = np.iinfo(dtype)
    fits = array.dtype.kind in "iu" and array.ndim == ndim and array.size
    if not fits or array.min() < limits.min or array.max() > limits.max:
        raise EncodingError(
            f"{what} have shape {array.shape} and dtype {array.dtype}; expected {ndim} "
            f"dimensions of integers from {limits.min} to {limits.max}"
        )
    array = np.array(array, dtype, order="C")
    array.setflags(write=False)
    return array
