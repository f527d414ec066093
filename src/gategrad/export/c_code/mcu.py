"""C for microcontrollers: one row at a time, a bit of memory a signal, all constants in flash."""

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit, Readout
from gategrad.export.c_code.gates import numbers, placed, runs
from gategrad.export.c_code.host import run_order
from gategrad.export.c_code.plan import Plan, common_values, filled
from gategrad.export.errors import ExportError
from gategrad.export.slots import Slots
from gategrad.export.sums import Totals, totals

_DECISIONS = {"argmax": "mcu_argmax", "binary": "mcu_positive", "multilabel": "mcu_positive"}
_VALUE_BITS = {"uint8": 8, "int16": 16, "int32": 32}


def mcu_values(plan: Plan) -> dict[str, str]:
    """What the templates of the form for microcontrollers take.

    Raises:
        ExportError: rows of floating-point numbers.
    """
    if plan.rows not in _VALUE_BITS:
        raise ExportError(
            f"rows={plan.rows!r} needs floating point, which profile='mcu' leaves out; choose "
            f"{', '.join(_VALUE_BITS)}"
        )
    readout = plan.model.readout
    order = run_order(plan.circuit)
    slots = _one_after_the_other(plan.circuit, order)
    sums = totals(plan.circuit, readout)
    arrays = _arrays(plan, sums, slots, *placed(plan.circuit, slots, order))
    values = common_values(plan) | {key: text for key, (text, _, _) in arrays.items()}
    deciding = readout.kind != "regression"
    values |= {
        "slot_bits": str(_bits(slots.count)),
        "column_bits": str(_bits(plan.front.n_features)),
        "value_bits": str(_VALUE_BITS[plan.rows]),
        "offset": str(sums.offset),
        "n_runs": str(arrays["run_tables"][1]),
        "ram_bytes": str(max(1, -(-slots.count // 8))),
        "flash_bytes": str(sum(n * bits // 8 for _, n, bits in arrays.values())),
        "scale_comment": "" if deciding else _scale_comment(readout),
    }
    values["decision"] = filled(f"{_DECISIONS[readout.kind]}.c.in", values) if deciding else ""
    values["predict_declaration"] = filled("mcu_predict.h.in", values) if deciding else ""
    return values


def _one_after_the_other(circuit: Circuit, order: NDArray[np.int64]) -> Slots:
    """Comparisons, then constants that anything reads, then gates in their order of computation.

    A gate's place follows from its number, so flash holds its operands alone.
    """
    n, first = circuit.n_inputs, N_CONSTANTS + circuit.n_inputs
    of = np.full(circuit.n_signals, -1)
    of[N_CONSTANTS:first] = range(n)
    for signal in range(N_CONSTANTS):
        # Unused operands are signal 0 too, and then it takes a bit that nothing reads.
        if (circuit.fanin == signal).any() or (circuit.outputs == signal).any():
            of[signal], n = n, n + 1
    of[first + order] = n + np.arange(circuit.n_gates)
    return Slots(of, n + circuit.n_gates)


def _arrays(
    plan: Plan, sums: Totals, slots: Slots, tables: NDArray[np.int64], places: NDArray[np.int64]
) -> dict[str, tuple[str, int, int]]:
    """By name: values as C, their number, and bits of each."""
    found = [
        (min(count - start, 0xFFFF), table)
        for count, table in runs(tables)
        for start in range(0, count, 0xFFFF)
    ]
    parts = [part for total in sums.totals for part in total.bits]
    terms = [slots.of[part.signals] for part in parts]
    slot = _bits(slots.count)
    made: dict[str, tuple[list[int], int]] = {
        "columns": (plan.front.feature.tolist(), _bits(plan.front.n_features)),
        "least": (plan.front.least.tolist(), _VALUE_BITS[plan.rows]),
        "run_counts": ([count for count, _ in found], 16),
        "run_tables": ([table for _, table in found], 8),
        "operands": (places[:, :2].reshape(-1).tolist(), slot),
        "terms": (np.concatenate([np.zeros(0, np.int64), *terms]).tolist(), slot),
        "part_counts": ([len(part.signals) for part in parts], 32),
        "part_shifts": ([part.shift for part in parts], 8),
        "part_inverted": ([int(part.inverted) for part in parts], 8),
        "class_parts": ([len(total.bits) for total in sums.totals], 8),
        "constants": ([total.constant for total in sums.totals], 32),
    }
    return {key: (numbers(_constants(v, b)), len(v), b) for key, (v, b) in made.items()}


def _bits(count: int) -> int:
    return 16 if count < 1 << 16 else 32


def _constants(values: list[int], bits: int) -> list[str]:
    if bits < 32:
        return [str(v) for v in values]
    # The lowest 32-bit number has no constant of its own, and above the highest one needs a suffix.
    special = {-(2**31): "(-2147483647 - 1)"}
    return [f"{v}u" if v >= 2**31 else special.get(v, str(v)) for v in values]


def _scale_comment(readout: Readout) -> str:
    lines = [
        f" * Number {c} is its sum * {float(readout.scale[c])!r} + {float(readout.offset[c])!r}.\n"
        for c in range(readout.n_classes)
    ]
    return "".join(lines)
