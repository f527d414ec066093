"""A model as a Verilog-2001 module, combinational or pipelined, with a bench that checks it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import Circuit, Netlist, decompose
from gategrad.export.arithmetic import AT_ONCE, decision_circuit
from gategrad.export.artifact import Artifact
from gategrad.export.errors import ExportError
from gategrad.export.front import Front, Integers, front
from gategrad.export.meaning import plain
from gategrad.export.planes import on_planes, planes_of
from gategrad.export.source import Source, checked_name, sha256, version
from gategrad.export.template import fill
from gategrad.export.verilog_code.axis import axis_values
from gategrad.export.verilog_code.gates import (
    comparison_lines,
    gate_lines,
    name_at,
    register_lines,
)
from gategrad.export.verilog_code.stages import Stages, schedule

_MOST_BITS = 32
_PERIOD_NS = 5.0


@dataclass(frozen=True)
class _Format:
    """How a value of a row lies in `in_data`."""

    bits: int
    fraction: int
    signed: bool

    @property
    def values(self) -> Integers:
        half = 1 << (self.bits - 1)
        low, high = (-half, half - 1) if self.signed else (0, 2 * half - 1)
        return Integers(low, high, self.fraction)


def verilog(
    model: Source,
    *,
    name: str = "model",
    stages: int = 0,
    max_levels: int | None = None,
    lut6: bool = False,
    value_bits: int | None = None,
    fraction_bits: int = 0,
    signed: bool = False,
    axi_stream: bool = False,
    vectors: ArrayLike | None = None,
) -> Artifact:
    """Write a model as a Verilog-2001 module that takes one row a clock cycle.

    Ports: `clk, rst_n, in_valid, in_data, out_valid, out_label, out_sums`. The sums are compressor
    trees of full adders, ties go to the lowest class.

    Args:
        model: a `gategrad.Model`, optimized or not.
        name: of the module and the files.
        stages: ranks of registers; a result comes that many cycles after its row. 0:
            combinational logic, where `clk` and `rst_n` are not used.
        max_levels: instead of `stages`: as few ranks as leave at most that many levels of gates
            between two of them.
        lut6: for chips whose tables have six inputs: keep gates of up to six, and add six bits at a
            time; else all gates but the adders have two.
        value_bits: of a value of a row, 1 to 32. 1 where None and the model takes bits, else 8.
        fraction_bits: a value of a row is its integer in `in_data` divided by 2 to this.
        signed: whether values are in two's complement.
        axi_stream: also write NAME_axis.v, which puts the module between two AXI4-Streams: rows in,
            labels and sums out, each side stopping the other.
        vectors: (n, features) rows for the bench, whose labels and sums are the model's; none:
            no bench. They must be such that `value_bits` and `fraction_bits` hold them exactly.
            Behind `Filters` these are images, and a row of the module is what filters make of one.

    Returns:
        NAME.v, NAME.xdc (the clock), and with vectors NAME_tb.v and NAME_vectors.hex; with
        `axi_stream` NAME_axis.v, and with vectors its bench NAME_axis_tb.v.

    Raises:
        ExportError: an option out of range, an encoder that no comparisons express, or vectors that
            the format of values does not hold.
    """
    name = checked_name(name)
    model, vectors = on_planes(model), planes_of(model, vectors)
    form = _format(model, value_bits, fraction_bits, signed=signed)
    before = front(model, form.values)
    circuit = before.circuit if lut6 or before.circuit.width <= 2 else decompose(before.circuit)
    at_once = max(AT_ONCE) if lut6 else min(AT_ONCE)
    whole, n_label = _with_outputs(circuit, model, at_once)
    count = _stage_count(whole, stages, max_levels)
    plan = schedule(whole, count)
    values = _values(model, name, before, form, whole, plan, n_label)
    values["at_once"] = str(at_once)
    files = {
        f"{name}.v": _fill("module.v.in", values),
        f"{name}.xdc": _fill("clock.xdc.in", values),
    }
    if axi_stream:
        values |= axis_values(values)
        files[f"{name}_axis.v"] = _fill("axis.v.in", values)
    if vectors is not None:
        lines = _vector_lines(model, form, vectors, values)
        values |= {"rows": str(len(lines)), "last_row": str(max(0, len(lines) - 1))}
        files[f"{name}_tb.v"] = _fill("bench.v.in", values)
        if axi_stream:
            files[f"{name}_axis_tb.v"] = _fill("axis_bench.v.in", values)
        files[f"{name}_vectors.hex"] = "".join(f"{line}\n" for line in lines)
    return Artifact(files)


def _format(model: Source, bits: int | None, fraction: int, *, signed: bool) -> _Format:
    if bits is None:
        bits = 1 if model.encoder is None else 8
    if not isinstance(bits, int) or not 1 <= bits <= _MOST_BITS:
        raise ExportError(f"value_bits is {bits!r}; expected an integer from 1 to {_MOST_BITS}")
    if not isinstance(fraction, int) or not 0 <= fraction <= _MOST_BITS:
        raise ExportError(f"fraction_bits is {fraction!r}; expected an integer from 0 to 32")
    if bits == 1 and (signed or model.encoder is not None):
        raise ExportError("value_bits=1 is for models of bits; an encoder compares wider values")
    return _Format(bits, fraction, bool(signed))


def _with_outputs(circuit: Circuit, model: Source, at_once: int) -> tuple[Circuit, int]:
    """The circuit with the label's bits as outputs, then those of the sums; how many are labels."""
    sums = decision_circuit(circuit, model.readout, "sums", at_once=at_once)
    if model.readout.kind == "regression":
        return sums, 0
    # The adders are the same gates in both, and so are built once.
    label = decision_circuit(circuit, model.readout, "label", at_once=at_once)
    return _joined(circuit, label, sums), label.n_outputs


