"""A study of a recipe's knobs with Optuna, on the rows held back."""

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path

from numpy.typing import ArrayLike

from gategrad.encoding import Encoder
from gategrad.train.errors import TrainError
from gategrad.train.knobs import KNOBS, Knob
from gategrad.train.recipe import Recipe
from gategrad.train.recipes import fit_recipe
from gategrad.train.rows import Validation
from gategrad.train.shared_study import SharedStudy, is_shared
from gategrad.train.study import FileStudy, Trial

# What an encoder that is there already settles.
_OF_ENCODER = ("thermometer",)
# Makes the encoder of a trial, None where rows are bits.
MakeEncoder = Callable[[Recipe], Encoder | None]


def require_optuna() -> None:
    """Raise TrainError where Optuna can't be imported."""
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise TrainError("a sweep needs Optuna: pip install gategrad[sweep]") from error


def run_study(
    recipe: Recipe,
    x: ArrayLike,
    y: ArrayLike,
    *,
    storage: str | PathLike,
    study_name: str | None = None,
    trials: int = 20,
    knobs: Sequence[str] | None = None,
    classes: int | None = None,
    image_shape: Sequence[int] | None = None,
    encoder: Encoder | MakeEncoder | None = None,
    validation: Validation = 0.1,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[Trial], None] = lambda trial: None,
) -> list[Trial]:
    """Train the recipe with knobs that a tree of Parzen estimators proposes (Optuna's TPE).

    Args:
        recipe: whose other options hold in all trials.
        x: rows, see `fit_recipe`; as are classes, image_shape, encoder, validation, threads.
        y: labels.
        storage: JSON-lines file, a first line for the study and one for each trial; made where it
            is missing. A study that is there goes on as if it had never stopped. Or what several
            processes and machines share: the URL of a database as Optuna takes it, such as
            `sqlite:///study.db`, or `journal:` and the path of a file, which may be on a network.
        study_name: in a storage that is shared, which may hold many; "gategrad" where None.
        trials: in all, those that are there, or running elsewhere, included.
        knobs: names among `KNOBS`; None: all that apply to the recipe and the encoder.
        classes: number of classes.
        image_shape: of images.
        encoder: fitted; or a function that fits one for a trial's recipe, which the knob
            "thermometer" needs.
        validation: rows held back; the accuracy there is what counts.
        seed: of every training run, and of the proposals.
        threads: to train with.
        progress: called with every new trial.

    Returns:
        All trials, in order.

    Raises:
        TrainError: no Optuna, an unknown knob, a storage of another study or one that can't be
            opened, or a name for the study in a file, which holds one.
    """
    require_optuna()
    study = _study(storage, study_name)
    # What has `encode` is an encoder, though it may be called too.
    make_encoder = None if encoder is None or hasattr(encoder, "encode") else encoder
    names = study.knobs if knobs is None else knobs
    chosen = _chosen(recipe, names, without=() if make_encoder else _OF_ENCODER)
    study.open({"study": recipe.settings(), "knobs": list(chosen), "seed": seed}, chosen, seed)
    while (drawn := study.ask(trials)) is not None:
        trial_recipe = recipe.but(**drawn)
        try:
            _, result = fit_recipe(
                trial_recipe,
                x,
                y,
                classes=classes,
                image_shape=image_shape,
                encoder=make_encoder(trial_recipe) if make_encoder else encoder,
                validation=validation,
                seed=seed,
                threads=threads,
                progress=False,
            )
            if result.stopped == "interrupted":
                raise KeyboardInterrupt
        except BaseException:
            study.drop()
            raise
        trial = Trial(drawn, result.hard_accuracy, result.soft_accuracy, round(result.seconds, 2))
        study.tell(trial)
        progress(trial)
    return study.trials()


def _study(storage: str | PathLike, name: str | None) -> FileStudy | SharedStudy:
    if is_shared(storage):
        return SharedStudy(str(storage), name or "gategrad")
    if name is not None:
        raise TrainError(
            f"a file such as {storage} holds one study; leave study_name out, or name the URL of "
            "a database, or journal:FILE, as storage"
        )
    return FileStudy(Path(storage))


def _chosen(recipe: Recipe, names: Sequence[str] | None, without: Sequence[str]) -> dict[str, Knob]:
    if names is None:
        applying = {name: knob for name, knob in KNOBS.items() if knob.applies(recipe)}
        if isinstance(recipe.thermometer, tuple):
            # Levels that were chosen, which no number of them would give.
            without = (*without, *_OF_ENCODER)
        return {name: knob for name, knob in applying.items() if name not in without}
    for name in names:
        if name not in KNOBS:
            raise TrainError(f"unknown knob {name!r}; known: {', '.join(KNOBS)}")
        if not KNOBS[name].applies(recipe):
            raise TrainError(f"knob {name!r} does nothing in {recipe}; leave it out")
        if name in without:
            raise TrainError(
                f"knob {name!r} needs a function that fits an encoder for each trial; give it as "
                "encoder"
            )
    return {name: KNOBS[name] for name in names}
