"""The three implementations share no code: break any one of them, and the comparison goes red."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from gategrad import _core, engine
from gategrad.circuit import Circuit, Readout
from gategrad.engine import reference, source
from tests.random_circuits import random_circuit, random_readout

evaluator = importlib.import_module("gategrad.circuit.evaluate")

CIRCUIT = random_circuit(n_inputs=12, n_gates=60, n_outputs=20, seed=3)
READOUT = random_readout(20, 4, seed=3)
BITS = np.random.default_rng(3).random((200, 12)) < 0.5


def _sums() -> dict[str, bytes]:
    programs = {name: engine.lower(CIRCUIT, READOUT, backend=name) for name in ("native", "numpy")}
    sums = {name: program.sums(BITS).tobytes() for name, program in programs.items()}
    return sums | {"evaluator": evaluator.evaluate_sums(CIRCUIT, READOUT, BITS).tobytes()}


def _swapped(circuit: Circuit) -> Circuit:
    """The circuit with the operands of its first gate that cares exchanged."""
    for gate in np.flatnonzero(np.isin(circuit.table, [2, 4, 0xB, 0xD, 0xA, 0xC, 3, 5])):
        fanin = circuit.fanin.copy()
        fanin[gate] = fanin[gate, ::-1]
        mutant = _rebuilt(circuit, fanin)
        if mutant is not None and (_outputs(mutant) != _outputs(circuit)).any():
            return mutant
    raise AssertionError("no gate of the circuit tells its operands apart")


def _rebuilt(circuit: Circuit, fanin: np.ndarray) -> Circuit | None:
    try:
        return Circuit(circuit.n_inputs, fanin, circuit.table, circuit.outputs)
    except ValueError:
        return None


def _outputs(circuit: Circuit) -> np.ndarray:
    return evaluator.evaluate_sums(circuit, READOUT, BITS)


MUTANT = _swapped(CIRCUIT)
MUTANT_BIAS = Readout(**(vars(READOUT) | {"bias": READOUT.bias + np.eye(4, dtype=np.int32)[0]}))


def test_they_agree() -> None:
    assert len(set(_sums().values())) == 1


@pytest.mark.parametrize("broken", ["evaluator", "numpy", "native"])
@pytest.mark.parametrize("fault", ["swapped operands", "wrong bias"])
def test_any_one_of_them_broken_is_noticed(monkeypatch, broken: str, fault: str) -> None:
    gates = fault == "swapped operands"
    if broken == "evaluator" and gates:
        evaluate = evaluator.evaluate
        monkeypatch.setattr(evaluator, "evaluate", lambda circuit, bits: evaluate(MUTANT, bits))
    elif broken == "evaluator":
        check = evaluator.evaluate_sums
        monkeypatch.setattr(
            evaluator, "evaluate_sums", lambda circuit, _, bits: check(circuit, MUTANT_BIAS, bits)
        )
    elif broken == "numpy" and gates:
        schedule = reference.schedule
        monkeypatch.setattr(reference, "schedule", lambda circuit: schedule(MUTANT))
    elif broken == "numpy":
        weigh = reference._weighted_sums
        monkeypatch.setattr(reference, "_weighted_sums", lambda _, terms: weigh(MUTANT_BIAS, terms))
    else:
        core = SimpleNamespace(**(vars(_core) | {"source": _faulty(gates)}))
        monkeypatch.setattr(source, "_core", core)
    sums = _sums()
    others = {value for name, value in sums.items() if name != broken}
    assert len(others) == 1
    assert sums[broken] not in others


def _faulty(gates: bool) -> object:
    """`_core.source` that is handed another circuit, or another bias, than it was asked for."""

    def faulty(n_inputs, fanin, table, outputs, indptr, index, weight, bias, *rest):
        fanin, bias = (MUTANT.fanin, bias) if gates else (fanin, MUTANT_BIAS.bias)
        return _core.source(n_inputs, fanin, table, outputs, indptr, index, weight, bias, *rest)

    return faulty
