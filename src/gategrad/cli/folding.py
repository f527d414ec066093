"""Cross-validation before the training: what a recipe reaches on rows that it was not trained on.

Imports torch.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gategrad import discretize, train
from gategrad.circuit.figures import figure
from gategrad.cli.encoders import recipe_encoder
from gategrad.cli.errors import CommandError
from gategrad.cli.fitting import follow
from gategrad.cli.sources import SPLIT_SEED, Source


@dataclass(frozen=True)
class Folds:
    """What is asked for.

    Attributes:
        folds: parts that the training rows are split into, each class in proportion.
        seeds: of the networks of each part.
    """

    folds: int
    seeds: Sequence[int]


def cross_validated(
    recipe: train.Recipe,
    source: Source,
    asked: Folds,
    *,
    validation: int | float | None,
    threads: int | None,
) -> list[float]:
    """The figure of the circuit on each part, trained on the others; seed by seed.

    Args:
        recipe: to follow.
        source: whose training rows are taken; its test rows are not looked at.
        asked: how often.
        validation: rows to choose on, see `train.fit`.
        threads: to train with.

    Raises:
        CommandError: fewer than two training rows a fold.
    """
    y = source.y_train
    place = parts(y if y.ndim == 1 else np.zeros(len(y), np.int64), asked.folds)
    found = []
    for seed in asked.seeds:
        for fold in range(asked.folds):
            held = place == fold
            part = replace(
                source,
                x_train=source.x_train[~held],
                y_train=y[~held],
                x_test=source.x_train[held],
                y_test=y[held],
            )
            found.append(_figure(recipe, part, seed, validation, threads))
    return found


def parts(labels: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """The part (n,) of each row, each class as evenly as it divides; the same on every platform.

    Raises:
        CommandError: fewer than two rows a fold.
    """
    if len(labels) < 2 * folds:
        raise CommandError(
            f"--folds {folds} needs two training rows a fold at least; there are {len(labels)}"
        )
    chance = random.Random(SPLIT_SEED)
    rank = np.array([chance.random() for _ in labels])
    order = np.lexsort([rank, labels])
    place = np.empty(len(labels), np.int64)
    place[order] = np.arange(len(labels)) % folds
    return place


def _figure(
    recipe: train.Recipe,
    part: Source,
    seed: int,
    validation: int | float | None,
    threads: int | None,
) -> float:
    encoder = recipe_encoder(part, recipe)
    net, _ = follow(
        recipe,
        part,
        encoder,
        validation=validation,
        seed=seed,
        threads=threads,
        progress=False,
    )
    decided = discretize(net, encoder=encoder).program().labels(part.x_test)
    return figure(part.kind, decided, part.y_test)
