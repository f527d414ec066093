"""`gategrad sweep`: look for better knobs of a preset, on the rows held back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from gategrad.cli import report
from gategrad.cli import train_options as options
from gategrad.cli.encoders import recipe_encoder
from gategrad.cli.errors import require_torch, require_writable
from gategrad.cli.options import DecimalOption, JsonOption, TargetOption
from gategrad.cli.recipe_options import takes_options
from gategrad.cli.sources import check_name, load_source, model_stem
from gategrad.cli.telling import tell_columns
from gategrad.cli.train import rows_to_choose_on, with_image_shape

if TYPE_CHECKING:
    from gategrad.train.sweep import Trial


@takes_options("layers", "steps")
def run(
    name: options.DataArgument,
    *,
    preset: options.PresetOption = "fast",
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The study; DATA.sweep.jsonl by default. For several machines the URL of a "
            "database, or journal:FILE.",
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Trials in all, those in the file included.")
    ] = 20,
    knobs: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME", help="What to vary; all knobs of the preset by default."),
    ] = None,
    target: TargetOption = None,
    category: options.CategoriesOption = None,
    ignore: options.IgnoreOption = None,
    decimal: DecimalOption = None,
    image_shape: options.ImageShapeOption = None,
    given: dict[str, object],
    validation: options.ValidationOption = None,
    seed: options.SeedOption = 0,
    threads: options.TrainThreadsOption = None,
    json: JsonOption = False,
) -> None:
    """Vary the knobs of a preset (with Optuna) and tell which were best on the rows held back.

    The test rows are not looked at. The same command again goes on with the study.
    """
    check_name(name)
    storage = storage or f"{model_stem(name)}.sweep.jsonl"
    require_torch()
    from gategrad.cli.fitting import threads_for
    from gategrad.train import preset as find_preset
    from gategrad.train import sweep
    from gategrad.train.recipes import recipe_layers

    sweep.require_optuna()
    shared = sweep.is_shared(storage)
    if not shared:
        require_writable(Path(storage))
    source = load_source(
        name, target=target, categories=category or (), ignore=ignore or (), decimal=decimal
    )
    tell_columns(source)
    source = with_image_shape(source, image_shape)
    recipe = find_preset(preset, source.name, image_shape=source.image_shape, **given)
    recipe = recipe.but(layers=recipe_layers(recipe, len(source.classes), source.image_shape))
    # What is wrong with the rows, or the levels, is said before a file is made.
    recipe_encoder(source, recipe)
    found = sweep.run_study(
        recipe,
        source.x_train,
        source.y_train,
        storage=storage,
        study_name=model_stem(name) if shared else None,
        trials=trials,
        knobs=None if knobs is None else tuple(part.strip() for part in knobs.split(",")),
        classes=len(source.classes),
        image_shape=source.image_shape,
        encoder=lambda trial: recipe_encoder(source, trial),
        validation=rows_to_choose_on(validation, len(source.y_train)),
        seed=seed,
        threads=threads_for(threads),
        progress=_tell,
    )
    best = max(found, key=lambda trial: trial.hard_accuracy)
    if json:
        report.emit_json(
            {"trials": len(found), "hard_accuracy": best.hard_accuracy, "knobs": best.knobs}
        )
        return
    report.stdout().print(_table(found))


def _tell(trial: "Trial") -> None:
    accuracy = report.percent(trial.hard_accuracy)
    report.note(f"{accuracy} in {trial.seconds:.0f} s with {_knobs(trial)}")


def _table(trials: list["Trial"]) -> Table:
    table = report.table("trial", "accuracy", "with", left=3)
    ordered = sorted(enumerate(trials), key=lambda item: -item[1].hard_accuracy)
    for number, trial in ordered[:10]:
        table.add_row(str(number), report.percent(trial.hard_accuracy), _knobs(trial))
    return table


def _knobs(trial: "Trial") -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in trial.knobs.items())
