"""An explanation as text, as a DOT graph, and as one page of HTML that needs nothing else."""

from html import escape
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from gategrad.export.artifact import Artifact
from gategrad.export.dot import MOST_GATES, graph_lines, input_names, quoted
from gategrad.export.errors import ExportError
from gategrad.export.explain.cone import Cone, class_cone, cone_text, encoded, row_cone
from gategrad.export.explain.influence import by_feature, influence
from gategrad.export.source import Source, checked_name
from gategrad.export.template import fill

_MOST_BARS, _CELL, _RANDOM_ROWS = 30, 10, 200


def explain(
    model: Source,
    *,
    number: int | None = None,
    row: NDArray | None = None,
    rows: NDArray | None = None,
    name: str = "model",
) -> Artifact:
    """Say what a class, or the decision on a row, rests on.

    Args:
        model: a `gategrad.Model`; optimize it first.
        number: of a class.
        row: (features,) instead of a class: one row.
        rows: (n, features) on which the weight of inputs is measured, where a class is explained;
            random bits where None.
        name: of the files and the graph.

    Returns:
        NAME.txt, NAME.html, and NAME.dot unless it had too many gates to be drawn.

    Raises:
        ExportError: both a class and a row, or neither; no such class; a row of another width.
    """
    name = checked_name(name)
    if (number is None) == (row is None):
        raise ExportError("give either a class or a row to explain")
    if row is not None:
        cone = row_cone(model, row)
        bits, basis = encoded(model, row), "on this row"
    else:
        assert number is not None
        cone = class_cone(model, number)
        bits, basis = _sample(model, rows)
    moved = influence(model, bits, number=number)
    lines = [*_summary(model, cone, row), *_heaviest(model, moved, basis), *cone_text(model, cone)]
    files: dict[str, str | bytes] = {f"{name}.txt": "".join(f"{line}\n" for line in lines)}
    if len(cone.gates) <= MOST_GATES:
        files[f"{name}.dot"] = _graph(model, cone, name)
    values = {
        "title": escape(lines[0]),
        "summary": "".join(f"<p>{escape(line)}</p>" for line in _summary(model, cone, row)),
        "picture": _picture(model, moved, row),
        "basis": escape(basis),
        "logic": escape("\n".join(cone_text(model, cone))),
    }
    files[f"{name}.html"] = fill("gategrad.export.explain", "report.html.in", values)
    return Artifact(files)


def _sample(model: Source, rows: NDArray | None) -> tuple[NDArray[np.bool_], str]:
    if rows is not None:
        return encoded(model, rows), f"on {len(rows):,} rows"
    shape = _RANDOM_ROWS, model.circuit.n_inputs
    return np.random.default_rng(0).random(shape) < 0.5, f"on {_RANDOM_ROWS} rows of random bits"


def _summary(model: Source, cone: Cone, row: NDArray | None) -> list[str]:
    size = (
        f"{len(cone.gates):,} of {model.circuit.n_gates:,} gates, and "
        f"{len(cone.inputs):,} of {model.circuit.n_inputs:,} inputs"
    )
    names = [_class_name(model, c) for c in cone.classes]
    if row is None:
        return [f"The sum of {names[0]} depends on {size}."]
    sums = model.sums(np.asarray(row)[None])[0]
    told = ", ".join(f"{n} has the sum {sums[c]}" for n, c in zip(names, cone.classes, strict=True))
    here, total = cone.terms
    return [
        f"{told}.",
        f"{here:,} of the {total:,} outputs that count between them speak for that.",
        f"These are as they are because of {size}.",
    ]


def _class_name(model: Source, number: int) -> str:
    if model.labels is None or model.readout.kind == "binary":
        return f"class {number}"
    return f"class {number} ({model.labels[number]})"


def _heaviest(model: Source, moved: NDArray[np.float64], basis: str) -> list[str]:
    names = input_names(model)
    order = [j for j in np.argsort(-moved, kind="stable")[:10].tolist() if moved[j] > 0]
    told = ", ".join(f"{names[j]} ({moved[j]:.3g})" for j in order)
    return [f"Inputs that move the sums most {basis}: {told or 'none'}.", ""]


def _graph(model: Source, cone: Cone, name: str) -> str:
    """The cone, with what each gate is for the row; ends are its roots."""
    circuit = model.circuit
    first = 2 + circuit.n_inputs
    ends = [f"  end [shape=box, style=bold, label={quoted(', '.join(_ends(model, cone)))}];"]
    ends += [f"  {_node(s, first)} -> end;" for s in sorted(set(cone.roots.tolist())) if s > 1]
    if cone.values is not None:
        true = [s for s in (cone.gates + first).tolist() if cone.values[s]]
        ends += [f"  {_node(s, first)} [fillcolor=gray85, style=filled];" for s in true]
    part = (cone.gates, cone.inputs)
    lines = graph_lines(circuit, name, cone.roots, input_names(model), ends, part)
    return "".join(f"{line}\n" for line in lines)


def _ends(model: Source, cone: Cone) -> list[str]:
    return [_class_name(model, c) for c in cone.classes]


def _node(signal: int, first: int) -> str:
    return f"g{signal - first}" if signal >= first else f"i{signal - 2}"


def _picture(model: Source, moved: NDArray[np.float64], row: NDArray | None) -> str:
    """Squares for images of a square number of features, else bars; beside them the row itself."""
    features = by_feature(model, moved)
    side = 0 if features is None else isqrt(len(features))
    if features is not None and side * side == len(features) and side > 2:
        shown = [_image(features, side)]
        if row is not None:
            shown.append(_image(np.asarray(row, np.float64), side))
        return "".join(shown)
    return _bars(input_names(model), moved)


def _image(values: NDArray[np.float64], side: int) -> str:
    top = max(float(values.max()), 1e-300)
    cells = "".join(
        f'<rect x="{i % side * _CELL}" y="{i // side * _CELL}" width="{_CELL}" height="{_CELL}" '
        f'fill-opacity="{max(0.0, v) / top:.2f}"/>'
        for i, v in enumerate(values.tolist())
    )
    return f'<svg width="{side * _CELL}" height="{side * _CELL}" class="image">{cells}</svg>'


def _bars(names: list[str], moved: NDArray[np.float64]) -> str:
    order = np.argsort(-moved, kind="stable")[:_MOST_BARS].tolist()
    top = max(float(moved.max(initial=0)), 1e-300)
    lines = "".join(
        f'<text x="0" y="{20 * i + 14}">{escape(names[j])}</text>'
        f'<rect x="300" y="{20 * i + 3}" width="{300 * moved[j] / top:.1f}" height="14"/>'
        for i, j in enumerate(order)
    )
    return f'<svg width="620" height="{20 * len(order)}">{lines}</svg>'
