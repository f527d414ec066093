"""LogicTreeNet by name."""

import torch

from gategrad.nn.layers.group_sum import GroupSum
from gategrad.nn.layers.sequential import Sequential
from gategrad.nn.seeding import as_generator
from gategrad.nn.zoo.architecture import DATASETS, classes_of, named_network, tree


def logic_tree_net(
    size: str,
    dataset: str,
    *,
    levels: int | None = None,
    parametrization: str = "light",
    estimator: str = "straight-through",
    seed: int | None = None,
    generator: torch.Generator | None = None,
) -> Sequential:
    """LogicTreeNet (arXiv 2411.04732): convolutions of trees, OR pools, then dense layers.

    Trees of depth 3 read 8 places of two channels of a 3x3 field; pools are 2x2. For colour images
    k, 4 k, 16 k and 32 k channels with k = 32 (S), 256 (M), 512 (B), 1024 (L) or 2048 (G); for
    digits k, 3 k and 9 k, the first field 5x5 without padding, with k = 16 (S), 64 (M) or 1024 (L).
    Then dense layers of 1280 k, 640 k and 320 k gates. Every gate starts near its first input.
    The network takes flat rows of bits, `levels` thresholds a colour, threshold by threshold.

    | published | S | M | B | L | G |
    |---|---|---|---|---|---|
    | CIFAR-10, % | 60.38 | 71.01 | 80.17 | 84.99 | 86.29 |
    | gates, millions | 0.40 | 3.08 | 16.0 | 28.9 | 61.0 |
    | MNIST, % | 98.46 | 99.23 | | 99.35 | |
    | gates, millions | 0.147 | 0.566 | | 1.27 | |

    B, L and G are trained by a teacher, and with fixed edge detectors in front, which are not here;
    no one else has reached any of these figures at the paper's cost.

    Args:
        size: as above.
        dataset: "mnist", "fashion-mnist", "cifar-10" or "cifar-100".
        levels: thresholds of a colour; None: 3 for S and M, 31 for the larger ones, 1 for digits.
        parametrization: of every layer.
        estimator: of every layer.
        seed: integer for wiring and weights.
        generator: CPU generator in its place.

    Raises:
        ValueError: an unknown size, data set or name.

    Examples:
        >>> net = logic_tree_net("S", "mnist", seed=0)
        >>> layers = [layer for layer in net if hasattr(layer, "weight")]
        >>> net[1].out_shape, sum(len(layer.weight) for layer in layers)
        ((16, 24, 24), 37296)
    """
    digits = dataset in DATASETS and DATASETS[dataset][0][0] == 1
    plan = tree(size, digits=digits)
    return named_network(
        plan,
        dataset,
        GroupSum(classes_of(dataset), tau=plan.tau or "auto"),
        levels=levels,
        widths=None,
        options={"parametrization": parametrization, "estimator": estimator, "init": "residual"},
        generator=as_generator(seed, generator),
    )
