"""Do two circuits compute the same? Exhaustively for few inputs, on random rows for many."""

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit.errors import CircuitError
from gategrad.circuit.evaluate import evaluate, evaluate_sums
from gategrad.circuit.ir import Circuit
from gategrad.circuit.readout import Readout

MAX_EXHAUSTIVE_INPUTS = 20

Function = Circuit | tuple[Circuit, Readout]


def all_patterns(n_inputs: int) -> NDArray[np.bool_]:
    """All input rows, (2**n_inputs, n_inputs) bool; input j is bit j of the row's number.

    Raises:
        CircuitError: more than 20 inputs.
    """
    if n_inputs > MAX_EXHAUSTIVE_INPUTS:
        raise CircuitError(
            f"{n_inputs} inputs have too many patterns to list (at most "
            f"{MAX_EXHAUSTIVE_INPUTS}); compare on random rows instead"
        )
    rows = np.arange(1 << n_inputs, dtype=np.uint32)
    return (rows[:, None] >> np.arange(n_inputs, dtype=np.uint32) & 1).astype(bool)


def exhaustive_difference(a: Function, b: Function) -> NDArray[np.bool_] | None:
    """The first input row (n_inputs,) on which a and b differ, or None: they are the same.

    Circuits are compared on their outputs, (circuit, readout) pairs on their sums.

    Raises:
        CircuitError: the two have different numbers of inputs or outputs, or too many inputs.
    """
    return _first_difference(a, b, all_patterns(_common_inputs(a, b)))


def random_difference(
    a: Function, b: Function, *, n: int = 4096, seed: int = 0
) -> NDArray[np.bool_] | None:
    """A random input row on which a and b differ, or None where n rows show no difference.

    Args:
        a: a circuit, compared on its outputs, or a pair (circuit, readout), on its sums.
        b: the same.
        n: rows to try.
        seed: of the rows.

    Returns:
        (n_inputs,) bool, or None.

    Raises:
        CircuitError: the two have different numbers of inputs or outputs.
    """
    rng = np.random.default_rng(seed)
    return _first_difference(a, b, rng.random((n, _common_inputs(a, b))) < 0.5)


def difference(
    a: Function, b: Function, *, n_random: int = 4096, seed: int = 0
) -> NDArray[np.bool_] | None:
    """An input row on which a and b differ: of all for up to 12 inputs, else of random ones.

    Args:
        a: a circuit, compared on its outputs, or a pair (circuit, readout), on its sums.
        b: the same.
        n_random: rows to try where there are more than 12 inputs.
        seed: of these rows.

    Returns:
        (n_inputs,) bool, or None: no difference was found.

    Raises:
        CircuitError: the two have different numbers of inputs or outputs.
    """
    if _common_inputs(a, b) <= 12:
        return exhaustive_difference(a, b)
    return random_difference(a, b, n=n_random, seed=seed)


def _common_inputs(a: Function, b: Function) -> int:
    n_a, n_b = (f.n_inputs if isinstance(f, Circuit) else f[0].n_inputs for f in (a, b))
    if n_a != n_b:
        raise CircuitError(f"can't compare a circuit of {n_a} inputs with one of {n_b}")
    return n_a


def _first_difference(a: Function, b: Function, bits: NDArray[np.bool_]) -> NDArray | None:
    values = [
        evaluate(f, bits) if isinstance(f, Circuit) else evaluate_sums(*f, bits) for f in (a, b)
    ]
    if values[0].shape != values[1].shape:
        raise CircuitError(f"can't compare {values[0].shape[1]} outputs with {values[1].shape[1]}")
    rows = (values[0] != values[1]).any(axis=1)
    return bits[int(np.argmax(rows))] if rows.any() else None
