"""Recipes judged by the training rows alone, so that test rows choose nothing. Imports torch."""

from collections.abc import Callable

import torch

from gategrad.experiments.catalogue import Experiment
from gategrad.experiments.errors import ExperimentError
from gategrad.experiments.network import make_network
from gategrad.experiments.options import ExperimentOptions
from gategrad.experiments.rows import load_rows
from gategrad.experiments.run import checked, figures, train_in_place


def cross_validate(
    experiment: Experiment,
    options: ExperimentOptions,
    seed: int,
    folds: int,
    tell: Callable[[str], None] = lambda line: None,
) -> float:
    """Share of the training rows that circuits get right which were not trained on them.

    The rows are split into parts; each is tested on by a network that the others trained.

    Args:
        experiment: what to train on; its test rows are not looked at.
        options: other than the experiment's.
        seed: of wiring, weights, the order of rows and the parts.
        folds: parts, at least 2.
        tell: gets lines of progress.

    Raises:
        ExperimentError: options that don't go together, or more parts than rows.
        DataError: the data can't be loaded.
    """
    wanted = checked(experiment, options)
    train, _ = load_rows(experiment, rounded=wanted.rounded, augment=wanted.augment)
    if wanted.valid_set_size:
        raise ExperimentError("folds hold rows back themselves: leave out --valid-set-size")
    if not 2 <= folds <= len(train):
        raise ExperimentError(f"folds is {folds}; expected 2 to {len(train):,}, the training rows")
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    parts, right = order.tensor_split(folds), 0
    for number, held in enumerate(parts):
        rest = torch.cat([*parts[:number], *parts[number + 1 :]])
        net = make_network(experiment, wanted, seed)
        train_in_place(net, train.only(rest), None, wanted, seed, tell)
        right += round(figures(net, train.only(held)).hard * len(held))
    return right / len(train)
