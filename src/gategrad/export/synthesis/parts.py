"""A model in pieces that a synthesis tool can count, and the whole."""

import numpy as np

from gategrad.circuit import Circuit, Readout
from gategrad.export.arithmetic import AT_ONCE, decision_circuit, greatest
from gategrad.export.blif import circuit_blif
from gategrad.export.builder import Builder
from gategrad.export.errors import ExportError
from gategrad.export.front import Front, Integers, front
from gategrad.export.source import Source
from gategrad.export.sums import totals
from gategrad.export.verilog_code.gates import comparison_lines
from gategrad.export.verilog_code.generate import verilog


def part_files(
    model: Source,
    value_bits: int,
    stages: int = 0,
    max_levels: int | None = None,
    *,
    fraction_bits: int = 0,
    signed: bool = False,
    lut6: bool = False,
) -> dict[str, str]:
    """By file name, what each part is: encoder, gates, sums, decision, whole.

    A part without any logic, such as the encoder of a model that takes bits, has no file.

    Args:
        model: a `gategrad.Model`.
        value_bits: of a value of a row, where there is an encoder.
        stages: ranks of registers of the whole.
        max_levels: instead of `stages`.
        fraction_bits: such a value is its integer divided by 2 to this.
        signed: whether that is in two's complement.
        lut6: for tables of six inputs, see `gategrad.export.verilog`.

    Raises:
        ExportError: an encoder of negative levels, unless values are signed.
    """
    if model.encoder is None:
        bits, fraction_bits, signed = 1, 0, False
    else:
        bits = value_bits
    whole = verilog(
        model,
        name="whole",
        value_bits=bits,
        fraction_bits=fraction_bits,
        signed=signed,
        stages=stages,
        max_levels=max_levels,
        lut6=lut6,
    )
    lowest = -(1 << (bits - 1)) if signed else 0
    _check_thresholds(model, signed=signed)
    before = front(model, Integers(lowest, lowest + (1 << bits) - 1, fraction_bits))
    readout = model.readout
    n = model.circuit.n_outputs
    wires = Circuit(n, np.zeros((0, 0), np.int64), [], np.arange(n) + 2)
    at_once = max(AT_ONCE) if lut6 else min(AT_ONCE)
    sums = decision_circuit(wires, readout, "sums", narrow=True, at_once=at_once)
    files = {
        "gates.blif": circuit_blif(before.circuit, "gates"),
        "sums.blif": circuit_blif(sums, "sums"),
        "whole.v": str(whole["whole.v"]),
    }
    if bits > 1 and len(before.feature):
        files["encoder.v"] = _encoder(before, bits, signed=signed)
    if readout.kind == "argmax" and readout.n_classes > 1:
        files["decision.blif"] = circuit_blif(_decision(model.circuit, readout), "decision")
    return files


def _check_thresholds(model: Source, *, signed: bool) -> None:
    """ExportError where levels are below what an unsigned integer can be."""
    found = None if model.encoder is None or signed else model.encoder.thresholds()
    if found is not None and (found[1] < -1).any():
        raise ExportError(
            f"levels of the encoder go down to {found[1].min():g}, and synth counts values that "
            "are unsigned integers unless it is told signed=True, --signed"
        )


def _encoder(before: Front, bits: int, *, signed: bool) -> str:
    n = len(before.feature)
    lines = "\n".join(comparison_lines(before, bits, signed=signed))
    names = ", ".join(f"c{k}" for k in reversed(range(n)))
    ports = f"input [{bits * before.n_features - 1}:0] in_data, output [{n - 1}:0] out"
    return f"module encoder({ports});\n{lines}\nassign out = {{{names}}};\nendmodule\n"


def _decision(circuit: Circuit, readout: Readout) -> Circuit:
    """From the totals of the classes to the number of the greatest."""
    width = totals(circuit, readout).width
    n = width * readout.n_classes
    builder = Builder(Circuit(n, np.zeros((0, 0), np.int64), [], []), narrow=True)
    numbers = (2 + np.arange(n)).reshape(readout.n_classes, width).tolist()
    return builder.circuit(greatest(builder, numbers))
