"""Train a circuit that was changed, and have a circuit again."""

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from gategrad.distill.errors import check_whole
from gategrad.harden import discretize
from gategrad.model import Model
from gategrad.nn import from_circuit
from gategrad.train import fit
from gategrad.train.online import Transform
from gategrad.train.tuning import check_log_odds


@dataclass(frozen=True)
class Retraining:
    """Trains the tables of a model's gates, their wires as they are; for `prune(retrain=)`.

    The circuit as it is counts as an answer too: what training makes worse on the rows is dropped.

    Attributes:
        steps: a round.
        lr: learning rate, falling by a cosine in each round.
        batch_size: rows a step.
        transform: of the rows of each step, such as a `train.Warp`, see `train.fit`.
        teacher: to learn from beside the labels, see `train.fit`; such as the model before pruning.
        estimator: of the gates, as for `nn.LogicDense`.
        strength: how sure of its table a gate is at the start, in (0.5, 1).
        seed: of the order of rows.
        threads: to train with.

    Raises:
        DistillError: steps that are no whole number from 1.
    """

    steps: int
    lr: float = 0.01
    batch_size: int = 128
    transform: Transform | None = None
    teacher: Any = None
    estimator: str = "soft"
    strength: float = 0.9
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check what no other place checks."""
        check_whole("steps", self.steps)

    def __call__(self, model: Model, x: NDArray, y: NDArray) -> Model:
        """The model with trained tables.

        Args:
            model: any; its labels, encoder and meta stay. One without gates stays as it is.
            x: (n, features) rows as the model takes them.
            y: targets as `train.fit` takes them.

        Raises:
            TrainError: a forest whose scores are no log odds, or what `train.fit` refuses.
        """
        check_log_odds(model)
        if not model.circuit.n_gates:
            return model
        net = from_circuit(
            model, parametrization="light", estimator=self.estimator, strength=self.strength
        )
        fit(
            net, x, y, encoder=model.encoder, validation=None, steps=self.steps,
            eval_every=self.steps, lr=self.lr, batch_size=min(self.batch_size, len(x)),
            transform=self.transform, teacher=self.teacher, seed=self.seed, threads=self.threads,
            progress=False,
        )  # fmt: skip
        made = discretize(net, encoder=model.encoder, labels=model.labels).optimize()
        return replace(model, circuit=made.circuit, readout=made.readout, convolution=None)
