"""`gategrad train`: from a data set to a saved model."""

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from gategrad.cli import report
from gategrad.cli import train_options as options
from gategrad.cli.encoders import passes_gaps, recipe_encoder
from gategrad.cli.errors import CommandError, require_torch, require_writable
from gategrad.cli.options import (
    DecimalOption,
    JsonOption,
    TargetOption,
    Unknown,
    UnknownOption,
    read_image_shape,
)
from gategrad.cli.recipe_options import flag, takes_options
from gategrad.cli.sources import (
    Source,
    check_name,
    doubled,
    load_source,
    model_stem,
    rows_meta,
)
from gategrad.cli.telling import tell_columns, tell_unknown
from gategrad.encoding import KnownCategories
from gategrad.files import table_meta
from gategrad.records import append

if TYPE_CHECKING:
    from gategrad.cli.fitting import Outcome
    from gategrad.train import Recipe, Result

# A tenth of fewer rows than ten times FEW_ROWS would be missed more than it tells.
MAX_VALIDATION, FEW_ROWS = 5000, 50
Given = dict[str, object]


@takes_options()
def run(
    name: options.DataArgument,
    *,
    out: options.OutOption = None,
    preset: options.PresetOption = "plain",
    record: options.RecordOption = None,
    target: TargetOption = None,
    task: options.TaskOption = "classification",
    category: options.CategoriesOption = None,
    ignore: options.IgnoreOption = None,
    test: options.TestOption = None,
    decimal: DecimalOption = None,
    unknown: UnknownOption = Unknown.zero,
    image_shape: options.ImageShapeOption = None,
    given: Given,
    validation: options.ValidationOption = None,
    calibrate: options.CalibrateOption = False,
    threshold: options.ThresholdOption = None,
    seed: options.SeedOption = 0,
    folds: options.FoldsOption = None,
    seeds: options.SeedsOption = 1,
    checkpoint: options.CheckpointOption = None,
    resume: options.ResumeOption = False,
    tensorboard: options.TensorBoardOption = None,
    threads: options.TrainThreadsOption = None,
    json: JsonOption = False,
) -> None:
    """Train a network, turn it into a circuit, optimize and save it, and test it once.

    A .npz holds x and y, or x_train, y_train, x_test and y_test; of a file in one part a quarter
    is held out to test on. Ctrl-C ends the training early and saves the best network so far.
    """
    started = perf_counter()
    if seeds > 1 and folds is None:
        raise CommandError("--seeds is for --folds, the parts that it trains a network for")
    out = _place(name, out, checkpoint, record, resume=resume)
    require_torch()
    from gategrad.cli import fitting, folding
    from gategrad.cli.deciding import Deciding
    from gategrad.cli.recording import make_record
    from gategrad.train import TensorBoard

    callbacks = [] if tensorboard is None else [TensorBoard(tensorboard)]
    source = load_source(
        name,
        target=target,
        categories=category or (),
        task=task,
        ignore=ignore or (),
        decimal=decimal,
        gaps=passes_gaps(given.get("missing")),
        test=test,
    )
    _check_parts(source)
    _check_task(source, given, record=record)
    source = with_image_shape(source, image_shape)
    recipe = _recipe(preset, source, given)
    encoder = recipe_encoder(source, recipe)
    strange = KnownCategories(encoder).unknown(source.x_test)
    tell_unknown(strange, len(source.y_test), refuse=unknown is Unknown.error)
    to_choose_on = rows_to_choose_on(validation, len(source.y_train))
    deciding = Deciding(calibrate, threshold, to_choose_on, seed)
    deciding.check(source)
    figures: list[float] = []
    if folds is not None:
        asked = folding.Folds(folds, range(seed, seed + seeds))
        figures = folding.cross_validated(
            recipe, source, asked, validation=to_choose_on, threads=threads
        )
    net, result = fitting.follow(
        recipe,
        source,
        encoder,
        validation=to_choose_on,
        seed=seed,
        checkpoint=checkpoint,
        resume=resume,
        threads=threads,
        callbacks=callbacks,
    )
    meta = {"data": source.name, "dtype": str(source.x_train.dtype), "layers": recipe.layers}
    meta |= {"preset": preset, "seed": str(seed)} | ({} if target is None else {"target": target})
    meta |= {} if test is None else {"test": Path(test).as_posix()}
    meta |= table_meta(source.dates, decimal) | rows_meta(source)
    model, gates_before = fitting.save(
        net, source, out=out, encoder=encoder, meta=meta, deciding=deciding
    )
    total_seconds = perf_counter() - started
    outcome = fitting.test(net, model, source, encoder=encoder, gates_before=gates_before)
    _show(outcome, result, source, out, figures, json=json)
    if (stopped := fitting.interruption(result, out)) is not None:
        raise stopped
    if record is not None:
        made = make_record(
            recipe,
            result,
            outcome,
            source,
            preset=preset,
            options=given | ({} if validation is None else {"validation": validation}),
            seed=seed,
            total_seconds=total_seconds,
            resumed=resume,
            threads=threads,
        )
        append(record, made)


def _place(
    name: str, out: Path | None, checkpoint: Path | None, record: Path | None, *, resume: bool
) -> Path:
    """Where the model goes; refuses what would only be found out after the training."""
    check_name(name)
    if resume and checkpoint is None:
        raise CommandError("--resume needs --checkpoint FILE, the file to go on from")
    out = out or Path(f"{model_stem(name)}.gg")
    for path in (out, checkpoint or out, record or out):
        require_writable(path)
    return out


