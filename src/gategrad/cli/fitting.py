"""From a trained network to the saved model and its figures. Imports torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from gategrad import discretize, train
from gategrad.circuit import live_gates
from gategrad.cli.errors import CommandError
from gategrad.cli.sources import Source
from gategrad.encoding import Encoder
from gategrad.model import Model

ROWS_TO_JUDGE = 5000


@dataclass(frozen=True)
class Outcome:
    """A trained model.

    Attributes:
        model: optimized, as saved.
        gates_before: live gates of the circuit before it was optimized.
        soft_accuracy: of the relaxed network, on the test rows.
        hard_accuracy: of the model, on the test rows.
        correct: (n,) bool, the test rows that the model gets right.
    """

    model: Model
    gates_before: int
    soft_accuracy: float
    hard_accuracy: float
    correct: NDArray[np.bool_]

    @property
    def gates(self) -> int:
        """Live gates."""
        return live_gates(self.model.circuit)


def network(
    source: Source,
    encoder: Encoder | None,
    *,
    layers: str,
    inputs: int = 2,
    parametrization: str,
    connections: str | None,
    init: str,
    estimator: str,
    temperature: float | None = None,
    gates: str | tuple[str, ...] | None = None,
    tau: float | None,
    seed: int,
    candidates: int | str | None = None,
    wire_estimator: str | None = None,
) -> nn.Sequential:
    """A network for the bits of `source`; the options are those of `train.build_network`.

    `connections="local"` is a first layer of neighbouring pixels with random layers behind it; that
    is the default for images, "random" for all else. "structured" differs in the first layer too;
    "learned" draws its first candidates from windows where the rows are images.

    Raises:
        CommandError: options that no network can be built with.
    """
    n_features = source.x_train.shape[1]
    n_inputs = n_features if encoder is None else encoder.n_inputs
    is_image = source.image_shape is not None
    if connections in ("local", "structured") and not is_image:
        raise CommandError(
            f"--connections {connections} is for images; say their shape by --image-shape"
        )
    connections = connections or ("local" if is_image else "random")
    windows = is_image and connections in ("local", "structured", "learned")
    # "all" of the wires is more than a window has.
    windows = windows and candidates != "all"
    image_shape = None
    if windows:
        channels, height, width = source.image_shape
        image_shape = (channels * n_inputs // n_features, height, width)
    try:
        return train.build_network(
            n_inputs,
            len(source.classes),
            layers=layers,
            inputs=inputs,
            parametrization=parametrization,
            connections="random" if connections == "local" else connections,
            thresholds=n_inputs // n_features if connections == "structured" else None,
            candidates=candidates,
            wire_estimator=wire_estimator,
            init=init,
            estimator=estimator,
            temperature=temperature,
            gates=gates,
            tau=tau,
            image_shape=image_shape,
            active=_active(source.x_train, encoder) if windows else None,
            seed=seed,
        )
    except ValueError as error:
        raise CommandError(str(error)) from error


def interruption(result: train.Result, out: Path) -> CommandError | None:
    """What to say, after all is done, where the user ended the training early."""
    if result.stopped != "interrupted":
        return None
    return CommandError(
        f"interrupted after {result.steps} steps; the best network so far is in {out}"
    )


def augmentation(source: Source, copies: int, seed: int) -> Callable[[NDArray], NDArray] | None:
    """What `fit` takes to add warped copies of images.

    Raises:
        CommandError: rows that are no images.
    """
    if not copies:
        return None
    if source.image_shape is None:
        raise CommandError("--augment warps images; say their shape by --image-shape")
    return partial(train.affine_copies, image_shape=source.image_shape, copies=copies, seed=seed)


def save_and_test(
    net: nn.Module,
    source: Source,
    *,
    out: Path,
    encoder: Encoder | None,
    meta: Mapping[str, str],
) -> Outcome:
    """Make the network's model, optimize and save it, then test it, once.

    Args:
        net: trained.
        source: whose test rows to use.
        out: where to save.
        encoder: that the network was trained with.
        meta: of the model.

    Raises:
        ModelFileError: the model can't be saved there.
    """
    raw = discretize(net, encoder=encoder, labels=_labels(source.classes))
    raw = Model(raw.circuit, raw.readout, raw.encoder, raw.labels, raw.neurons, meta)
    model = raw.optimize()
    model.save(out)
    correct = model.program().labels(source.x_test) == source.y_test
    soft = train.soft_accuracy(net, source.x_test, source.y_test, encoder=encoder)
    return Outcome(model, live_gates(raw.circuit), soft, float(correct.mean()), correct)


def _active(x: NDArray, encoder: Encoder | None) -> NDArray[np.bool_]:
    """Inputs that vary, judged by some thousand rows from all of the training part."""
    some = x[:: max(1, len(x) // ROWS_TO_JUDGE)]
    return train.active_inputs(some if encoder is None else encoder.encode(some))


def _labels(classes: tuple[str, ...]) -> tuple[str, ...] | tuple[int, ...]:
    """The class names, as integers where all are."""
    if all(name.lstrip("-").isdecimal() and str(int(name)) == name for name in classes):
        return tuple(map(int, classes))
    return classes
