"""One sitting of a training run: from options and rows to the best weights in the network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor, nn

from gategrad.circuit import Readout
from gategrad.encoding import Encoder
from gategrad.harden import discretize
from gategrad.model import Model
from gategrad.nn import SlotDense
from gategrad.options import TrainingOptions
from gategrad.teachers import Goal
from gategrad.train import callbacks as following
from gategrad.train import checkpoint as checkpoints
from gategrad.train.choosing import checked_metric, told
from gategrad.train.errors import TrainError
from gategrad.train.evaluate import device_of, modes_kept, row_reader
from gategrad.train.interrupt import interruptible
from gategrad.train.loop import Head, Run, train
from gategrad.train.losses import loss_name, make_loss
from gategrad.train.online import Online, Transform
from gategrad.train.optimizers import make_optimizer
from gategrad.train.plan import make_plan, whole
from gategrad.train.process import private_randomness, torch_threads
from gategrad.train.progress import Choice, reporter
from gategrad.train.restoring import RestoreError
from gategrad.train.result import Result, Stopped
from gategrad.train.rows import Augment, RowReader, Validation, split_rows
from gategrad.train.splitting import one_sided
from gategrad.train.staging import make_staging
from gategrad.train.targets import check_range
from gategrad.train.teaching import make_teaching


@dataclass(frozen=True)
class Sitting:
    """What `fit` is told apart from its options; it explains each.

    `fresh` is not told: it is so where the network was made for this run.
    """

    encoder: Encoder | None = None
    validation: Validation = 0.1
    sample_weight: ArrayLike | Tensor | None = None
    resample_every: int | None = None
    augment: Augment | None = None
    transform: Transform | None = None
    checkpoint: str | PathLike | None = None
    resume: bool = False
    seed: int = 0
    threads: int | None = None
    progress: Choice = True
    callbacks: Sequence[following.Callback] = ()
    fresh: bool = False


def train_on(
    net: nn.Module,
    x: ArrayLike | Tensor,
    y: ArrayLike | Tensor,
    options: TrainingOptions,
    sitting: Sitting,
) -> Result:
    """Train `net` and leave the best weights in it; `fit` says what is returned and raised."""
    seed = whole("seed", sitting.seed, least=0)
    if sitting.threads is not None:
        whole("threads", sitting.threads, least=1)
    callbacks = following.checked(sitting.callbacks)
    with (
        torch_threads(sitting.threads),
        modes_kept(net),
        private_randomness(seed, device_of(net)),
        interruptible() as interrupt,
    ):
        run = _make_run(net, x, y, options, sitting)
        save = _open_checkpoint(run, sitting)
        chosen_on = "training rows" if sitting.validation is None else "validation"
        with (
            reporter(sitting.progress, run.step, run.plan.steps, chosen_on) as report,
            run.best_at_the_end(),
        ):
            report.note(told(len(run.chosen_on), own=sitting.validation is not None))
            if run.head.kind == "argmax":
                report.note(one_sided(run.rows.targets, run.chosen_on.targets))
            for callback in callbacks:
                with modes_kept(net):
                    callback.start(net, run.plan.steps, tuple(run.history))
            stopped = train(run, interrupt, following.followed(report, net, callbacks), save)
    result = _result(run, stopped)
    for callback in callbacks:
        with modes_kept(net):
            callback.end(net, result)
    return result


def _make_run(
    net: nn.Module,
    x: ArrayLike | Tensor,
    y: ArrayLike | Tensor,
    options: TrainingOptions,
    sitting: Sitting,
) -> Run:
    """The run before its first step, `net` in `.train()`."""
    shape = None if sitting.encoder else np.shape(x)[1:]
    model = discretize(net, encoder=sitting.encoder, ignore_hooks=True, input_shape=shape)
    reader = _reader(model, sitting.encoder)
    parts = split_rows(
        reader,
        x,
        y,
        validation=sitting.validation,
        augment=sitting.augment,
        seed=sitting.seed,
        sample_weight=sitting.sample_weight,
        class_weight=options.class_weight,
    )
    rows, chosen_on = parts.rows, parts.chosen_on
    if reader.kind == "regression":
        # Of a head of one's own, whose range need not be the targets'.
        check_range(rows.targets.numpy(), constant=True)
    plan = make_plan(
        len(rows), options, seed=int(sitting.seed), resample_every=sitting.resample_every
    )
    _check_slots(net, sitting.resample_every)
    staging = make_staging(net, options.anneal, options.freeze)
    transform = sitting.transform
    online = None if transform is None else Online(parts.own, reader, transform)
    goal = Goal(reader.kind, reader.n_classes)
    teaching = make_teaching(
        options, goal, parts.own, parts.kept, rows.targets, online=online is not None
    )
    rates = (options.lr, options.wiring_lr, options.weight_decay)
    chosen = make_optimizer(options.optimizer, net, *rates)
    head = Head(
        reader.kind,
        make_loss(reader.kind, options.loss, rows.targets, options.label_smoothing),
        loss_name(reader.kind, options.loss, options.label_smoothing),
        make_loss(reader.kind, None if callable(options.loss) else options.loss, rows.targets),
        checked_metric(reader.kind, options.metric),
    )
    device = device_of(net)
    rows, chosen_on = rows.to(device), chosen_on.to(device)
    return Run(
        *(net.train(), chosen, rows, chosen_on, plan, staging, head, online, teaching),
        fresh=sitting.fresh,
    )


def _check_slots(net: nn.Module, resample_every: int | None) -> None:
    if resample_every is not None and not any(isinstance(m, SlotDense) for m in net.modules()):
        raise TrainError(
            f"resample_every={resample_every!r} is for networks with nn.SlotDense, and this one "
            "has none; leave it out"
        )


def _reader(model: Model, encoder: Encoder | None) -> RowReader:
    """What `model` reads, and its targets."""
    if model.readout == Readout.identity(model.circuit.n_outputs):
        raise TrainError(
            "the network ends in bits, which are no scores to train on; append a head such as "
            "nn.GroupSum(classes)"
        )
    return row_reader(model, encoder)


def _open_checkpoint(run: Run, sitting: Sitting) -> Callable[[], None]:
    """What saves `run`; the run continues from the checkpoint first where that is wanted."""
    path = sitting.checkpoint
    if path is None:
        if sitting.resume:
            raise TrainError("resume needs the file to resume from; give checkpoint=PATH")
        return lambda: None
    settings = _settings(run)
    if sitting.resume:
        try:
            run.restore(checkpoints.load(path, settings))
        except RestoreError as error:
            raise checkpoints.damaged(path, str(error)) from error
    else:
        checkpoints.check_absent(path)
    return lambda: checkpoints.save(path, run.state(), settings)


def _settings(run: Run) -> checkpoints.State:
    """What must be the same for a run to continue as if it had never stopped."""
    taught = run.teaching
    groups = [
        sorted((k, v) for k, v in group.items() if k != "params")
        for group in run.optimizer.param_groups
    ]
    return (
        run.plan.notes()
        | run.staging.settings()
        | {
            "network": repr(run.net),
            "optimizer": type(run.optimizer).__name__,
            "optimizer settings": repr(groups),
            "transform": repr(run.online),
            "set of rows": run.rows.digest(),
            "set of validation rows": run.chosen_on.digest(),
            "loss": run.head.name,
            "teacher": None if taught is None else f"{taught.loss.name}, {taught.digest}",
        }
    )


def _result(run: Run, stopped: Stopped) -> Result:
    # Interrupted before its first step, a run has nothing else.
    best = run.best or run.history[0]
    return Result(
        soft=best.soft,
        hard=best.hard,
        best_step=best.step,
        steps=run.step,
        seconds=run.seconds,
        stopped=stopped,
        history=tuple(run.history),
        figure=best.figure,
        rows_to_choose_on=len(run.chosen_on),
        constant=run.head.constant(run.chosen_on),
    )
