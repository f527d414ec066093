"""A model as C99: one header, one source, and what builds and tries them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Netlist, Readout, decompose, live_gates
from gategrad.export.artifact import Artifact
from gategrad.export.c_code.encoder import encoder_text
from gategrad.export.c_code.gates import (
    cases,
    full_tables,
    numbers,
    placed,
    runs,
    statements,
)
from gategrad.export.errors import ExportError
from gategrad.export.front import Front, front, values_of
from gategrad.export.slots import allocate
from gategrad.export.source import Source, checked_choice, checked_name, sha256, version
from gategrad.export.sums import Totals, totals
from gategrad.export.template import fill

# Words by their name: the type of an element, and bytes.
WORDS = {
    "uint8": ("uint8_t", 1), "uint16": ("uint16_t", 2), "uint32": ("uint32_t", 4),
    "uint64": ("uint64_t", 8), "vector16": ("uint64_t", 16), "vector32": ("uint64_t", 32),
    "vector64": ("uint64_t", 64),
}  # fmt: skip
STYLES = ("auto", "statements", "tables")
# From this size on, compilers take seconds for statements.
_MOST_STATEMENTS = 30_000
# What a thread's stack surely has room for.
_MOST_STACK_BYTES = 1 << 20


@dataclass(frozen=True)
class _Plan:
    """All that the texts are made of."""

    model: Source
    name: str
    front: Front
    circuit: Circuit
    word: str
    style: str


def c(
    model: Source,
    *,
    name: str = "model",
    rows: str | None = None,
    word: str = "uint64",
    style: str = "auto",
) -> Artifact:
    """Write a model as C99 that needs no library, allocates nothing and takes any number of rows.

    The encoder, the sums with their weights and bias, and the decision are part of it; labels are
    the indices of classes. What it returns equals `Model.sums` and the decisions of
    `Model.predict` for every row; a missing value (NaN) is above no threshold.

    Args:
        model: a `gategrad.Model`, optimized or not.
        name: prefix of all names, and of the files.
        rows: type of a row's values, one of `gategrad.export.ROWS`; "uint8" where None and the
            model takes bits, which are the values above 0, else "float32".
        word: what holds a signal of several rows: "uint8" to "uint64", or "vector16" to "vector64",
            vectors of so many bytes as GCC and Clang know them.
        style: "statements", one a gate; "tables", which compilers read quickly whatever their
            size; "auto", by the number of gates.

    Returns:
        The files NAME.h, NAME.c, main.c (which classifies rows of text from standard input),
        Makefile and CMakeLists.txt.

    Raises:
        ExportError: an unknown option, or an encoder of categories that are text.
    """
    name = checked_name(name)
    checked_choice("word", word, tuple(WORDS))
    checked_choice("style", style, STYLES)
    if not model.readout.n_classes:
        raise ExportError("the model has no sums, so there is nothing to decide; nothing to export")
    rows = rows or ("uint8" if model.encoder is None else "float32")
    before = front(model, values_of(rows))
    narrow = decompose(before.circuit) if before.circuit.width > 2 else before.circuit
    if style == "auto":
        style = "statements" if narrow.n_gates <= _MOST_STATEMENTS else "tables"
    plan = _Plan(model, name, before, narrow, word, style)
    values = _values(plan, rows)
    names = {
        f"{name}.h": "model.h.in",
        f"{name}.c": "model.c.in",
        "main.c": "main.c.in",
        "Makefile": "Makefile.in",
        "CMakeLists.txt": "CMakeLists.txt.in",
    }
    return Artifact({file: _fill(template, values) for file, template in names.items()})


def _values(plan: _Plan, rows: str) -> dict[str, str]:
    template, encoder, slot_order = encoder_text(plan.front)
    circuit = _with_inputs_in(plan.circuit, slot_order)
    sums = totals(circuit, plan.model.readout)
    order = _order(plan, circuit)
    slots = allocate(circuit, order)
    tables, places = placed(circuit, slots, order)
    element, word_bytes = WORDS[plan.word]
    n_slots = max(1, slots.count)
    bytes_needed = n_slots * word_bytes
    on_stack = bytes_needed <= _MOST_STACK_BYTES
    readout = plan.model.readout
    number = readout.kind == "regression"
    values = {
        "name": plan.name,
        "NAME": plan.name.upper(),
        "version": version(),
        "neurons": str(getattr(plan.model, "neurons", plan.model.circuit.n_gates)),
        "live_gates": str(live_gates(plan.model.circuit)),
        "features": str(plan.front.n_features),
        "classes": str(readout.n_classes),
        "lanes": str(8 * word_bytes),
        "sha256": sha256(plan.model),
        "value": _c_type(rows),
        "meaning": _meaning(plan.model),
        "stack_bytes": str(bytes_needed),
        "memory": "stack" if on_stack else "static memory, so calls must not overlap",
        "memory_declaration": f"{'' if on_stack else 'static '}{plan.name}_word s[{n_slots}];",
        "label_type": "float" if number else "int32_t",
        "label_macros": _label_macros(plan),
        "labels_comment": _LABELS[readout.kind],
        "per_row": f" * {plan.name.upper()}_CLASSES" if _many(readout.kind) else "",
        "comparisons": str(circuit.n_inputs),
        "gates": str(circuit.n_gates),
        "slots": str(n_slots),
        "slot": "uint16_t" if n_slots <= 1 << 16 else "uint32_t",
        "word": element,
        "word_attribute": f" __attribute__((vector_size({word_bytes})))"
        if plan.word.startswith("vector")
        else "",
        "includes": "#include <math.h>\n" if np.isinf(plan.front.least).any() else "",
        "width": str(sums.width),
        "offset": str(sums.offset),
        "index_planes": str(max(1, (readout.n_classes - 1).bit_length())),
        "n_runs": str(len(runs(tables))),
    }
    values |= _main_values(plan, rows)
    values |= encoder | _sums_values(sums, slots.of) | _scales(readout)
    values["encoder"] = _fill(f"{template}.c.in", values)
    values["gates_code"] = _gates(plan, tables, places, values)
    values["decision"] = _fill(f"{_DECISIONS[readout.kind]}.c.in", values)
    packed = bool((plan.front.bit >= 0).all())
    values["packed_inputs"] = numbers(plan.front.bit[slot_order])
    values["packed_declaration"] = _fill("packed.h.in", values) if packed else ""
    values["functions"] = _functions(values, packed)
    return values


_DECISIONS = {
    "argmax": "argmax", "binary": "positive", "multilabel": "positive", "regression": "numbers",
}  # fmt: skip
_LABELS = {
    "argmax": " * labels[i] is the class with the greatest sum, the lowest if there are several.",
    "binary": " * labels[i] is 1 or 0.",
    "multilabel": " * labels[i * CLASSES + c] is 1 or 0, whether row i has label c.",
    "regression": " * labels[i * CLASSES + c] is number c of row i.",
}


def _many(kind: str) -> bool:
    return kind in ("multilabel", "regression")


def _functions(values: dict[str, str], packed: bool) -> str:
    per_row = f" * {values['NAME']}_CLASSES"
    made = [
        ("predict", values["label_type"], "labels", values["per_row"]),
        ("sums", "int32_t", "sums", per_row),
        ("scores", "float", "scores", per_row),
    ]
    texts = [
        _fill(
            "function.c.in",
            values | {"function": function, "type": kind, "result": result, "per_row": step},
        )
        for function, kind, result, step in made
    ]
    if packed:
        texts.append(_fill("packed.c.in", values))
    return "\n".join(texts).rstrip() + "\n"


def _with_inputs_in(circuit: Circuit, order: NDArray[np.int64]) -> Circuit:
    """The circuit with inputs renumbered: new input k is old input `order[k]`."""
    moved = np.arange(circuit.n_signals)
    moved[2 + order] = 2 + np.arange(len(order))
    return Circuit(circuit.n_inputs, moved[circuit.fanin], circuit.table, moved[circuit.outputs])


def _order(plan: _Plan, circuit: Circuit) -> NDArray[np.int64]:
    """As they come, or in tables by level and function, so that runs are long."""
    if plan.style == "statements":
        return np.arange(circuit.n_gates)
    return np.lexsort((full_tables(circuit), Netlist(circuit).levels))


def _gates(
    plan: _Plan, tables: NDArray[np.int64], places: NDArray[np.int64], values: dict[str, str]
) -> str:
    if plan.style == "statements":
        return statements(plan.name, tables, places)
    texts = {
        "runs": numbers([f"{{{count}, {table}}}" for count, table in runs(tables)], "{0, 0}"),
        "operands": numbers(places.reshape(-1)),
        "cases": cases().replace("@NAME@", values["NAME"]),
    }
    return _fill("runs.c.in", values | texts)


def _sums_values(sums: Totals, slot_of: NDArray[np.int64]) -> dict[str, str]:
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


def _fill(file: str, values: Mapping[str, str]) -> str:
    return fill("gategrad.export.c_code", file, values)


def _c_type(rows: str) -> str:
    return {"float32": "float", "float64": "double"}.get(rows, f"{rows}_t")


def _meaning(model: Source) -> str:
    if model.encoder is None:
        return "A value above 0 is a true bit."
    return "The encoder is part of it."


def _quoted(label: str | int) -> str:
    """A label as a C string; bytes that are no plain text as octal escapes, `?` apart."""
    escaped = (
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in str(label).encode("utf-8", "surrogateescape")
    )
    return '"' + "".join(escaped) + '"'


def _label_macros(plan: _Plan) -> str:
    labels = plan.model.labels
    if labels is None:
        return ""
    texts = ", ".join(_quoted(label) for label in labels)
    comment = "/* Names of the classes, to initialize an array of char pointers. */"
    return f"{comment}\n#define {plan.name.upper()}_LABELS {{{texts}}}"


def _main_values(plan: _Plan, rows: str) -> dict[str, str]:
    """What main.c reads, by the type of values, and prints, by the kind of decision."""
    kind, upper = plan.model.readout.kind, plan.name.upper()
    named = plan.model.labels is not None and not _many(kind)
    return _parsing(np.dtype(rows)) | {
        "labels_a_row": f"{upper}_CLASSES" if _many(kind) else "1",
        "label_table": f"static const char *const names[] = {upper}_LABELS;" if named else "",
        "print": _printing(kind, upper, named=named),
    }


def _parsing(dtype: np.dtype) -> dict[str, str]:
    if dtype.kind == "f":
        return {"number": "double", "parse": "strtod(*text, &end)", "range_check": ""}
    limits = np.iinfo(dtype)
    outside = f" || number < {limits.min} || number > {limits.max}"
    return {"number": "long", "parse": "strtol(*text, &end, 10)", "range_check": outside}


def _printing(kind: str, upper: str, *, named: bool) -> str:
    if named:
        return "puts(names[label[0]]);"
    if not _many(kind):
        return 'printf("%ld\\n", (long)label[0]);'
    form, number = ("%.9g", "double") if kind == "regression" else ("%ld", "long")
    return (
        f"for (i = 0; i < {upper}_CLASSES; ++i)\n"
        f'      printf("%s{form}", i ? " " : "", ({number})label[i]);\n'
        "    putchar('\\n');"
    )
