"""`gategrad ensemble`: several models as one, or a model and its image in the mirror."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gategrad.circuit import live_gates
from gategrad.cli import report
from gategrad.cli.errors import CommandError, require_writable
from gategrad.cli.loading import load_model
from gategrad.cli.options import JsonOption, read_image_shape
from gategrad.model import Model, ensemble, mirrored


def run(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL...",
            help="Models of one task, and of one encoder or filters over the same images.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The .gg file.")],
    weights: Annotated[
        str | None,
        typer.Option(metavar="W,W", help="What each model's scores count; equally by default."),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            metavar="CxHxW",
            help="Answer by the mirror image too, of images of this shape: for models trained with "
            "--flip, twice the gates and up to a point more.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make one model of several, whose scores are the weighted sum of theirs; or of one, --mirror.

    Nothing is trained. Gates that models share are there once.
    """
    require_writable(out)
    models = [load_model(path) for path in paths]
    factors = _numbers(weights, len(models))
    if mirror is not None:
        shape = read_image_shape(mirror, "--mirror")
        models = [view for model in models for view in (model, mirrored(model, shape))]
        factors = None if factors is None else [w / 2 for w in factors for _ in range(2)]
    if len(models) == 1:
        raise CommandError(f"{paths[0]} alone is no ensemble; name another model, or use --mirror")
    made = ensemble(models, factors).optimize()
    made = replace(made, meta=_common(models) | dict(made.meta or {}))
    made.save(out)
    figures = {
        "models": len(models),
        "gates": live_gates(made.circuit),
        "score_error": float((made.meta or {})["score_error"]),
    }
    if json:
        report.emit_json(figures)
        return
    facts = {
        "file": f"{out}, {report.bytes_text(out.stat().st_size)}",
        "models": f"{len(models)}" + (", half of them in the mirror" if mirror else ""),
        "live gates": f"{figures['gates']:,}",
        "scores": f"off by at most {figures['score_error']:.3g}",
    }
    report.stdout().print(report.facts(facts))


def _numbers(text: str | None, n: int) -> list[float] | None:
    if text is None:
        return None
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) != n:
        raise CommandError(f"--weights is {text!r}; expected {n} numbers, one a model, as 1,0.5")
    return found


def _common(models: Sequence[Model]) -> dict[str, str]:
    """What the models' metas agree on, such as their data."""
    first, *others = (dict(model.meta or {}) for model in models)
    return {k: v for k, v in first.items() if all(meta.get(k) == v for meta in others)}
