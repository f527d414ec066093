"""`gategrad inspect`: what a model consists of."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from gategrad.circuit import Circuit, Netlist, decompose, depth, function_histogram
from gategrad.cli import report
from gategrad.cli.loading import load_model, n_classes
from gategrad.cli.options import JsonOption, ModelArgument
from gategrad.cli.seen import KEYS
from gategrad.export.explain.rules import MOST_GATES, rules
from gategrad.model import Model, whole_count


def run(path: ModelArgument, json: JsonOption = False) -> None:
    """Show a model's size: neurons, live gates, depth, inputs, classes, functions.

    Live gates, depth and functions are those of the optimized circuit, which the file need not
    hold. Gates are counted, and depth is measured, in gates of two inputs. The whole has besides
    the adders that sum the outputs and the comparators of the encoder, which live gates leave out.
    Of a small circuit the rules follow: what each class counts, by columns and thresholds.
    """
    model = load_model(path)
    small = model.optimize()
    whole = whole_count(small.circuit, small.readout, small.encoder)
    figures = {
        "neurons": model.neurons,
        "gates": whole.gates,
        "adders": whole.adders,
        "comparators": whole.comparators,
        "depth": depth(decompose(small.circuit)),
        "inputs": small.circuit.n_inputs,
        "classes": n_classes(model),
    }
    if json:
        report.emit_json(figures)
        return
    console = report.stdout()
    console.print(report.facts(_facts(path, model, small, figures)))
    if small.circuit.n_gates:
        console.print()
        console.print(_functions(small.circuit))
    if small.circuit.n_gates <= MOST_GATES:
        console.print()
        for line in rules(small):
            console.print(report.shown(line), highlight=False, markup=False, soft_wrap=True)


def _facts(path: Path, model: Model, small: Model, figures: dict[str, int]) -> report.Facts:
    meta = ", ".join(
        f"{key} {value}" for key, value in sorted(model.meta.items()) if key not in KEYS
    )
    stored = model.circuit.n_gates
    unoptimized = "" if stored == small.circuit.n_gates else f"; {stored:,} in the file"
    return {
        "file": f"{path}, {report.bytes_text(path.stat().st_size)}",
        "neurons": f"{figures['neurons']:,}",
        "live gates": report.strong(f"{figures['gates']:,}", f"{unoptimized}{_without(figures)}"),
        "depth": f"{figures['depth']} gates{_in_luts(small.circuit)}",
        "inputs": f"{_n_used(small):,} used of {figures['inputs']:,}",
        "encoder": _encoder(model),
        "classes": f"{figures['classes']}{_labels(model)}",
        "readout": f"{model.readout.kind}, {len(small.readout.index):,} weights",
        "engine": _engine(small),
        "trained on": meta or "not recorded",
    }


def _without(figures: dict[str, int]) -> str:
    return f"; not counting {figures['adders']:,} adders and {figures['comparators']:,} comparators"


def _in_luts(circuit: Circuit) -> str:
    """The same in the circuit's own gates, where some are wider than those that are counted."""
    if circuit.width <= 2:
        return ""
    return f" of 2 inputs; as {circuit.n_gates:,} of up to {circuit.width}: {depth(circuit)}"


def _engine(model: Model) -> str:
    """What would run the model here, and why."""
    try:
        program = model.program()
    except ValueError as error:
        return f"none: {error}"
    return f"{program.backend}, {program.isa}: {program.reason}"


def _n_used(model: Model) -> int:
    """Inputs that a gate or the readout reads."""
    circuit = model.circuit
    return len(Netlist(circuit).live_inputs(circuit.outputs[model.readout.index]))


def _encoder(model: Model) -> str:
    if model.encoder is None:
        return "none: rows are bits"
    kind = type(model.encoder).__name__.lower()
    return f"{kind}, {model.encoder.n_features:,} features to {model.encoder.n_inputs:,} bits"


def _labels(model: Model) -> str:
    if model.labels is None:
        return ""
    names = [str(label) for label in model.labels]
    return f": {', '.join(names[:10])}{', ...' if len(names) > 10 else ''}"


def _functions(circuit: Circuit) -> Table:
    histogram = function_histogram(circuit)
    table = report.table("function", "gates", "share", left=1)
    table.add_column("")
    for name, n in histogram.items():
        bar = Text(report.bar(n / max(histogram.values())), "cyan")
        table.add_row(name, f"{n:,}", report.percent(n / circuit.n_gates), bar)
    return table
