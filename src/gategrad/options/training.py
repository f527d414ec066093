"""The loop."""

from dataclasses import dataclass

from gategrad.options.network import LEARNED
from gategrad.options.option import Range, When, option
from gategrad.options.words import numbers_or, two_numbers_or_none

TAUGHT = When("a student of a teacher", lambda options: options.teacher is not None)
DECAYS = When("the optimizer adamw", lambda options: options.optimizer == "adamw")


@dataclass(frozen=True)
class TrainingOptions:
    """What `train.fit` takes under the same names, where each is explained.

    From Python some may be more than a text or number: an optimizer, a function.

    Attributes:
        optimizer: "adam" or "adamw".
        lr: learning rate.
        wiring_lr: of learned wiring.
        weight_decay: of adamw.
        grad_clip: largest norm of all gradients.
        ema: share of an average of the weights that a step keeps.
        schedule: "cosine" or "constant".
        batch_size: rows a step.
        steps: steps to train; or epochs.
        epochs: passes over the rows.
        eval_every: steps between evaluations.
        patience: evaluations without a better one.
        anneal: first and last temperature.
        freeze: first and last share of the steps.
        gate_penalty: weight of live gates in the loss.
        loss: by name; None fits the head.
        class_weight: "balanced", or a weight for each class.
        metric: that evaluations are compared by; None is accuracy, or R2.
        label_smoothing: share of the target that is spread over all classes.
        teacher: the path of a file with what gives scores; from Python also the thing itself.
        distill_weight: the teacher's share of the loss.
        distill_temperature: by which scores and the teacher's logits are divided.
        teacher_scores: folder that keeps what the teacher said.
    """

    optimizer: str = option("adam", "adam or adamw.", noted=False)
    lr: float | None = option(None, "Learning rate.", sweep=Range(0.01, 0.2, rank=1), noted=False)
    wiring_lr: float | None = option(
        None,
        "The same for learned wiring; that of the gates by default.",
        applies=LEARNED,
        sweep=Range(0.01, 0.3, rank=2),
        noted=False,
    )
    weight_decay: float | None = option(
        None, "Of adamw; 0.01 by default.", least=0, applies=DECAYS, noted=False
    )
    grad_clip: float | None = option(
        None, "Largest norm of the gradient of a step, such as 10; longer ones are cut.", least=0
    )
    ema: float | None = option(
        None,
        "Average weights over steps, of which each keeps this share, such as 0.999; the average is "
        "evaluated and kept.",
        least=0,
        most=1,
    )
    schedule: str = option("cosine", "Of the learning rate: cosine or constant.")
    batch_size: int = option(128, "Rows a step.", least=1, sweep=Range(32, 512, rank=4, whole=True))
    steps: int | None = option(None, "Steps to train.", least=1)
    epochs: float | None = option(None, "The same in passes over the rows.", noted=False)
    eval_every: int | None = option(
        None, "Steps between evaluations, and checkpoints; a twentieth of all.", least=1
    )
    patience: int | None = option(
        None, "Stop after so many evaluations without a better.", least=1, noted=False
    )
    anneal: tuple[float, float] | None = option(
        None,
        "Temperature from the first step to the last, such as 1:0.1; or none.",
        kind=str,
        words=two_numbers_or_none("1:0.1"),
        metavar="FIRST:LAST",
        noted=False,
    )
    freeze: tuple[float, float] | None = option(
        None,
        "Freeze layers, shallow to deep, between two shares of the steps, such as 0.3:0.8; or "
        "none.",
        kind=str,
        words=two_numbers_or_none("0.3:0.8"),
        metavar="FIRST:LAST",
        noted=False,
    )
    gate_penalty: float = option(
        0.0, "Weight of the expected share of live gates in the loss, for small circuits.", least=0
    )
    loss: str | None = option(
        None, "cross-entropy, bce, mse or mae; what fits the task by default.", noted=False
    )
    class_weight: str | tuple[float, ...] | None = option(
        None,
        "What a row counts by its class: balanced, or a number for each class, such as 1,5.",
        kind=str,
        words=numbers_or("balanced", expected="balanced, or numbers such as 1,5"),
        metavar="WEIGHTS",
        noted=False,
    )
    metric: str | None = option(
        None,
        "To choose the best network by: accuracy (the default), balanced-accuracy, f1, auc or "
        "log-loss.",
    )
    label_smoothing: float = option(
        0.0,
        "Share of the target that is spread over all classes, below 1; not for numbers.",
        least=0,
        most=1,
        noted=False,
    )
    teacher: str | None = option(
        None,
        "Learn from a teacher's scores too: TorchScript or a torch.nn.Sequential (.pt), .onnx, "
        ".gg, a forest (.txt, .json, .ubj), or soft targets of the training rows (.npy).",
        metavar="FILE",
        noted=False,
    )
    distill_weight: float | None = option(
        None,
        "The teacher's share of the loss; 0.5 by default.",
        least=0,
        most=1,
        applies=TAUGHT,
        noted=False,
    )
    distill_temperature: float | None = option(
        None,
        "By which scores and the teacher's logits are divided; 2 by default.",
        least=0,
        applies=TAUGHT,
        noted=False,
    )
    teacher_scores: str | None = option(
        None,
        "Folder that keeps the teacher's scores for the next run.",
        metavar="FOLDER",
        applies=TAUGHT,
        noted=False,
    )
