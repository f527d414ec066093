"""`gategrad demo`: the newcomer's two minutes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.text import Text

from gategrad.circuit import decompose, depth
from gategrad.cli import digits, report, speed
from gategrad.cli.errors import require_torch, require_writable
from gategrad.cli.options import JsonOption
from gategrad.cli.sources import Source, load_source
from gategrad.model import Model

if TYPE_CHECKING:
    from gategrad.cli.fitting import Outcome
    from gategrad.train import Result

PRESET, VALIDATION = "fast", 5000
INTRODUCTION = """\
A network of logic gates learns to read handwritten digits: MNIST, 28x28 pixels of one bit,
which come with gategrad. While it trains, each gate weighs the 16 Boolean functions of two
inputs, and each input 16 wires, so that all have gradients. Then each gate keeps one function
and two wires, and the network is a circuit. 5,000 training images are held back to choose the
best moment on; the 10,000 test images are looked at once, at the end."""


def run(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where to save the model.")
    ] = Path("demo/mnist.gg"),
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps to train; fewer are quicker.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of wiring, weights and order.")] = 0,
    seconds: Annotated[float, typer.Option(min=0.1, help="Time to measure speed for.")] = 2.0,
    json: JsonOption = False,
) -> None:
    """Train on handwritten digits from scratch, and see all that gategrad is about."""
    require_torch()
    out.parent.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    from gategrad.cli import fitting
    from gategrad.train import preset

    console = report.stdout()
    if not json:
        console.print(f"[bold]gategrad demo[/]\n\n{INTRODUCTION}\n", soft_wrap=True)
    source = load_source("mnist-1bit")
    recipe = preset(PRESET, source.name)
    recipe = recipe if steps is None else recipe.but(steps=steps)
    net, result = fitting.follow(recipe, source, None, validation=VALIDATION, seed=seed)
    meta = {
        "data": source.name,
        "dtype": "bool",
        "preset": PRESET,
        "layers": fitting.layers(recipe, source),
    }
    meta |= {"seed": str(seed), "steps": str(result.steps)}
    outcome = fitting.save_and_test(net, source, out=out, encoder=None, meta=meta)
    report.note("measuring speed ...")
    found = speed.measure(
        outcome.model.program(), speed.random_rows(outcome.model), seconds=seconds
    )
    if json:
        report.emit_json(_figures(outcome, result, found) | {"out": str(out)})
    else:
        console.print(report.facts(_facts(outcome, result, found)))
        console.print()
        console.print(_pictures(outcome.model, source, outcome.correct))
        console.print(Text.assemble("\nSaved as ", (str(out), "bold"), ". Go on with\n"))
        console.print(_next_commands(out))
    if (stopped := fitting.interruption(result, out)) is not None:
        raise stopped


def _figures(outcome: "Outcome", result: "Result", found: speed.Speed) -> dict[str, object]:
    return {
        **outcome.figures(),
        # A published set, whose rows are not compared.
        "seen_in_training": None,
        "neurons": outcome.model.neurons,
        "gates": outcome.gates,
        "depth": depth(decompose(outcome.model.circuit)),
        "seconds": result.seconds,
        "steps": result.steps,
        "samples_per_second": found.samples_per_second,
        "read_limit_per_second": found.read_limit_per_second,
    }


def _facts(outcome: "Outcome", result: "Result", found: speed.Speed) -> report.Facts:
    return {
        "hard accuracy": report.strong(
            report.percent(outcome.hard_accuracy), " of the test images, by the circuit"
        ),
        "soft accuracy": f"{report.percent(outcome.soft_accuracy)} by the mixtures as trained",
        "neurons": f"{outcome.model.neurons:,}",
        "live gates": report.strong(
            f"{outcome.gates:,}", f" after optimization, {outcome.gates_before:,} before"
        ),
        "depth": f"{depth(decompose(outcome.model.circuit))} gates",
        "training": f"{result.steps:,} steps in {result.seconds:.0f} s; "
        f"the best was step {result.best_step:,}",
        "speed": report.strong(
            report.rate(found.samples_per_second),
            f" on one core, {found.ns_per_sample:.4g} ns an image, pixels to label",
        ),
        "": f"{100 * found.share:.3g} % of the speed at which memory delivers the pixels",
    }


def _pictures(model: Model, source: Source, correct: np.ndarray) -> Text:
    """Four test images that the model reads right and one that it doesn't, if there are such."""
    shown = [*np.flatnonzero(correct)[:4], *np.flatnonzero(~correct)[:1]]
    labels = model.predict(source.x_test[shown])
    pictures = [digits.as_text(image.reshape(28, 28)) for image in source.x_test[shown]]
    captions = [
        f"read as {label}" if label == truth else f"{truth} read as {label}"
        for label, truth in zip(labels, source.y_test[shown], strict=True)
    ]
    return Text("\n".join(digits.side_by_side(pictures, captions)))


def _next_commands(out: Path) -> Text:
    verbs = {
        "eval": "accuracy, for each digit too",
        "bench": "images a second, beside the speed of memory",
        "inspect": "what the circuit consists of",
    }
    lines = [f"  gategrad {verb} {out}".ljust(34) + f"   {what}" for verb, what in verbs.items()]
    return Text("\n".join(lines))
