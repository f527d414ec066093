"""`fit`: train a network of logic gates on rows and labels."""

from collections.abc import Callable
from dataclasses import asdict
from os import PathLike

from numpy.typing import ArrayLike
from torch import Tensor, nn

from gategrad.circuit import Readout
from gategrad.encoding import Encoder
from gategrad.harden import discretize
from gategrad.model import Model
from gategrad.nn import SlotDense
from gategrad.train import checkpoint as checkpoints
from gategrad.train.errors import TrainError
from gategrad.train.evaluate import device_of, modes_kept, row_reader
from gategrad.train.interrupt import interruptible
from gategrad.train.loop import Head, Run, train
from gategrad.train.losses import Loss, loss_name, make_loss
from gategrad.train.online import Online, Transform
from gategrad.train.optimizers import OptimizerChoice, make_optimizer
from gategrad.train.plan import make_plan, whole
from gategrad.train.process import private_randomness, torch_threads
from gategrad.train.progress import Choice, reporter
from gategrad.train.result import Result, Stopped
from gategrad.train.rows import Augment, RowReader, Validation, split_rows
from gategrad.train.staging import Anneal, Freeze, make_staging


def fit(
    net: nn.Module,
    x: ArrayLike | Tensor,
    y: ArrayLike | Tensor,
    *,
    encoder: Encoder | None = None,
    loss: Loss | None = None,
    validation: Validation = 0.1,
    optimizer: OptimizerChoice = "adam",
    lr: float | None = None,
    wiring_lr: float | None = None,
    schedule: str = "cosine",
    batch_size: int = 128,
    steps: int | None = None,
    epochs: float | None = None,
    eval_every: int | None = None,
    patience: int | None = None,
    anneal: Anneal | None = None,
    freeze: Freeze | None = None,
    gate_penalty: float = 0.0,
    resample_every: int | None = None,
    augment: Augment | None = None,
    transform: Transform | None = None,
    checkpoint: str | PathLike | None = None,
    resume: bool = False,
    seed: int = 0,
    threads: int | None = None,
    progress: Choice = True,
) -> Result:
    """Train `net` with the loss that fits its head, and leave the best weights in it.

    The best evaluation is the one with the highest hard accuracy on the validation rows (of a
    multilabel head the share of all labels that are right, of a regression R2), measured on the
    circuit that `discretize` makes; among equal ones the first. The mode of `net` is left as it
    was. The same seed, thread count and machine give the same weights. Ctrl-C ends the step, writes
    the checkpoint and returns with `stopped="interrupted"`; a second one is a KeyboardInterrupt.

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
        optimizer: "adam" or "adamw"; a torch optimizer over the network's parameters; or a function
            from parameters to one.
        lr: learning rate of an optimizer by name (0.03).
        wiring_lr: the same for learned wiring; `lr` where None.
        schedule: "cosine" (to 1 % of the learning rate at the last step) or "constant".
        batch_size: rows a step; all of them where there are fewer.
        steps: steps to train (5,000 where epochs are not given either).
        epochs: the same in passes over the training rows, augmented ones included.
        eval_every: steps between evaluations, and checkpoints (a twentieth of the steps).
        resample_every: steps between draws of losing slots, see `nn.resample_slots`, in the first
            three quarters of the steps; for networks with `nn.SlotDense`.
        patience: stop after so many evaluations without a better one.
        anneal: the temperature of the layers' logits: `(first, last)`, by an equal factor a step;
            or a function from the share of the steps done, 0 to 1, to a temperature.
        freeze: `(first, last)`, shares of the steps: the first layer freezes at the one and the
            last but one at the other, those between at equal distances. A frozen layer is hard and
            learns no more, so steps get faster; the last layer never freezes. Layers are left as
            they were at the best evaluation; `layer.frozen = False` undoes it.
        gate_penalty: weight of the expected share of live gates, `nn.expected_gates(net)` over the
            number of gates, in the loss. Above 0, the best evaluation is the one with the smallest
            `1 - figure + gate_penalty * live gates / gates`, of the optimized circuit.
        augment: from training rows (m, features), as in `x`, to more rows (k m, features), row i
            having the label of training row i % m; they are added to the rows. Called once.
        transform: from the rows of a step (m, features), as in `x`, and a CPU generator to such
            rows, of the same labels; called at every step, before the encoder. See `Warp`.
        checkpoint: file to save the run's state in, at every evaluation and on Ctrl-C; whole or
            not at all. It may not exist yet, unless `resume`.
        resume: continue the run in `checkpoint`; weights and wiring come from there. What follows
            is what an uninterrupted run gives, bit for bit.
        seed: of the validation rows, the order of rows, and dropout.
        threads: for torch and the engine, during this call.
        progress: a bar on stderr; or a function called with every evaluation; or nothing.

    Raises:
        InputError: rows of a wrong shape, dtype or value.
        TrainError: labels, options or a network that can't be trained so; a loss that is not
            finite.
        CheckpointError: there is no such checkpoint, it is damaged, or of another run; says which
            setting differs.
        DiscretizeError: a module that is no part of a circuit.
    """
    reader = _reader(discretize(net, encoder=encoder, ignore_hooks=True), encoder)
    seed = whole("seed", seed, least=0)
    if threads is not None:
        threads = whole("threads", threads, least=1)
    rows, own, chosen_on = split_rows(
        reader, x, y, validation=validation, augment=augment, seed=seed
    )
    plan = make_plan(
        len(rows),
        steps=steps,
        epochs=epochs,
        batch_size=batch_size,
        eval_every=eval_every,
        schedule=schedule,
        patience=patience,
        seed=seed,
        gate_penalty=gate_penalty,
        resample_every=resample_every,
    )
    if resample_every is not None and not any(isinstance(m, SlotDense) for m in net.modules()):
        raise TrainError(
            f"resample_every={resample_every!r} is for networks with nn.SlotDense, and this one "
            "has none; leave it out"
        )
    staging = make_staging(net, anneal, freeze)
    online = None if transform is None else Online(own, reader, transform)
    device = device_of(net)
    chosen = make_optimizer(optimizer, net, lr, wiring_lr)
    with (
        modes_kept(net),
        torch_threads(threads),
        private_randomness(seed, device),
        interruptible() as interrupt,
    ):
        run = Run(
            net.train(),
            chosen,
            rows.to(device),
            chosen_on.to(device),
            plan,
            staging,
            Head(reader.kind, make_loss(reader.kind, loss, rows.targets)),
            online,
        )
        settings = _settings(run) | {"loss": loss_name(reader.kind, loss)}
        save = _open_checkpoint(run, settings, checkpoint, resume=resume)
        with reporter(progress, start=run.step, steps=plan.steps) as report, run.best_at_the_end():
            stopped = train(run, interrupt, report, save)
    return _result(run, stopped)


