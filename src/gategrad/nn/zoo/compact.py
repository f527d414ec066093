"""CompactLogic by name."""

from collections.abc import Sequence

import torch

from gategrad.nn.checks import positive_count
from gategrad.nn.layers.group_sum import GroupSum
from gategrad.nn.layers.sequential import Sequential
from gategrad.nn.seeding import as_generator
from gategrad.nn.zoo.architecture import classes_of, compact, named_network


def compact_net(
    k: int,
    dataset: str,
    *,
    levels: int | None = None,
    layers: Sequence[int] | None = None,
    tau: float | str = "auto",
    parametrization: str = "light",
    estimator: str = "straight-through",
    seed: int | None = None,
    generator: torch.Generator | None = None,
) -> Sequential:
    """CompactLogic (arXiv 2602.05830): convolutions of one gate a channel, then dense layers.

    Four convolutions of 3x3 with padding 1: k channels at stride 2, k, 4 k at stride 2, 4 k; each
    gate reads two places of one channel. Then two dense layers of gates and their sums; every gate
    starts near its first input. The network takes flat rows of bits, `levels` thresholds a colour,
    threshold by threshold, as `gategrad.encoding.Thermometer` gives them.

    Published, chosen on the test rows: CIFAR-10 with k = 256 and 7 levels 72.56 % at 1.08 million
    operations after 600,000 steps; MNIST with k = 128 99.38 % at 251,000. The paper trains with
    Adam at 0.02, batches of 128, gradients clipped at 10, and layers frozen from shallow to deep in
    the last third of the steps: `train.preset("plain", dataset, arch=f"compact-{k}")`.

    Args:
        k: channels of the first convolution.
        dataset: "mnist", "fashion-mnist", "cifar-10" or "cifar-100".
        levels: thresholds of a colour; None: the paper's, 3, or 7 from k = 256 on.
        layers: widths of the dense layers; None: 625,000 twice for k = 256, as published, else
            2,000 k and 1,000 k, for which the paper's figures say no widths.
        tau: of the sums; "auto" is the paper's 20 for k = 32 and 40 for k = 128.
        parametrization: of every layer.
        estimator: of every layer.
        seed: integer for wiring and weights.
        generator: CPU generator in its place.

    Raises:
        ValueError: an unknown data set or name, or k below 1.

    Examples:
        >>> net = compact_net(4, "mnist", levels=1, seed=0)
        >>> net(torch.zeros(2, 784)).shape, [layer.out_shape for layer in net[1:5]]
        (torch.Size([2, 10]), [(4, 14, 14), (4, 14, 14), (16, 7, 7), (16, 7, 7)])
    """
    return named_network(
        compact(positive_count("k", k)),
        dataset,
        GroupSum(classes_of(dataset), tau=tau),
        levels=levels,
        widths=layers,
        options={"parametrization": parametrization, "estimator": estimator, "init": "residual"},
        generator=as_generator(seed, generator),
    )
