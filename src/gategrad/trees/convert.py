"""From a library's forest to a model of gates."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gategrad.model import Model
from gategrad.trees.errors import TreesError
from gategrad.trees.forest import Forest
from gategrad.trees.integers import MOST_BITS, Integers, to_integers
from gategrad.trees.lower import circuit_of
from gategrad.trees.read import read

# Digits of a leaf's value where no rows say how many are needed, and the fewest that are tried.
DEFAULT_BITS, FEWEST_BITS = 16, 4


@dataclass(frozen=True, eq=False)
class Converted:
    """A forest as a model.

    Attributes:
        model: the gates.
        forest: what they were made of.
        bits: binary digits of a leaf's value.
        bound: no score of the model differs by more from that of the forest.
        rows: calibration rows, on all of which labels agree; 0 where there were none.
    """

    model: Model
    forest: Forest
    bits: int
    bound: float
    rows: int


def from_trees(
    model: Any, x: ArrayLike | None = None, *, bits: int | None = None, raw: bool = False
) -> Model:
    """Turn a forest of LightGBM, XGBoost, scikit-learn or treelite into a model of gates.

    Splits are exact: every row reaches the leaves that it reaches in the library. The values of
    leaves become whole numbers; `model.meta["score_error"]` says by how much scores may differ.

    Args:
        model: a fitted model, or the path of a LightGBM text file or XGBoost .json or .ubj file.
        x: (n, features) rows on which labels are to agree; sets `bits` as low as that allows.
        bits: instead of `x`: binary digits of a leaf's value, 1 to 24; 16 where neither is given.
        raw: take scores as they are where the objective would transform them.

    Returns:
        A model whose `predict` gives the library's labels, `scores` its raw scores, and
        `probabilities` its probabilities. For two classes of a random forest scores are the mean
        less one half; where the library's link has a factor, as `sigmoid:2` of LightGBM and
        scikit-learn's exponential loss, they are that many times its raw scores.

    Raises:
        TreesError: no forest, or one that can't be expressed; says what to do.
    """
    return convert(model, x, bits=bits, raw=raw).model


def convert(
    model: Any, x: ArrayLike | None = None, *, bits: int | None = None, raw: bool = False
) -> Converted:
    """As `from_trees`, and what became of the forest on the way."""
    return to_model(read(model, raw=raw), bits, x)


def to_model(forest: Forest, bits: int | None = None, x: ArrayLike | None = None) -> Converted:
    """The same of a forest that was read.

    Raises:
        TreesError: rows that nothing is to be calibrated on.
    """
    _check_rows(forest, bits, x)
    n_rows = 0
    if x is not None:
        integers, n_rows = _calibrated(forest, x), len(np.asarray(x))
    else:
        integers = to_integers(forest, DEFAULT_BITS if bits is None else bits)
    circuit, readout = circuit_of(forest, integers)
    meta = {"score_error": f"{integers.bound:.3g}", "leaf_bits": str(integers.bits)}
    if forest.link not in ("none", _usual_link(forest)):
        meta["link"] = forest.link
    made = Model(circuit, readout, forest.encoder, forest.labels, meta=meta)
    return Converted(made, forest, integers.bits, integers.bound, n_rows)


def _check_rows(forest: Forest, bits: int | None, x: ArrayLike | None) -> None:
    if x is None:
        return
    if bits is not None:
        raise TreesError(
            "rows set how many bits are taken, and so does bits=; leave out one of them"
        )
    if forest.kind == "regression":
        raise TreesError(
            "rows are to have the forest's labels, and a regression has none; pass bits="
        )
    if not len(np.asarray(x)):
        raise TreesError("there are no rows to calibrate on; give some, or leave x out")


def _usual_link(forest: Forest) -> str:
    return {"binary": "logistic", "argmax": "softmax", "regression": "none"}[forest.kind]


def _calibrated(forest: Forest, x: ArrayLike) -> Integers:
    """The fewest digits from which on all finer ones give the forest's labels on rows."""
    leaves = forest.leaves(x)
    labels = forest.decide(forest.scores_at(leaves))
    best = None
    for bits in range(MOST_BITS, FEWEST_BITS - 1, -1):
        integers = to_integers(forest, bits)
        if not np.array_equal(forest.decide(_sums(forest, integers, leaves)), labels):
            break
        best = integers
    if best is None:
        raise TreesError(
            f"even with {MOST_BITS} bits a leaf, labels differ on some rows, whose scores are tied "
            "within rounding; pass bits= to accept that"
        )
    return best


def _sums(forest: Forest, integers: Integers, leaves: np.ndarray) -> np.ndarray:
    whole = {"value": integers.value.astype(np.float64), "base": integers.base.astype(np.float64)}
    fields = {name: getattr(forest, name) for name in Forest.__dataclass_fields__}
    return Forest(**{**fields, **whole}).scores_at(leaves)
