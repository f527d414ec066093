"""A study of a recipe's knobs with Optuna, on the rows held back; its file is all its state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from gategrad.encoding import Encoder
from gategrad.options import options_of
from gategrad.records.journal import append_line, read_lines
from gategrad.train.errors import TrainError
from gategrad.train.recipe import Recipe
from gategrad.train.recipes import fit_recipe
from gategrad.train.rows import Validation

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Knob:
    """An option to vary: what to draw it from, and where it does something."""

    low: float
    high: float
    whole: bool
    applies: Callable[[Recipe], bool]

    def distribution(self) -> "optuna.distributions.BaseDistribution":
        """As Optuna has it."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole:
            return IntDistribution(int(self.low), int(self.high))
        return FloatDistribution(self.low, self.high, log=True)


def _knobs() -> dict[str, Knob]:
    """The options of a recipe that have a range to draw from, by rank."""
    varied = [(name, about) for name, about in options_of(Recipe).items() if about.sweep]
    varied.sort(key=lambda item: item[1].sweep.rank)
    return {
        name: Knob(about.sweep.low, about.sweep.high, about.sweep.whole, about.applies.test)
        for name, about in varied
    }


KNOBS = _knobs()
# What an encoder that is there already settles.
_OF_ENCODER = ("thermometer",)
# Makes the encoder of a trial, None where rows are bits.
MakeEncoder = Callable[[Recipe], Encoder | None]


@dataclass(frozen=True)
class Trial:
    """One training run of a study.

    Attributes:
        knobs: what was drawn.
        hard_accuracy: of the best evaluation on the rows held back.
        soft_accuracy: there.
        seconds: of the training loop.
    """

    knobs: dict[str, float]
    hard_accuracy: float
    soft_accuracy: float
    seconds: float


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
            is missing. A study that is there goes on as if it had never stopped.
        trials: in all, those in the file included.
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
        TrainError: no Optuna, an unknown knob, or a file of another study.
    """
    require_optuna()
    # What has `encode` is an encoder, though it may be called too.
    make_encoder = None if encoder is None or hasattr(encoder, "encode") else encoder
    lines = [values for _, values in read_lines(storage)] if Path(storage).exists() else []
    if knobs is None and lines:
        # Another version may have more of them.
        knobs = lines[0].get("knobs")
    chosen = _chosen(recipe, knobs, without=() if make_encoder else _OF_ENCODER)
    about = {"study": recipe.settings(), "knobs": list(chosen), "seed": seed}
    done = _opened(Path(storage), lines, about)
    while len(done) < trials:
        drawn = _propose(chosen, done, seed)
        trial_recipe = recipe.but(**drawn)
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
        trial = Trial(drawn, result.hard_accuracy, result.soft_accuracy, round(result.seconds, 2))
        append_line(storage, asdict(trial))
        progress(trial)
        done.append(trial)
    return done


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


def _opened(
    path: Path, lines: Sequence[dict[str, object]], about: Mapping[str, object]
) -> list[Trial]:
    """The trials in the file's lines; it is started where there are none."""
    if not lines:
        append_line(path, dict(about))
        return []
    if lines[0] != about:
        raise TrainError(
            f"{path} is of another study: {lines[0]} there and {dict(about)} here; use its "
            "settings, or another file"
        )
    return [Trial(**values) for values in lines[1:]]


def _propose(knobs: Mapping[str, Knob], done: Sequence[Trial], seed: int) -> dict[str, float]:
    """The knobs of the next trial, from those done and the seed alone."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    spaces = {name: knob.distribution() for name, knob in knobs.items()}
    sampler = optuna.samplers.TPESampler(seed=(seed * 1_000_003 + len(done)) % 2**32)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for trial in done:
        study.add_trial(
            optuna.trial.create_trial(
                params=trial.knobs, distributions=spaces, value=trial.hard_accuracy
            )
        )
    return dict(study.ask(spaces).params)
