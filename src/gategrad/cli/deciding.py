"""Temperature and threshold of a trained model, set on the rows that its training held back.

Imports torch.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from gategrad.cli.errors import CommandError
from gategrad.cli.sources import Source
from gategrad.model import (
    THRESHOLD_METRICS,
    Model,
    calibrated,
    chosen_threshold,
    with_threshold,
)
from gategrad.train.splitting import held_rows
from gategrad.train.targets import strata


@dataclass(frozen=True)
class Deciding:
    """What is asked for.

    Attributes:
        calibrate: whether to set a temperature.
        threshold: a probability as text, the name of a metric, or None.
        validation: rows that training holds back, see `train.fit`.
        seed: by which it does.
    """

    calibrate: bool
    threshold: str | None
    validation: int | float | None
    seed: int

    def check(self, source: Source) -> None:
        """Refuse what would only be found out after the training.

        Raises:
            CommandError: no classes, not two of them, no rows held back, or an unknown threshold.
        """
        if self.calibrate and source.kind not in ("argmax", "binary"):
            raise CommandError(f"--calibrate is for classes, and the task is {source.kind}")
        if self.threshold is not None:
            self._check_threshold(source)
        if self._held_back and self.validation is None:
            raise CommandError(
                "--calibrate and --threshold METRIC need rows held back, and there are too few to "
                "hold some back by default; say how many by --validation"
            )

    def apply(self, model: Model, source: Source) -> Model:
        """The model with its temperature, and its threshold, which its meta names too."""
        threshold = None if self.threshold is None else _number(self.threshold)
        if self._held_back:
            x, y = self._rows(source)
            bare, labels = model, np.array(model.labels)[y]
            bare = calibrated(bare, x, labels) if self.calibrate else bare
            if self.threshold in THRESHOLD_METRICS:
                threshold = chosen_threshold(bare, x, labels, metric=str(self.threshold))
            model = bare
        if threshold is None:
            return model
        meta = {**(model.meta or {}), "threshold": f"{threshold:.4g}"}
        return replace(with_threshold(model, threshold), meta=meta)

    @property
    def _held_back(self) -> bool:
        return self.calibrate or self.threshold in THRESHOLD_METRICS

    def _rows(self, source: Source) -> tuple[np.ndarray, np.ndarray]:
        assert self.validation is not None
        groups = strata(torch.from_numpy(np.asarray(source.y_train)))
        held = held_rows(groups, self.validation, self.seed)
        return source.x_train[held], source.y_train[held]

    def _check_threshold(self, source: Source) -> None:
        given = str(self.threshold)
        number = _number(given)
        if given not in THRESHOLD_METRICS and (number is None or not 0 < number < 1):
            raise CommandError(
                f"--threshold is {given!r}; expected a probability above 0 and below 1, or one of "
                f"{', '.join(THRESHOLD_METRICS)}"
            )
        if source.kind not in ("argmax", "binary") or len(source.classes) != 2:
            raise CommandError(
                f"--threshold is for two classes; {source.name} has {len(source.classes)} "
                f"({source.kind})"
            )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
