"""Several models as one: their circuits beside one another, their scores added with weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import Circuit, Readout, beside
from gategrad.model.errors import ModelError
from gategrad.model.model import Model
from gategrad.model.planes import with_common_planes

Values = NDArray[np.float64]

_DIGITS = 16
# Sums stay within int32, with room for what rounding adds.
_MOST_SUM = 2.0**30
# The least number that float32 has with all its digits.
_LEAST_SCALE = 2.0**-126
# Float32 results of one rounding each: the sum, its product and the offset.
_ROUNDINGS = 3 * 2.0**-24


def ensemble(
    models: Sequence[Model], weights: ArrayLike | None = None, *, digits: int = _DIGITS
) -> Model:
    """One model whose scores are the weighted sum of the scores of several.

    All weights of all readouts become multiples of one power of two, or stay the whole numbers that
    they are where all scales and weights are equal. `meta["score_error"]` is a bound on how far any
    score can be off by that. A gate that two models share is there once after `optimize`.

    Args:
        models: at least one, of one kind, with the same encoder, labels and number of classes; of
            `Filters` over the same images, of one size and number of levels, it has all planes.
        weights: a finite number for each; equal ones, 1 together, where None.
        digits: binary digits of the largest weight in the readout, 1 to 24.

    Raises:
        ModelError: models that don't fit together, weights or digits that are none, or shares of
            forests with weights that are not 1 together.

    Examples:
        >>> import gategrad as gg
        >>> one = gg.Model(gg.Circuit(2, [], [], [2, 3]), gg.Readout.group_sum(2, 2))
        >>> two = gg.Model(gg.Circuit(2, [[2, 3]], [8], [4, 3]), gg.Readout.group_sum(2, 2))
        >>> gg.ensemble([one, two], [1, 0.5]).scores([[1, 0], [1, 1]]).tolist()
        [[1.0, 0.0], [1.5, 1.5]]
    """
    models = list(models)
    _check_models(models)
    models = with_common_planes(models)
    _check(models)
    factors = _factors(weights, len(models))
    if isinstance(digits, bool) or digits not in range(1, 25):
        raise ModelError(f"digits is {digits!r}; expected an integer from 1 to 24")
    first = models[0]
    readout, bound = _readout(models, factors, digits)
    meta = {"score_error": f"{bound:.3g}"}
    if link := (first.meta or {}).get("link"):
        _check_shares(link, factors)
        meta["link"] = link
    return Model(
        beside([model.circuit for model in models]),
        readout,
        first.encoder,
        first.labels,
        sum(model.neurons or 0 for model in models),
        meta,
    )


def linear_model(weights: Values, bias: Values, *, kind: str, digits: int = _DIGITS) -> Model:
    """A model without gates whose scores are weighted sums of its bits.

    Args:
        weights: (inputs, classes).
        bias: (classes,).
        kind: "argmax" or "regression".
        digits: binary digits of the largest weight, 1 to 24.

    Examples:
        >>> made = linear_model(np.array([[0.5], [-2.0]]), np.array([3.0]), kind="regression")
        >>> made.scores([[1, 0], [1, 1]]).tolist()
        [[3.5], [1.5]]
    """
    n_inputs, n = weights.shape
    entries = _Entries(
        np.repeat(np.arange(n), n_inputs), np.tile(np.arange(n_inputs), n), weights.T.reshape(-1)
    )
    readout, bound = entries.readout(kind, bias, digits)
    circuit = Circuit(n_inputs, [], [], np.arange(2, 2 + n_inputs))
    return Model(circuit, readout, meta={"score_error": f"{bound:.3g}"})


@dataclass(frozen=True, eq=False)
class _Entries:
    """Output `index[i]` adds `value[i]` to sum `row[i]`; rows rise, and indices within a row."""

    row: NDArray[np.int64]
    index: NDArray[np.int64]
    value: Values

    def readout(
        self, kind: str, bias: Values, digits: int, unit: float | None = None
    ) -> tuple[Readout, float]:
        """Whole multiples of `unit` or a power of two, and a bound on the error of any score."""
        decided = kind != "regression"
        scale = self._scale(bias * decided, digits, unit)
        whole = np.rint(self.value / scale)
        # Nothing is decided on the sums of a regression, so its bias need not be whole.
        base = np.rint(bias / scale) if decided else 0 * bias
        offset = 0 * bias if decided else bias
        n, there = len(bias), whole != 0
        error = self._summed(np.abs(whole * scale - self.value), n)
        error += np.abs(base * scale + offset.astype(np.float32) - bias)
        highest = self._summed(np.abs(self.value), n) + np.abs(bias)
        made = Readout(
            kind,  # type: ignore[arg-type]
            np.concatenate([[0], np.cumsum(np.bincount(self.row[there], minlength=n))]),
            self.index[there].astype(np.uint32),
            whole[there].astype(np.int32),
            base.astype(np.int32),
            np.full(n, scale, np.float32),
            offset.astype(np.float32),
        )
        return made, float((error + _ROUNDINGS * highest).max())

    def _summed(self, values: Values, n: int) -> Values:
        return np.bincount(self.row, values, n).astype(np.float64)

    def _scale(self, bias: Values, digits: int, unit: float | None) -> float:
        """`unit` if sums fit, or the power of two with which the largest weight has `digits`."""
        largest = float(np.abs(self.value).max(initial=0.0))
        highest = float((self._summed(np.abs(self.value), len(bias)) + np.abs(bias)).max())
        finest = max(highest / (_MOST_SUM - len(self.value)), _LEAST_SCALE)
        if unit is not None and unit >= finest:
            return unit
        return 2.0 ** int(np.ceil(np.log2(max(largest / (2.0**digits - 1), finest))))


def _readout(models: Sequence[Model], factors: Values, digits: int) -> tuple[Readout, float]:
    rows, index, value, first = [], [], [], 0
    bias = np.zeros(models[0].readout.n_classes)
    for model, factor in zip(models, factors.tolist(), strict=True):
        found = model.readout
        scale = factor * found.scale.astype(np.float64)
        bias += scale * found.bias + factor * found.offset.astype(np.float64)
        rows.append(found.rows)
        index.append(first + found.index.astype(np.int64))
        value.append(scale[found.rows] * found.weight)
        first += model.circuit.n_outputs
    row, places, values = (np.concatenate(parts) for parts in (rows, index, value))
    order = np.lexsort([places, row])
    entries = _Entries(row[order], places[order], values[order])
    unit = _unit([model.readout for model in models], factors, digits)
    return entries.readout(models[0].readout.kind, bias, digits, unit)


def _unit(readouts: Sequence[Readout], factors: Values, digits: int) -> float | None:
    """What all weights and decided biases are whole multiples of as they are, if there is one."""
    scales = {float(s * f) for r, f in zip(readouts, factors, strict=True)
              for s in set(r.scale.tolist())}  # fmt: skip
    largest = max(int(np.abs(r.weight.astype(np.int64)).max(initial=0)) for r in readouts)
    whole = all(r.kind == "regression" or not r.offset.any() for r in readouts)
    if len(scales) != 1 or not whole or largest.bit_length() > digits:
        return None
    return float(np.float32(scales.pop()))


def _check_models(models: Sequence[Model]) -> None:
    if not models or not all(isinstance(model, Model) for model in models):
        raise ModelError("an ensemble is made of a list of gategrad.Model, at least one")


def _check(models: Sequence[Model]) -> None:
    first = models[0]
    wanted = _traits(first)
    for place, model in enumerate(models):
        for name, value in _traits(model).items():
            if value != wanted[name]:
                raise ModelError(
                    f"model {place} differs from the first in its {name}, {value!r} and "
                    f"{wanted[name]!r}; an ensemble needs the same"
                )
    for place, model in enumerate(models):
        if model.encoder != first.encoder:
            raise ModelError(
                f"model {place} has another encoder than the first; train all with one, such as "
                "gategrad.encoding.Table.fit gives it, and encode the rows before"
            )


def _traits(model: Model) -> dict[str, object]:
    """What all models of an ensemble have in common."""
    return {
        "kind": model.readout.kind,
        "number of sums": model.readout.n_classes,
        "number of inputs": model.circuit.n_inputs,
        "labels": model.labels,
        "link": (model.meta or {}).get("link"),
    }


def _factors(weights: ArrayLike | None, n: int) -> Values:
    factors = np.full(n, 1 / n) if weights is None else np.asarray(weights, np.float64)
    if factors.shape != (n,) or not np.isfinite(factors).all():
        raise ModelError(f"weights are {weights!r}; expected {n} finite numbers, one a model")
    return factors


def _check_shares(link: str, factors: Values) -> None:
    if link == "share" and not np.isclose(factors.sum(), 1):
        raise ModelError(
            f"weights are {factors.tolist()}, and the scores are shares of a forest's trees; "
            "expected weights that are 1 together"
        )
