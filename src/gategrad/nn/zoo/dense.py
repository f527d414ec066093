"""The dense networks of the paper that founded the field, by name."""

import torch

from gategrad.nn.checks import known_name
from gategrad.nn.layers.group_sum import GroupSum
from gategrad.nn.layers.sequential import Sequential
from gategrad.nn.seeding import as_generator
from gategrad.nn.zoo.architecture import Architecture, classes_of, named_network

# Data set, thresholds of a colour, widths, tau.
_NETWORKS = {
    "mnist-small": ("mnist", 1, (8_000,) * 6, 10.0),
    "mnist": ("mnist", 1, (64_000,) * 6, 30.0),
    "cifar-10-small": ("cifar-10", 3, (12_000,) * 4, 33.0),
    "cifar-10-medium": ("cifar-10", 3, (128_000,) * 4, 100.0),
    "cifar-10-large": ("cifar-10", 31, (256_000,) * 5, 100.0),
    "cifar-10-large-2": ("cifar-10", 31, (512_000,) * 5, 100.0),
    "cifar-10-large-4": ("cifar-10", 31, (1_024_000,) * 5, 100.0),
}


def difflogic(
    name: str, *, seed: int | None = None, generator: torch.Generator | None = None
) -> Sequential:
    """A dense network of Petersen et al. 2022 (arXiv 2210.08277): "raw", soft, random wiring.

    | name | layers | published, % | gates |
    |---|---|---|---|
    | mnist-small | 6 of 8,000 | 97.69 | 48,000 |
    | mnist | 6 of 64,000 | 98.47 | 384,000 |
    | cifar-10-small | 4 of 12,000 | 51.27 | 48,000 |
    | cifar-10-medium | 4 of 128,000 | 57.39 | 512,000 |
    | cifar-10-large | 5 of 256,000 | 60.78 | 1,280,000 |
    | cifar-10-large-2 | 5 of 512,000 | 61.41 | 2,560,000 |
    | cifar-10-large-4 | 5 of 1,024,000 | 62.14 | 5,120,000 |

    Rows are bits: one a pixel of digits; of colour images 3 thresholds, 31 for the large ones.

    Args:
        name: as above.
        seed: integer for wiring and weights.
        generator: CPU generator in its place.

    Raises:
        ValueError: an unknown name.

    Examples:
        >>> net = difflogic("mnist-small", seed=0)
        >>> len(net), net[0].in_dim, net[-1]
        (7, 784, GroupSum(k=10, tau=10))
    """
    dataset, levels, widths, tau = _NETWORKS[known_name("network", name, _NETWORKS)]
    return named_network(
        Architecture((), widths, levels),
        dataset,
        GroupSum(classes_of(dataset), tau=tau),
        levels=None,
        widths=None,
        options={},
        generator=as_generator(seed, generator),
    )