def _recipe(preset: str, source: Source, given: Given) -> "Recipe":
    """The preset's recipe with the options that were given; notes those that do nothing."""
    from gategrad.cli import fitting
    from gategrad.train import preset as find_preset

    recipe = find_preset(preset, source.name, image_shape=source.image_shape, **given)
    for name, what in recipe.idle(tuple(given)).items():
        report.note(f"{flag(name)} does nothing here: it is for {what}")
    return recipe.but(layers=fitting.layers(recipe, source))


def _check_parts(source: Source) -> None:
    """Say what the columns are and what the split could not do; refuse data without test rows."""
    tell_columns(source)
    if not len(source.y_test):
        raise CommandError(
            f"{source.name} leaves no rows to test on; give it more rows, or as a .npz with x_test "
            "and y_test"
        )
    if source.y_train.ndim == 1:
        for part, y in (("train on", source.y_train), ("test on", source.y_test)):
            counts = np.bincount(y, minlength=len(source.classes))
            lacking = [repr(source.classes[c]) for c in np.flatnonzero(counts == 0)]
            if lacking:
                report.note(f"no row to {part} is of class {', '.join(lacking)}")
    same = doubled(source)
    if same is not None and same.share:
        report.note(
            f"of the rows to test on, {same.text(len(source.y_test))}: equal in all columns"
        )


def _check_task(source: Source, given: Given, *, record: Path | None) -> None:
    """Refuse options that have no meaning for the source's kind of targets."""
    if source.kind == "regression" and ("tau" in given or given.get("bias")):
        raise CommandError("--tau and --bias are not for regression, whose range the targets give")
    if source.kind in ("multilabel", "regression") and record is not None:
        raise CommandError("--record is for classifiers, whose accuracies it compares")


def with_image_shape(source: Source, text: str | None) -> Source:
    """The source with the shape that `--image-shape` gives, if any."""
    if text is None:
        return source
    shape = read_image_shape(text, "--image-shape")
    shape = shape if len(shape) == 3 else (1, *shape)
    n_features = source.x_train.shape[1]
    if shape[0] * shape[1] * shape[2] != n_features:
        raise CommandError(f"--image-shape is {text}, but the rows have {n_features} numbers")
    return replace(source, image_shape=shape)


def rows_to_choose_on(asked: float | None, n_rows: int) -> int | float | None:
    """What `fit` takes: a count, a fraction, or None for no rows."""
    if asked is None:
        tenth = min(MAX_VALIDATION, n_rows // 10)
        return tenth if tenth >= FEW_ROWS else None
    if asked == 0:
        return None
    if asked >= 1 and asked != int(asked):
        raise CommandError(f"--validation is {asked}; expected a fraction below 1 or whole rows")
    return int(asked) if asked >= 1 else asked


def _shown_figures(outcome: "Outcome", source: Source) -> dict[str, object]:
    same = doubled(source)
    return {**outcome.figures(), "seen_in_training": None if same is None else same.share}


def _show(
    outcome: "Outcome",
    result: "Result",
    source: Source,
    out: Path,
    folds: list[float],
    *,
    json: bool,
) -> None:
    if json:
        report.emit_json(
            {
                **_shown_figures(outcome, source),
                "neurons": outcome.model.neurons,
                "gates": outcome.gates,
                "seconds": result.seconds,
                "steps": result.steps,
                **({"folds": folds, "fold_mean": float(np.mean(folds))} if folds else {}),
            }
        )
        return
    report.stdout().print(
        report.facts(
            {
                **_figures(outcome),
                **_of_folds(folds, outcome.kind),
                "tested on": f"{len(source.y_test):,} rows: {source.test_part}",
                "neurons": f"{outcome.model.neurons:,}",
                "live gates": f"{outcome.gates:,} after optimization",
                "training": f"{result.steps:,} steps in {result.seconds:.1f} s, the best at "
                f"step {result.best_step:,}",
                "saved": str(out),
            }
        )
    )


def _of_folds(folds: list[float], kind: str) -> report.Facts:
    if not folds:
        return {}
    ends = (np.mean(folds), min(folds), max(folds))
    said = [f"{v:.4f}" if kind == "regression" else report.percent(float(v)) for v in ends]
    return {"cross-validated": f"{said[0]}, {said[1]} to {said[2]} in {len(folds)} runs"}


def _figures(outcome: "Outcome") -> report.Facts:
    hard, soft = outcome.hard, outcome.soft
    if outcome.kind == "regression":
        return {
            "R2": report.strong(f"{hard:.4f}", " hard, measured on the circuit"),
            "": f"{soft:.4f} soft, of the relaxed network",
            "RMSE": f"{outcome.more['rmse']:.6g}, {outcome.more['constant_rmse']:.6g} of the mean",
        }
    name = "label accuracy" if outcome.kind == "multilabel" else "accuracy"
    facts = {
        name: report.strong(report.percent(hard), " hard, measured on the circuit"),
        "": f"{report.percent(soft)} soft, of the relaxed network",
        "always the same": f"{report.percent(outcome.more['constant_accuracy'])}, what a constant "
        "answer gets",
    }
    if outcome.kind == "multilabel":
        facts["all labels right"] = report.percent(outcome.more["subset_accuracy"])
    return facts