def _reader(model: Model, encoder: Encoder | None) -> RowReader:
    """What `model` reads, and its targets."""
    if model.readout == Readout.identity(model.circuit.n_outputs):
        raise TrainError(
            "the network ends in bits, which are no scores to train on; append a head such as "
            "nn.GroupSum(classes)"
        )
    return row_reader(model, encoder)


def _open_checkpoint(
    run: Run, settings: checkpoints.State, path: str | PathLike | None, *, resume: bool
) -> Callable[[], None]:
    """What saves `run`; the run continues from `path` first where that is wanted."""
    if path is None:
        if resume:
            raise TrainError("resume needs the file to resume from; give checkpoint=PATH")
        return lambda: None
    if resume:
        run.restore(checkpoints.load(path, settings))
    else:
        checkpoints.check_absent(path)
    return lambda: checkpoints.save(path, run.state(), settings)


def _settings(run: Run) -> checkpoints.State:
    """What must be the same for a run to continue as if it had never stopped."""
    groups = [
        sorted((k, v) for k, v in group.items() if k != "params")
        for group in run.optimizer.param_groups
    ]
    plan = asdict(run.plan)
    del plan["patience"]
    return (
        plan
        | run.staging.settings()
        | {
            "network": repr(run.net),
            "optimizer": type(run.optimizer).__name__,
            "optimizer settings": repr(groups),
            "transform": repr(run.online),
            "set of rows": run.rows.digest(),
            "set of validation rows": run.chosen_on.digest(),
        }
    )


def _result(run: Run, stopped: Stopped) -> Result:
    return Result(
        soft=run.best.soft,
        hard=run.best.hard,
        best_step=run.best.step,
        steps=run.step,
        seconds=run.seconds,
        stopped=stopped,
        history=tuple(run.history),
        figure=run.best.figure,
    )
