"""A study of one process: a JSON-lines file, which is all its state."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from gategrad.records.journal import append_line, read_lines
from gategrad.train.errors import TrainError
from gategrad.train.knobs import Knob


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


class FileStudy:
    """A first line about the study, and one for each trial; made when the first trial is asked for.

    Args:
        path: of the file; a study that is there goes on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = [values for _, values in read_lines(path)] if path.exists() else []
        self._trials: list[Trial] = []

    @property
    def knobs(self) -> list[str] | None:
        """Names of those that it has varied, None where it is new."""
        # Another version may have more of them.
        return self._lines[0].get("knobs") if self._lines else None

    def open(self, about: Mapping[str, object], knobs: Mapping[str, Knob], seed: int) -> None:
        """Go on, or begin.

        Raises:
            TrainError: the file is of another study.
        """
        self._knobs, self._seed = knobs, seed
        if not self._lines:
            append_line(self._path, dict(about))
        elif self._lines[0] != about:
            raise another(str(self._path), self._lines[0], about, "another file")
        self._trials = [Trial(**values) for values in self._lines[1:]]

    def ask(self, trials: int) -> dict[str, float] | None:
        """What to try next; None where there are so many trials."""
        done = len(self._trials) >= trials
        return None if done else _propose(self._knobs, self._trials, self._seed)

    def tell(self, trial: Trial) -> None:
        """How it went."""
        append_line(self._path, asdict(trial))
        self._trials.append(trial)

    def drop(self) -> None:
        """What was asked for last has no result: it is as if it had not been."""

    def trials(self) -> list[Trial]:
        """All that are done, in order."""
        return self._trials


def another(
    name: str, there: Mapping[str, object], here: Mapping[str, object], instead: str
) -> TrainError:
    """The error that a storage holds another study."""
    return TrainError(
        f"{name} is of another study: {dict(there)} there and {dict(here)} here; use its "
        f"settings, or {instead}"
    )


def _propose(knobs: Mapping[str, Knob], done: list[Trial], seed: int) -> dict[str, float]:
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
