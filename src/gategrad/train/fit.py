"""`fit`: train a network of logic gates on rows and labels."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

from numpy.typing import ArrayLike
from torch import Tensor, nn

from gategrad.encoding import Encoder
from gategrad.options import TrainingOptions, gathered
from gategrad.train.callbacks import Callback
from gategrad.train.losses import Loss
from gategrad.train.online import Transform
from gategrad.train.optimizers import OptimizerChoice
from gategrad.train.progress import Choice
from gategrad.train.result import Result
from gategrad.train.rows import Augment, Validation
from gategrad.train.sitting import Sitting, train_on
from gategrad.train.staging import Anneal, Freeze
from gategrad.train.weights import ClassWeight


def fit(
    net: nn.Module,
    x: ArrayLike | Tensor,
    y: ArrayLike | Tensor,
    *,
    encoder: Encoder | None = None,
    loss: Loss | None = None,
    validation: Validation = 0.1,
    sample_weight: ArrayLike | Tensor | None = None,
    class_weight: ClassWeight = None,
    metric: str | None = None,
    optimizer: OptimizerChoice = "adam",
    lr: float | None = None,
    wiring_lr: float | None = None,
    weight_decay: float | None = None,
    grad_clip: float | None = None,
    ema: float | None = None,
    schedule: str = "cosine",
    batch_size: int = 128,
    steps: int | None = None,
    epochs: float | None = None,
    eval_every: int | None = None,
    patience: int | None = None,
    anneal: Anneal | None = None,
    freeze: Freeze | None = None,
    gate_penalty: float = 0.0,
    label_smoothing: float = 0.0,
    teacher: Any = None,
    distill_weight: float | None = None,
    distill_temperature: float | None = None,
    teacher_scores: str | PathLike | None = None,
    resample_every: int | None = None,
    augment: Augment | None = None,
    transform: Transform | None = None,
    checkpoint: str | PathLike | None = None,
    resume: bool = False,
    seed: int = 0,
    threads: int | None = None,
    progress: Choice = True,
    callbacks: Sequence[Callback] = (),
) -> Result:
    """Train `net` with the loss that fits its head, and leave the best weights in it.

    The best evaluation is the one with the highest hard accuracy on the validation rows (of a
    multilabel head the share of all labels that are right, of a regression R2), measured on the
    circuit that `discretize` makes; among equal ones the one with the smallest loss of the circuit,
    then the last. With fewer than 50 such rows the circuit's loss on all rows decides. The start,
    before any step, counts only where it is better than a constant answer would be by luck. The
    mode of `net` is left as it was. The same seed, thread count and machine give the same weights.
    Ctrl-C ends the step, writes the checkpoint and returns with `stopped="interrupted"`; a second
    one is a KeyboardInterrupt.

    Args:
        net: what `discretize` takes, ending in a `GroupSum` (or `WeightedSum`).
        x: (n, features) rows: raw features if there is an encoder, or an `nn.Thermometer` in front
            of the network; else bits (bool, or 0 and 1).
        y: for a head of kind argmax (n,) class indices, 0 to classes - 1; binary: (n,) of 0 and 1;
            multilabel: (n, labels) of 0 and 1; regression: (n, outputs) numbers, (n,) for one.
        encoder: fitted; applied to the rows once, before training.
        loss: None is what fits the head: "cross-entropy" for argmax, "bce" (binary cross entropy)
            for binary and multilabel, "mse" for regression, for which there is "mae" too, both in
            standard deviations of the training targets; or a function of scores (b, k) and targets
            to a scalar.
        validation: rows held back to choose on, drawn by `seed`, each class in proportion: how
            many (an integer), or a fraction below 1; or `(x, y)` of one's own; None evaluates on
            the training rows.
        sample_weight: (n,) numbers of at least 0, what each row counts in the loss and in the
            figure that chooses; rows of a `validation` of one's own count by their class alone.
            Only their ratios matter. Not with a loss of one's own.
        class_weight: "balanced", by which all classes weigh the same together; or what a row of
            each class counts, in order, or as a dict by class index; times `sample_weight`.
        metric: what the best evaluation is chosen by, and what `soft` and `hard` are: "accuracy"
            (where None), "balanced-accuracy", "f1" (of class 1 of two; else the mean), "auc" (of
            more than two classes the mean of one against the others) or "log-loss", which results
            have as a negative number; for classifiers.
        optimizer: "adam" or "adamw"; a torch optimizer over the network's parameters; or a function
            from parameters to one.
        lr: learning rate of an optimizer by name (0.03).
        wiring_lr: the same for learned wiring; `lr` where None.
        weight_decay: of "adamw" by name (torch's 0.01): every step draws weights towards 0.
        grad_clip: largest norm of the gradient of all weights in a step; longer ones are shortened
            to it.
        ema: average the weights over the steps, each of which keeps this share of the average, such
            as 0.999 (less in the first steps); the average is what evaluations measure and what is
            left in the network, while training goes on with the weights themselves. Not with
            `resample_every`.
        schedule: "cosine" (to 1 % of the learning rate at the last step) or "constant".
        batch_size: rows a step; all of them where there are fewer.
        steps: steps to train (5,000 where epochs are not given either).
        epochs: the same in passes over the training rows, augmented ones included.
        eval_every: steps between evaluations, and checkpoints (a twentieth of the steps).
        resample_every: steps between draws of losing slots, see `nn.resample_slots`, in the first
            three quarters of the steps; for networks with `nn.SlotDense`.
        patience: stop after so many evaluations without a better one; a later one that is as good
            is none.
        anneal: the temperature of the layers' logits: `(first, last)`, by an equal factor a step;
            or a function from the share of the steps done, 0 to 1, to a temperature.
        freeze: `(first, last)`, shares of the steps: the first layer freezes at the one and the
            last but one at the other, those between at equal distances. A frozen layer is hard and
            learns no more, so steps get faster; the last layer never freezes. Layers are left as
            they were at the best evaluation; `layer.frozen = False` undoes it.
        gate_penalty: weight of the expected share of live gates, `nn.expected_gates(net)` over the
            number of gates, in the loss. Above 0, the best evaluation is the one with the smallest
            `1 - figure + gate_penalty * live gates / gates`, of the optimized circuit.
        label_smoothing: share of the target that is spread over all classes, in the loss that is
            trained on alone; for losses of classes by name.
        teacher: what gives scores of rows as in `x`, to learn from beside the labels: a
            `teachers.Teacher`, or anything that is a source of one, such as a torch module, an
            estimator, the path of a file, or soft targets (n, classes) of the rows of x. Its
            scores are computed once, or with a `transform` in every step, of the rows as made.
        distill_weight: its share of the loss, 0 to 1 (0.5).
        distill_temperature: above 0, by which scores and the teacher's logits are divided (2).
        teacher_scores: folder that keeps its scores, a memory-mapped file by teacher and rows;
            None: a temporary file.
        augment: from training rows (m, features), as in `x`, to more rows (k m, features), row i
            having the label of training row i % m; they are added to the rows. Called once.
        transform: from the rows of a step (m, features), as in `x`, and a CPU generator to such
            rows, of the same labels; called at every step, before the encoder, by a thread that
            makes the next step's rows while one runs. See `Warp`.
        checkpoint: file to save the run's state in, at every evaluation and on Ctrl-C; whole or
            not at all. It may not exist yet, unless `resume`.
        resume: continue the run in `checkpoint`; weights and wiring come from there. What follows
            is what an uninterrupted run gives, bit for bit.
        seed: of the validation rows, the order of rows, and dropout.
        threads: for torch and the engine, during this call.
        progress: a bar on stderr, in a notebook curves that grow; or a function called with every
            evaluation; or nothing.
        callbacks: told of the start, every evaluation and the end, see `Callback`; such as
            `TensorBoard(folder)`.

    Raises:
        InputError: rows of a wrong shape, dtype or value.
        TrainError: labels, options or a network that can't be trained so; a loss that is not
            finite.
        CheckpointError: there is no such checkpoint, it is damaged, or of another run; says which
            setting differs.
        TeacherError: a teacher that can't be read, or scores that don't fit rows and classes.
        DiscretizeError: a module that is no part of a circuit.
    """
    options = gathered(TrainingOptions, locals())
    return train_on(net, x, y, options, gathered(Sitting, locals() | {"fresh": False}))
