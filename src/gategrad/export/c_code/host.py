"""C for computers: many rows at a time, a bit of a word each."""

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Netlist, Readout
from gategrad.export.c_code.adders import Adders
from gategrad.export.c_code.cones import Cones
from gategrad.export.c_code.encoder import encoder_text
from gategrad.export.c_code.gates import cases, full_tables, numbers, placed, runs
from gategrad.export.c_code.plan import Plan, common_values, filled
from gategrad.export.slots import Slots, allocate, gate_steps
from gategrad.export.sums import Totals, totals

# Words by their name: the type of an element, and bytes.
WORDS = {
    "uint8": ("uint8_t", 1), "uint16": ("uint16_t", 2), "uint32": ("uint32_t", 4),
    "uint64": ("uint64_t", 8), "vector16": ("uint64_t", 16), "vector32": ("uint64_t", 32),
    "vector64": ("uint64_t", 64),
}  # fmt: skip
# Three slots are one 64-bit number up to so many bits of a slot.
_MOST_PACKED_BITS = 21
# What a thread's stack surely has room for.
_MOST_STACK_BYTES = 1 << 20
_DECISIONS = {
    "argmax": "argmax", "binary": "positive", "multilabel": "positive", "regression": "numbers",
}  # fmt: skip


def host_values(plan: Plan) -> dict[str, str]:
    """What the templates of the form for computers take."""
    template, encoder, slot_order = encoder_text(plan.front, WORDS[plan.word][1])
    circuit = _with_inputs_in(plan.circuit, slot_order)
    sums = totals(circuit, plan.model.readout)
    fused = plan.style == "statements" and _fits_planes(sums)
    slots, gates_code = (
        _statements(plan, circuit, sums if fused else None)
        if plan.style == "statements"
        else _tables(plan, circuit)
    )
    planes = Adders.slots(sums.width, len(sums.totals)) if fused else 0
    values = common_values(plan) | _memory_values(plan, max(1, slots.count + planes))
    values |= {
        "includes": _includes(plan, template),
        "width": str(sums.width),
        "offset": str(sums.offset),
        "index_planes": str(max(1, (plan.model.readout.n_classes - 1).bit_length())),
    }
    values |= encoder | _scales(plan.model.readout)
    values |= {} if fused else sums_values(sums, slots.of)
    lanes = "vector" if plan.word.startswith("vector") else "word"
    values["lanes_code"] = filled(f"lanes_{lanes}.c.in", values)
    values["encoder"] = filled(f"{template}.c.in", values)
    values["gates_code"] = gates_code
    values["first_plane"] = str(slots.count + 2 * sums.width)
    values["sums_code"] = filled("planes.c.in" if fused else "counted.c.in", values)
    values["decision"] = filled(f"{_DECISIONS[plan.model.readout.kind]}.c.in", values)
    packed = bool((plan.front.bit >= 0).all())
    values["packed_inputs"] = numbers(plan.front.bit[slot_order])
    values["packed_declaration"] = filled("packed.h.in", values) if packed else ""
    values["functions"] = _functions(values, packed)
    return values


def _includes(plan: Plan, encoder: str) -> str:
    needed = {
        "math.h": np.isinf(plan.front.least).any(),
        "string.h": encoder == "columns",
    }
    return "".join(f"#include <{file}>\n" for file, needs in needed.items() if needs)


def _memory_values(plan: Plan, n_slots: int) -> dict[str, str]:
    element, word_bytes = WORDS[plan.word]
    bytes_needed = n_slots * word_bytes
    on_stack = bytes_needed <= _MOST_STACK_BYTES
    vector = f" __attribute__((vector_size({word_bytes})))"
    return {
        "lanes": str(8 * word_bytes),
        "stack_bytes": str(bytes_needed),
        "memory": "stack" if on_stack else "static memory, so calls must not overlap",
        "memory_declaration": f"{'' if on_stack else 'static '}{plan.name}_word s[{n_slots}];",
        "slots": str(n_slots),
        "slot": "uint16_t" if n_slots <= 1 << 16 else "uint32_t",
        "word": element,
        "word_attribute": vector if plan.word.startswith("vector") else "",
    }


def _functions(values: dict[str, str], packed: bool) -> str:
    per_row = f" * {values['NAME']}_CLASSES"
    made = [
        ("predict", values["label_type"], "labels", values["per_row"]),
        ("sums", "int32_t", "sums", per_row),
        ("scores", "float", "scores", per_row),
    ]
    texts = [
        filled(
            "function.c.in",
            values | {"function": function, "type": kind, "result": result, "per_row": step},
        )
        for function, kind, result, step in made
    ]
    if packed:
        texts.append(filled("packed.c.in", values))
    return "\n".join(texts).rstrip() + "\n"


