"""The networks: gates and group sums, or the neural baseline. Imports torch."""

from itertools import pairwise

import torch
from torch import nn

from gategrad.experiments.catalogue import Experiment
from gategrad.experiments.errors import ExperimentError
from gategrad.experiments.options import ExperimentOptions
from gategrad.nn import GroupSum, LogicDense, Sequential

_CANDIDATES = 16


def make_network(experiment: Experiment, options: ExperimentOptions, seed: int) -> nn.Sequential:
    """Layers of equal width, as difflogic's `randomly_connected`; or an MLP with ReLU.

    Args:
        experiment: gives inputs and classes.
        options: complete.
        seed: of wiring and weights.

    Raises:
        ExperimentError: a width that the classes can't share, or what the layers refuse.
    """
    if options.baseline:
        return _neural(experiment, options, seed)
    k, classes = options.num_neurons, experiment.classes
    if k % classes:
        raise ExperimentError(f"{k} gates a layer can't be shared by {classes} classes; expected a "
                              f"multiple of {classes}")  # fmt: skip
    learned = options.connections == "learned"
    if options.candidates is not None and not learned:
        raise ExperimentError("--candidates is for --connections learned")
    try:
        return _gates(experiment, options, seed, learned=learned)
    except ValueError as error:
        raise ExperimentError(str(error)) from error


def _gates(
    experiment: Experiment, options: ExperimentOptions, seed: int, *, learned: bool
) -> nn.Sequential:
    k = options.num_neurons
    generator = torch.Generator().manual_seed(seed)
    widths = [experiment.inputs] + [k] * options.num_layers
    layers = [
        LogicDense(
            *(widths[i], k),
            parametrization=options.parametrization,
            connections=options.connections,
            init=options.init,
            estimator=options.estimator,
            grad_factor=options.grad_factor,
            candidates=min(options.candidates or _CANDIDATES, widths[i]) if learned else None,
            generator=generator,
        )
        for i in range(options.num_layers)
    ]
    return Sequential(*layers, GroupSum(experiment.classes, tau=options.tau))


def _neural(experiment: Experiment, options: ExperimentOptions, seed: int) -> nn.Sequential:
    """`num_layers` linear layers, the last one to the classes."""
    widths = [experiment.inputs] + [options.num_neurons] * (options.num_layers - 1)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        modules: list[nn.Module] = []
        for before, width in pairwise(widths):
            modules += [nn.Linear(before, width), nn.ReLU()]
        return nn.Sequential(*modules, nn.Linear(widths[-1], experiment.classes))