def _joined(shared: Circuit, first: Circuit, second: Circuit) -> Circuit:
    """Two circuits that begin with the gates of `shared` as one, outputs one after the other."""
    n, width = shared.n_gates, max(first.width, second.width)
    moved = np.arange(second.n_signals)
    moved[shared.n_signals :] += first.n_gates - n
    fanin = np.zeros((first.n_gates + second.n_gates - n, width), np.int64)
    fanin[: first.n_gates, : first.width] = first.fanin
    fanin[first.n_gates :, : second.width] = moved[second.fanin[n:]]
    table = np.concatenate([first.table, second.table[n:]])
    outputs = np.concatenate([first.outputs, moved[second.outputs]])
    return Circuit(shared.n_inputs, fanin, table, outputs)


def _stage_count(circuit: Circuit, stages: int, max_levels: int | None) -> int:
    for option, value, least in (("stages", stages, 0), ("max_levels", max_levels, 1)):
        if value is not None and (not isinstance(value, int) or value < least):
            raise ExportError(f"{option} is {value!r}; expected an integer of at least {least}")
    if max_levels is None:
        return stages
    if stages:
        raise ExportError("give either stages or max_levels, not both: one follows of the other")
    return max(1, -(-int(Netlist(circuit).levels.max(initial=0)) // max_levels))


def _values(
    model: Source,
    name: str,
    before: Front,
    form: _Format,
    circuit: Circuit,
    stages: Stages,
    n_label: int,
) -> dict[str, str]:
    n_sums = circuit.n_outputs - n_label
    reads = [
        name_at(circuit, stages, int(s), stages.count + 1 if stages.count else 1)
        for s in circuit.outputs
    ]
    data_bits = form.bits * before.n_features
    label_bits = max(1, n_label)
    return {
        "name": name,
        "version": version(),
        "sha256": sha256(model),
        "comparisons": str(circuit.n_inputs),
        "gates": str(circuit.n_gates),
        "timing": _timing(stages),
        "value_bits": str(form.bits),
        "meaning": _meaning(form),
        "label_meaning": _label_meaning(model),
        "sum_bits": str(n_sums // model.readout.n_classes),
        "latency": str(stages.count),
        "data_bits": str(data_bits),
        "label_bits": str(label_bits),
        "sums_bits": str(n_sums),
        "data_top": str(data_bits - 1),
        "label_top": str(label_bits - 1),
        "sums_top": str(n_sums - 1),
        "comparison_lines": "\n".join(comparison_lines(before, form.bits, signed=form.signed)),
        "gate_lines": "\n".join([*gate_lines(circuit, stages), *register_lines(circuit, stages)]),
        "output_lines": _concatenation("out_label", reads[:n_label] or ["1'b0"])
        + "\n"
        + _concatenation("out_sums", reads[n_label:]),
        "valid_lines": _valid_lines(stages.count),
        "period": f"{_PERIOD_NS:.3f}",
    }


def _timing(stages: Stages) -> str:
    if not stages.count:
        return f"Combinational: {stages.depth} levels of gates; clk and rst_n are not used."
    levels = -(-stages.depth // stages.count)
    return (
        f"Pipelined: a result comes {stages.count} cycles after its row, one every cycle; "
        f"{levels} levels of gates at most between registers."
    )


def _meaning(form: _Format) -> str:
    if form.bits == 1:
        return ", a bit"
    kind = "a signed" if form.signed else "an unsigned"
    return f", {kind} integer" + (f" over 2^{form.fraction}" if form.fraction else "")


def _label_meaning(model: Source) -> str:
    kind = model.readout.kind
    if kind == "regression":
        return "0: a regression has none, its sums are its answer"
    if kind != "argmax":
        return "a bit a class" if kind == "multilabel" else "a bit"
    names = [plain(str(label)) for label in model.labels or ()]
    return "the number of a class" + (f": {', '.join(names)}" if names else "")


def _concatenation(port: str, names: list[str]) -> str:
    return f"assign {port} = {{\n  " + ",\n  ".join(reversed(names)) + "\n};"


def _valid_lines(count: int) -> str:
    if not count:
        return "assign out_valid = in_valid;"
    shift = "in_valid" if count == 1 else f"{{valid[{count - 2}:0], in_valid}}"
    return (
        f"reg [{count - 1}:0] valid;\n"
        "always @(posedge clk or negedge rst_n)\n"
        f"  if (!rst_n) valid <= {count}'d0;\n"
        f"  else valid <= {shift};\n"
        f"assign out_valid = valid[{count - 1}];"
    )


def _vector_lines(
    model: Source, form: _Format, vectors: ArrayLike, values: Mapping[str, str]
) -> list[str]:
    """A hexadecimal number a row: its values, its label, its sums."""
    rows = np.asarray(vectors)
    raw = _integers(rows, form)
    sums = model.sums(rows).astype(np.int64)
    labels = _label_numbers(model, sums)
    sum_bits, sums_bits = int(values["sum_bits"]), int(values["sums_bits"])
    behind = int(values["label_bits"]) + sums_bits
    digits = -(-(int(values["data_bits"]) + behind) // 4)
    lines = []
    for row, label, own in zip(raw.tolist(), labels, sums.tolist(), strict=True):
        answer = label << sums_bits | _packed(own, sum_bits)
        lines.append(f"{_packed(row, form.bits) << behind | answer:0{digits}x}")
    return lines


def _integers(rows: NDArray, form: _Format) -> NDArray[np.int64]:
    """Rows as the integers that stand for them."""
    scaled = np.ldexp(rows.astype(np.float64), form.fraction)
    limits = form.values
    held = (scaled == np.floor(scaled)) & (scaled >= limits.lowest) & (scaled <= limits.highest)
    if not held.all():
        row, column = (int(i) for i in np.argwhere(~held)[0])
        raise ExportError(
            f"vectors[{row}, {column}] is {rows[row, column]}, which value_bits={form.bits} and "
            f"fraction_bits={form.fraction} do not hold; choose more bits, or round the vectors"
        )
    return scaled.astype(np.int64)


def _label_numbers(model: Source, sums: NDArray[np.int64]) -> list[int]:
    kind = model.readout.kind
    if kind == "regression":
        return [0] * len(sums)
    if kind == "argmax":
        return np.argmax(sums, axis=1).tolist()
    return [_packed(row, 1) for row in (sums > 0).astype(int).tolist()]


def _packed(numbers: list[int], bits: int) -> int:
    """Numbers side by side, the first one lowest, each in two's complement of `bits` bits."""
    mask = (1 << bits) - 1
    text = "".join(f"{number & mask:0{bits}b}" for number in reversed(numbers))
    return int(text or "0", 2)


def _fill(file: str, values: Mapping[str, str]) -> str:
    return fill("gategrad.export.verilog_code", file, values)
