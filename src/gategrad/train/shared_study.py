"""A study that processes on several machines share: Optuna's own, in a database or a journal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gategrad.train.errors import TrainError
from gategrad.train.knobs import Knob
from gategrad.train.study import Trial, another

if TYPE_CHECKING:
    pass

JOURNAL = "journal:"
_ABOUT = "gategrad"


def is_shared(storage: object) -> bool:
    """Whether a storage is the URL of a database, or `journal:` and the path of a file."""
    return isinstance(storage, str) and ("://" in storage or storage.startswith(JOURNAL))


class SharedStudy:
    """Trials of all processes that name the same storage and study.

    Each process draws from what all have found so far; those still running count as bad, so that
    two of them don't try the same. A process that is killed leaves its trial running for good;
    it is one of those asked for.

    Args:
        storage: see `is_shared`.
        name: of the study in it.

    Raises:
        TrainError: no such storage; says why.
    """

    def __init__(self, storage: str, name: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._where = f"study {name!r} in {storage}"
        try:
            self._study = optuna.create_study(
                storage=_opened(storage), study_name=name, direction="maximize", load_if_exists=True
            )
        except Exception as error:  # of SQLAlchemy, of a driver that is missing, of files
            raise TrainError(
                f"can't open {self._where}: {error}; a storage is the URL of a database, such as "
                "sqlite:///study.db, or journal:FILE"
            ) from error
        self._running: optuna.Trial | None = None

    @property
    def knobs(self) -> list[str] | None:
        """Names of those that it has varied, None where it is new."""
        about: dict[str, Any] = self._study.user_attrs.get(_ABOUT, {})
        return about.get("knobs")

    def open(self, about: Mapping[str, object], knobs: Mapping[str, Knob], seed: int) -> None:
        """Go on, or begin.

        Raises:
            TrainError: it is another study.
        """
        self._knobs, self._seed = knobs, seed
        if _ABOUT not in self._study.user_attrs:
            self._study.set_user_attr(_ABOUT, dict(about))
        there, here = self._study.user_attrs[_ABOUT], _as_stored(about)
        if there != here:
            raise another(self._where, there, here, "another name")

    def ask(self, trials: int) -> dict[str, float] | None:
        """What to try next; None where so many trials are done or running."""
        from optuna.samplers import TPESampler
        from optuna.trial import TrialState

        if self._counted() >= trials:
            return None
        trial = self._study.ask()
        # Processes that ask at the same time may be too many together: the last ones give up.
        if self._counted(before=trial.number) >= trials:
            self._study.tell(trial, state=TrialState.FAIL)
            return None
        self._running = trial
        self._study.sampler = TPESampler(
            seed=(self._seed * 1_000_003 + trial.number) % 2**32, constant_liar=True
        )
        return {name: knob.suggest(name, trial) for name, knob in self._knobs.items()}

    def tell(self, trial: Trial) -> None:
        """How it went."""
        running, self._running = self._running, None
        assert running is not None
        running.set_user_attr("soft_accuracy", trial.soft_accuracy)
        running.set_user_attr("seconds", trial.seconds)
        self._study.tell(running, trial.hard_accuracy)

    def drop(self) -> None:
        """What was asked for last has no result: another trial will be in its place."""
        from optuna.trial import TrialState

        running, self._running = self._running, None
        if running is not None:
            self._study.tell(running, state=TrialState.FAIL)

    def trials(self) -> list[Trial]:
        """All that are done, of all processes, in the order in which they began."""
        from optuna.trial import TrialState

        done = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return [
            Trial(t.params, t.value, t.user_attrs["soft_accuracy"], t.user_attrs["seconds"])
            for t in done
            if t.value is not None
        ]

    def _counted(self, before: int | None = None) -> int:
        """Trials that are done or running, all or those that began before one."""
        from optuna.trial import TrialState

        states = (TrialState.COMPLETE, TrialState.RUNNING)
        found = self._study.get_trials(deepcopy=False, states=states)
        return sum(before is None or trial.number < before for trial in found)


def _opened(storage: str) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    if storage.startswith(JOURNAL):
        return JournalStorage(JournalFileBackend(storage.removeprefix(JOURNAL)))
    return storage


def _as_stored(about: Mapping[str, object]) -> object:
    """As JSON gives it back."""
    import json

    return json.loads(json.dumps(dict(about)))
