"""The model as the page's script reads it: JSON, with arrays in base64."""

import json
from base64 import b64encode
from collections.abc import Sequence
from math import floor, isqrt, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import Circuit, Readout
from gategrad.export.errors import ExportError
from gategrad.export.html_page.cells import Cells, cells, shown
from gategrad.export.source import Source

# Of images that aren't said to be some: fewer pixels are as likely columns of a table.
_FEWEST_PIXELS = 64
# What the brightest pixel may be.
_TOPS = (1, 16, 255, 65535)


def payload(model: Source, image_shape: Sequence[int] | None, examples: ArrayLike | None) -> str:
    """The text for the page.

    Raises:
        ExportError: an image shape that isn't that of the rows, or an encoder without comparisons.
        EncodingError: examples that the model would refuse.
    """
    found = cells(model)
    rows = None if examples is None else found.of_rows(examples)
    image = _image(found, image_shape)
    values = {
        **_circuit(model.circuit),
        **_readout(model.circuit, model.readout),
        "labels": _labels(model),
        "link": (model.meta or {}).get("link"),
        "feature": _packed(found.feature, np.uint32),
        "low": _packed(found.low, np.float64),
        "high": _packed(found.high, np.float64) if not np.isnan(found.high).all() else "",
        "gap": _packed(found.gap, np.uint8) if found.gap.any() else "",
        "image": image,
        "top": _top(found) if image else None,
        "columns": None if image else [_column(found, j, rows) for j in range(len(found.columns))],
        "examples": [] if rows is None else [_numbers(row) for row in rows.tolist()],
    }
    text = json.dumps(values, sort_keys=True, allow_nan=False, separators=(",", ":"))
    # In an element of HTML no text may look like the end of it.
    return text.replace("<", "\\u003c")


def _circuit(circuit: Circuit) -> dict[str, object]:
    """Tables of up to eight entries in a byte each, longer ones in two words, the lower first."""
    table = circuit.table
    if circuit.width > 3:
        table = np.stack([table & np.uint64(2**32 - 1), table >> np.uint64(32)], 1)
    return {
        "inputs": circuit.n_inputs,
        "signals": circuit.n_signals,
        "width": circuit.width,
        "fanin": _packed(circuit.fanin, _index(circuit)),
        "table": _packed(table, np.uint32 if circuit.width > 3 else np.uint8),
        "tableWords": 2 if circuit.width > 3 else 1,
    }


def _readout(circuit: Circuit, readout: Readout) -> dict[str, object]:
    return {
        "kind": readout.kind,
        "sumStart": readout.indptr.tolist(),
        "sumSignal": _packed(circuit.outputs[readout.index], _index(circuit)),
        "sumWeight": _packed(readout.weight, np.int32),
        "bias": readout.bias.tolist(),
        "scale": readout.scale.tolist(),
        "offset": readout.offset.tolist(),
    }


def _index(circuit: Circuit) -> type:
    return np.uint16 if circuit.n_signals <= 2**16 else np.uint32


def _packed(values: NDArray, dtype: type) -> str:
    little = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))
    return b64encode(little.tobytes()).decode()


def _labels(model: Source) -> list[str]:
    if model.labels is not None:
        return [str(label) for label in model.labels]
    n = 2 if model.readout.kind == "binary" else model.readout.n_classes
    return [str(c) for c in range(n)]


def _image(found: Cells, shape: Sequence[int] | None) -> list[int] | None:
    """(channels, height, width): as said, or as rows of that many numbers without names suggest."""
    n = len(found.columns)
    plain = all(column.kind != "category" and not column.missing for column in found.columns)
    if shape is None:
        if not plain or found.names or n < _FEWEST_PIXELS:
            return None
        for channels in (1, 3):
            side = isqrt(n // channels)
            if channels * side * side == n:
                return [channels, side, side]
        return None
    made = [int(size) for size in shape]
    if not made:
        return None
    made = made if len(made) == 3 else [1, *made]
    if len(made) != 3 or made[0] not in (1, 3) or min(made) < 1 or int(np.prod(made)) != n:
        raise ExportError(
            f"image_shape is {tuple(shape)}, but a row has {n} values; expected (height, width) or "
            "(channels, height, width) of one or three channels, or () for no image"
        )
    if not plain:
        raise ExportError("rows with categories or missing values are no images")
    return made


def _top(found: Cells) -> float:
    """The value of the brightest pixel."""
    ends = np.concatenate([found.low, found.high])
    highest = float(ends[np.isfinite(ends)].max(initial=0.0))
    if found.columns[0].kind == "bit" or highest < _TOPS[0]:
        return _TOPS[0]
    return next((top for top in _TOPS if top >= highest), highest * 2)


def _column(found: Cells, j: int, rows: NDArray[np.float64] | None) -> dict[str, object]:
    column = found.columns[j]
    made: dict[str, object] = {
        "name": column.name,
        "kind": column.kind,
        "missing": column.missing,
    }
    if column.kind == "category":
        names = [shown(category) for category in column.categories]
        return made | {"categories": names, "other": column.other, "start": 0}
    if column.kind == "bit":
        return made | {"start": 0}
    return made | _span(found, j, None if rows is None else rows[:, j])


def _span(found: Cells, j: int, values: NDArray[np.float64] | None) -> dict[str, float]:
    """What a slider goes over: all thresholds and examples, a step beyond; round numbers."""
    ends = np.concatenate([found.low[found.feature == j], found.high[found.feature == j]])
    seen = np.concatenate([ends, np.zeros(0) if values is None else values])
    seen = np.unique(seen[np.isfinite(seen) & (np.abs(seen) < 1e300)])
    if not len(seen):
        return {"low": 0.0, "high": 1.0, "step": 0.01, "start": 0.0}
    low, high = float(seen[0]), float(seen[-1])
    margin = (high - low) / (len(seen) - 1) if len(seen) > 1 else max(abs(low), 1.0)
    whole = bool((np.rint(2 * seen) == 2 * seen).all()) and high - low + 2 * margin >= 2
    step = 1.0 if whole else 10.0 ** floor(log10((high - low + 2 * margin) / 100))
    least = max(low - margin, 0.0) if low >= 0 else low - margin
    start = float(seen[len(seen) // 2])
    return {
        "low": _rounded(np.floor(least / step), step),
        "high": _rounded(np.ceil((high + margin) / step), step),
        "step": step,
        "start": _rounded(np.rint(start / step), step),
    }


def _rounded(steps: float, step: float) -> float:
    """So many steps as a number without the errors of binary fractions."""
    return float(f"{steps * step:.12g}")


def _numbers(row: list[float]) -> list[float | int | str | None]:
    """As JSON has them: null for NaN, text for infinities, integers without a point."""
    return [_number(value) for value in row]


def _number(value: float) -> float | int | str | None:
    if value != value:
        return None
    if abs(value) == float("inf"):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) and abs(value) < 2**53 else value
