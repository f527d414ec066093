"""The second proof: what it shows, what it refuses, and that its checker can fail."""

import numpy as np
import pytest

import gategrad as gg
from gategrad import export
from gategrad.circuit import Netlist, evaluate
from gategrad.encoding import Thermometer
from gategrad.export.tools import ToolError
from gategrad.export.verify import verify
from gategrad.export.verify.certificate import Undecided, certify, check_proof
from gategrad.export.verify.reference import reference_blif
from tests.export.models import all_rows, random_model

pytest.importorskip("pysat", reason="needs gategrad[hdl]")


def _reference(model, outputs="sums", form="tables") -> str:
    return reference_blif(model.circuit, model.readout, outputs, form)


@pytest.mark.parametrize("form", ["tables", "gates", "products"])
def test_adders_of_other_forms_are_proven_equal(form) -> None:
    model = random_model(n_inputs=8, gates=20)
    made = certify(_reference(model), _reference(model, form=form), seconds=60)
    assert made.outputs == len(export.blif(model, outputs="sums")["model.blif"].split("sum_")) // 2
    assert (made.proofs > 0) == (form != "tables")


def test_another_function_is_undecided() -> None:
    model, x = random_model(n_inputs=8, gates=20), all_rows(8).astype(bool)
    found = []
    for gate in Netlist(model.circuit).live().nonzero()[0][:8]:
        table = model.circuit.table.copy()
        table[gate] ^= 1
        other = gg.Circuit(8, model.circuit.fanin, table, model.circuit.outputs)
        given = reference_blif(other, model.readout, "gates", "tables")
        found.append(not np.array_equal(evaluate(other, x), evaluate(model.circuit, x)))
        if found[-1]:
            with pytest.raises(Undecided, match=r"out_[0-9]+ is not shown to be equal"):
                certify(_reference(model, "gates"), given, seconds=60)
        else:
            assert certify(_reference(model, "gates"), given, seconds=60).outputs == 28
    assert sum(found) >= 4


def test_other_ports_and_no_time() -> None:
    model = random_model(n_inputs=8, gates=20)
    with pytest.raises(Undecided, match="the ports are others"):
        certify(_reference(model), _reference(model, "gates"), seconds=60)
    with pytest.raises(Undecided, match="the time for a proof is over"):
        certify(_reference(model), _reference(model, form="gates"), seconds=-1)


@pytest.mark.parametrize(
    ("proof", "message"),
    [
        ([[1], [2], []], None),
        ([[2], []], None),
        ([[4], []], r"\[4\] does not follow"),
        ([[1]], "it does not end with a contradiction"),
        ([], "it does not end with a contradiction"),
    ],
)
def test_the_checker_of_proofs_can_fail(proof, message) -> None:
    clauses = [[1, 2], [1, -2], [-1, 2], [-1, -2, 3], [-3, -1]]
    if message is None:
        check_proof(clauses, proof)
    else:
        with pytest.raises(ToolError, match=message):
            check_proof(clauses, proof)


def test_verify_adds_it(tmp_path) -> None:
    pytest.importorskip("pyosys", reason="needs gategrad[hdl]")
    model = random_model(n_inputs=6, gates=20, encoder=Thermometer.fixed([9, 90], 3))
    for made in (
        export.blif(model, outputs="label"),
        export.aiger(model, outputs="label"),
        export.aiger(model, outputs="sums", ascii=True),
        export.verilog(model, stages=1),
    ):
        (path,) = (p for p in made.write(tmp_path) if p.suffix != ".xdc")
        verdict = verify(model, path, certificate=True)
        assert verdict.equal, verdict
        assert any("CaDiCaL; " in line and "each checked" in line for line in verdict.proven)
