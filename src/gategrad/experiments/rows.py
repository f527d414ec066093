"""The data of an experiment: encoded, split as in the papers. Imports torch."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gategrad.data import load, load_breast_cancer_whole
from gategrad.experiments import images, tables
from gategrad.experiments.catalogue import Experiment
from gategrad.experiments.errors import ExperimentError
from gategrad.train.warp import Warp

# Of scikit-learn's split, as difflogic makes it.
_TEST_SHARE, _SPLIT_SEED = 0.25, 0
_CHUNK = 1000


@dataclass(frozen=True)
class Part:
    """Rows, and how they become what a network takes.

    Attributes:
        stored: (n, features) uint8: bits, or values of pixels.
        labels: (n,) int64.
        levels: of each pixel, thresholds that it must exceed; () where rows are bits or a network
            is trained on the pixels themselves.
        largest: what 1.0 is stored as.
        rounded: whether training takes what the circuit takes.
        warp: of images, while training.
    """

    stored: Tensor
    labels: Tensor
    levels: tuple[int, ...] = ()
    largest: int = 1
    rounded: bool = False
    warp: Warp | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.labels)

    def values(self, rows: Tensor | slice) -> Tensor:
        """What training takes of these rows, (n, inputs) float32 in [0, 1]."""
        return self._values(self.stored[rows])

    def warped(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """The same of warped images, by draws that advance the generator."""
        return self._values(torch.from_numpy(self.warp(self.stored[rows].numpy(), generator)))

    def bits(self) -> NDArray[np.bool_]:
        """What the circuit takes, (n, inputs): values of training, rounded."""
        chunks = (slice(i, i + _CHUNK) for i in range(0, len(self), _CHUNK))
        return np.concatenate([self._bits(self.stored[rows]).numpy() for rows in chunks])

    def only(self, rows: Tensor) -> "Part":
        """Some of the rows."""
        return replace(self, stored=self.stored[rows], labels=self.labels[rows])

    def _values(self, stored: Tensor) -> Tensor:
        if self.levels or self.rounded:
            return self._bits(stored).float()
        return stored.float() / self.largest

    def _bits(self, stored: Tensor) -> Tensor:
        levels = self.levels or (self.largest // 2,)
        return torch.cat([stored > level for level in levels], dim=1)


def load_rows(
    experiment: Experiment, *, rounded: bool = False, augment: bool = False
) -> tuple[Part, Part]:
    """The training and the test part.

    MNIST is trained on grey values and tested on their rounded ones, as difflogic does; CIFAR-10 on
    thresholds; tables on one bit a level.

    Args:
        experiment: says which.
        rounded: train on rounded values.
        augment: warp training images.

    Raises:
        ExperimentError: scikit-learn is missing, whose split Breast Cancer's parts are; tables to
            be warped, or bits to be rounded.
        DataError: the data can't be loaded.
    """
    train, test = (replace(part, rounded=rounded) for part in _parts(experiment))
    if rounded and (train.levels or train.largest == 1):
        raise ExperimentError(
            f"--rounded is for grey values, and {experiment.name} is trained on bits; leave it out"
        )
    return (replace(train, warp=images.warp_of(experiment)) if augment else train), test


def _parts(experiment: Experiment) -> tuple[Part, Part]:
    if experiment.data == "breast-cancer":
        x, y = tables.complete_rows(*load_breast_cancer_whole())
        return _split(tables.encode(x, tables.BREAST_CANCER), y)
    x_train, y_train, x_test, y_test = load(experiment.data)
    parts = ((x_train, y_train), (x_test, y_test))
    if experiment.data == "adult":
        whole = (tables.complete_rows(*part) for part in parts)
        return _both((tables.encode(x, tables.ADULT), y) for x, y in whole)
    if experiment.data.startswith("monks"):
        return _both((tables.encode(x, tables.MONK), y) for x, y in parts)
    if experiment.name == "mnist20x20":
        parts = tuple((images.without_border(x), y) for x, y in parts)
    n_levels = experiment.inputs // x_train.shape[1] if experiment.data.startswith("cifar") else 0
    return _both(parts, levels=tuple(images.levels_of(n_levels)), largest=255)


def _both(parts, **about) -> tuple[Part, Part]:
    train, test = (
        Part(torch.from_numpy(x.astype(np.uint8)), torch.from_numpy(y.astype(np.int64)), **about)
        for x, y in parts
    )
    return train, test


def _split(x: NDArray, y: NDArray) -> tuple[Part, Part]:
    try:
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise ExperimentError(
            "breast_cancer is split by scikit-learn: pip install gategrad[train]"
        ) from error
    divided = train_test_split(x, y, test_size=_TEST_SHARE, random_state=_SPLIT_SEED)
    x_train, x_test, y_train, y_test = divided
    return _both([(x_train, y_train), (x_test, y_test)])