def _with_inputs_in(circuit: Circuit, order: NDArray[np.int64]) -> Circuit:
    """The circuit with inputs renumbered: new input k is old input `order[k]`."""
    moved = np.arange(circuit.n_signals)
    moved[2 + order] = 2 + np.arange(len(order))
    return Circuit(circuit.n_inputs, moved[circuit.fanin], circuit.table, moved[circuit.outputs])


def _fits_planes(sums: Totals) -> bool:
    """Whether planes of all sums take no more memory than the bits that they are of."""
    n_bits = sum(len(part.signals) for total in sums.totals for part in total.bits)
    return sums.width * len(sums.totals) <= n_bits


def _statements(plan: Plan, circuit: Circuit, sums: Totals | None) -> tuple[Slots, str]:
    cones = Cones(circuit, sums)
    return cones.slots, cones.text(plan.name)


def _tables(plan: Plan, circuit: Circuit) -> tuple[Slots, str]:
    order = run_order(circuit)
    slots = allocate(circuit, gate_steps(circuit, order))
    tables, places = placed(circuit, slots, order)
    found = runs(tables)
    upper = plan.name.upper()
    gate_type, gates = _gate_list(plan.name, places, max(1, (slots.count - 1).bit_length()))
    values = {
        "name": plan.name,
        "NAME": upper,
        "n_runs": str(len(found)),
        "runs": numbers([f"{{{count}, {table}}}" for count, table in found], "{0, 0}"),
        "gate_type": gate_type,
        "gate_list": gates,
        "cases": cases().replace("@NAME@", upper),
    }
    return slots, filled("runs.c.in", values)


def _gate_list(name: str, places: NDArray[np.int64], bits: int) -> tuple[str, str]:
    """Slots (N, 3) as C, `bits` each: three in a number where that has room for them.

    Compilers take microseconds for every number, whatever its size.
    """
    upper = name.upper()
    if bits > _MOST_PACKED_BITS:
        fields = "".join(f"#define {upper}_{f.upper()}(g) ((g).{f})\n" for f in ("a", "b", "out"))
        text = numbers([f"{{{a}, {b}, {out}}}" for a, b, out in places.tolist()], "{0, 0, 0}")
        return f"typedef struct {{\n  uint32_t a, b, out;\n}} {name}_gate;\n{fields}", text
    mask = (1 << bits) - 1
    fields = "".join(
        f"#define {upper}_{field}(g) ((g) >> {shift} & {mask})\n"
        for field, shift in (("A", 0), ("B", bits), ("OUT", 2 * bits))
    )
    packed = places[:, 0] | places[:, 1] << bits
    whole = packed.astype(np.uint64) | places[:, 2].astype(np.uint64) << np.uint64(2 * bits)
    text = numbers([f"0x{v:x}u" for v in whole.tolist()])
    return f"typedef uint64_t {name}_gate;\n{fields}", text


def run_order(circuit: Circuit) -> NDArray[np.int64]:
    """Gates by level and function, so that runs of one function are long."""
    return np.lexsort((full_tables(circuit), Netlist(circuit).levels))


def sums_values(sums: Totals, slot_of: NDArray[np.int64]) -> dict[str, str]:
    """The terms of each sum, by the places of their signals, in parts of one weight."""
    bits = [part for total in sums.totals for part in total.bits]
    counts = [len(part.signals) for part in bits]
    first = np.cumsum([0, *counts])[:-1]
    rows = [
        f"{{{start}, {count}, {part.shift}, {int(part.inverted)}}}"
        for start, count, part in zip(first.tolist(), counts, bits, strict=True)
    ]
    terms = np.concatenate([slot_of[part.signals] for part in bits]) if bits else np.zeros(0, int)
    return {
        "terms": numbers(terms),
        "bits": numbers(rows, "{0, 0, 0, 0}"),
        "first_bits": numbers(np.cumsum([0, *(len(total.bits) for total in sums.totals)])),
        "constants": numbers([f"{total.constant}u" for total in sums.totals]),
    }


def _scales(readout: Readout) -> dict[str, str]:
    return {
        "scales": numbers([float(v).hex() + "f" for v in readout.scale]),
        "offsets": numbers([float(v).hex() + "f" for v in readout.offset]),
    }
