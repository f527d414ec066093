"""What every form of exported C says about its model."""

from collections.abc import Mapping
from dataclasses import dataclass

from gategrad.circuit import Circuit, live_gates
from gategrad.export.c_code.program import label_macros, main_values
from gategrad.export.front import Front
from gategrad.export.source import Source, sha256, version
from gategrad.export.template import fill

_LABELS = {
    "argmax": " * labels[i] is the class with the greatest sum, the lowest if there are several.",
    "binary": " * labels[i] is 1 or 0.",
    "multilabel": " * labels[i * CLASSES + c] is 1 or 0, whether row i has label c.",
    "regression": " * labels[i * CLASSES + c] is number c of row i.",
}


@dataclass(frozen=True)
class Plan:
    """All that the texts are made of.

    Attributes:
        model: what is exported.
        name: prefix of all names.
        rows: type of a row's values, one of `gategrad.export.ROWS`.
        front: the encoder's comparisons.
        circuit: gates of at most two inputs behind them.
        word: a key of `host.WORDS`.
        style: "statements" or "tables".
    """

    model: Source
    name: str
    rows: str
    front: Front
    circuit: Circuit
    word: str
    style: str


def common_values(plan: Plan) -> dict[str, str]:
    """What the templates of every form take."""
    readout, upper = plan.model.readout, plan.name.upper()
    number = readout.kind == "regression"
    neurons = plan.model.neurons
    values = {
        "name": plan.name,
        "NAME": upper,
        "version": version(),
        "neurons": str(plan.model.circuit.n_gates if neurons is None else neurons),
        "live_gates": str(live_gates(plan.model.circuit)),
        "features": str(plan.front.n_features),
        "classes": str(readout.n_classes),
        "sha256": sha256(plan.model),
        "value": _c_type(plan.rows),
        "meaning": _meaning(plan.model),
        "label_type": "float" if number else "int32_t",
        "label_macros": label_macros(upper, plan.model),
        "labels_comment": _LABELS[readout.kind],
        "per_row": f" * {upper}_CLASSES" if readout.kind in ("multilabel", "regression") else "",
        "comparisons": str(plan.circuit.n_inputs),
        "gates": str(plan.circuit.n_gates),
    }
    return values | main_values(upper, plan.model, plan.rows)


def filled(file: str, values: Mapping[str, str]) -> str:
    """A template of this folder with its places filled in."""
    return fill("gategrad.export.c_code", file, values)


def _c_type(rows: str) -> str:
    return {"float32": "float", "float64": "double"}.get(rows, f"{rows}_t")


def _meaning(model: Source) -> str:
    if model.encoder is None:
        return "A value above 0 is a true bit."
    return "The encoder is part of it."
