"""The training loop and the state that it advances."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from math import nan
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gategrad.circuit import live_gates
from gategrad.circuit.figures import FIGURES, constant_figure
from gategrad.circuit.metrics import SHOWN, constant_metric
from gategrad.harden import discretize
from gategrad.nn import expected_gates, fuse, resample_slots
from gategrad.nn.measures.expected_gates import count_gates
from gategrad.train.average import Average
from gategrad.train.batches import Batches
from gategrad.train.checkpoint import State
from gategrad.train.choosing import FEW_ROWS, Choosing, start_bar
from gategrad.train.errors import TrainError
from gategrad.train.evaluate import device_of, hard_look, soft_figure
from gategrad.train.interrupt import Interrupt
from gategrad.train.losses import HeadLoss
from gategrad.train.online import Online
from gategrad.train.optimizers import schedule_factor
from gategrad.train.plan import Plan
from gategrad.train.progress import Reporter
from gategrad.train.restoring import check_state
from gategrad.train.result import Evaluation, Stopped
from gategrad.train.rows import Rows
from gategrad.train.staging import Staging
from gategrad.train.teaching import Teaching

# Steps between looks at the loss: on a GPU each look waits for it.
_LOSS_CHECK = 20
# Slots drawn later could not be learned in the steps that are left.
_RESAMPLED_SHARE = 0.75
# Fields of an evaluation in a checkpoint's history; `hard_losses` are beside it.
_OLD_FIELDS = 6


@dataclass(frozen=True)
class Head:
    """What the network is trained for.

    Attributes:
        kind: of its scores.
        loss: on a batch of them.
        name: of the loss.
        judge: the loss by which equal evaluations are told apart: no user's own.
        metric: that evaluations are compared by; the figure of the kind where None.
    """

    kind: str
    loss: HeadLoss
    name: str
    judge: HeadLoss
    metric: str | None = None

    @property
    def figure(self) -> str:
        """The name of what evaluations are compared by."""
        return FIGURES[self.kind] if self.metric is None else SHOWN[self.metric]

    def constant(self, rows: Rows) -> float:
        """That of the best constant answer on these rows."""
        targets = rows.targets.cpu().numpy()
        weights = None if rows.weights is None else rows.weights.cpu().double().numpy()
        if self.metric is None:
            return constant_figure(self.kind, targets, weights)
        return constant_metric(self.metric, targets, int(targets.max()) + 1, weights)


class Run:
    """A network in training: everything that a checkpoint must hold.

    Args:
        net: in `.train()`.
        optimizer: over its parameters, at its full learning rates.
        rows: to train on, on the network's device.
        chosen_on: to evaluate on, there too.
        plan: what to do.
        staging: what changes in the network meanwhile.
        head: what the network is trained for.
        online: where the bits of a step come from if not from `rows`.
        teaching: what a teacher says of them.
        fresh: whether the network is known to be untrained.
    """

    def __init__(
        self,
        net: nn.Module,
        optimizer: Optimizer,
        rows: Rows,
        chosen_on: Rows,
        plan: Plan,
        staging: Staging,
        head: Head,
        online: Online | None = None,
        teaching: Teaching | None = None,
        *,
        fresh: bool = False,
    ) -> None:
        self.net, self.optimizer = net, optimizer
        self.rows, self.chosen_on, self.plan = rows, chosen_on, plan
        self.staging, self.head, self.online = staging, head, online
        self.teaching = teaching
        self._fused = fuse(net)
        self.learning_rates = [group["lr"] for group in optimizer.param_groups]
        self.step = 0
        self.seconds = 0.0
        self.history: list[Evaluation] = []
        self.best: Evaluation | None = None
        self.choosing = Choosing(
            few=len(chosen_on) < FEW_ROWS,
            start_above=start_bar(
                head.kind, chosen_on, fresh=fresh, constant=head.constant(chosen_on)
            ),
            gate_penalty=plan.gate_penalty,
            neurons=count_gates(net),
        )
        self.best_weights: dict[str, Tensor] = {}
        self.average = None if plan.ema is None else Average(net, plan.ema)
        self._loss_sum = torch.zeros((), dtype=torch.float64, device=device_of(net))
        self._loss_steps = 0
        self.batches = Batches(rows, plan, online, teaching)

    def advance(self) -> None:
        """One step: forward, backward, update."""
        self.staging.apply(self.step / self.plan.steps)
        self._set_learning_rates()
        batch = self.batches.take(self.step)
        self._drop_gradients()
        scores = self._fused(batch.x)
        loss = self.head.loss(scores, batch.targets, batch.weights)
        if self.teaching is not None:
            loss = self.teaching.loss.mixed(loss, scores, batch.taught, batch.weights)
        if self.plan.gate_penalty:
            loss = loss + self.plan.gate_penalty * expected_gates(self.net) / count_gates(self.net)
        loss.backward()
        self._clip()
        self.optimizer.step()
        self.step += 1
        if self.average is not None:
            self.average.update(self.step)
        self._resample()
        self._loss_sum += loss.detach()
        self._loss_steps += 1
        if self.step % _LOSS_CHECK == 0:
            self._check_loss()

    def evaluate(self) -> Evaluation:
        """Measure both figures, and keep the weights if they are the best so far."""
        self._check_loss()
        self.staging.apply(self.step / self.plan.steps)
        with nullcontext() if self.average is None else self.average.in_place():
            return self._look()

    def _look(self) -> Evaluation:
        loss = float(self._loss_sum) / self._loss_steps if self._loss_steps else nan
        soft = soft_figure(self.net, self.chosen_on, self.head.kind, self.head.metric)
        hard, hard_loss = hard_look(self.net, self.chosen_on, self.head.judge, self.head.metric)
        if self.choosing.few:
            _, hard_loss = hard_look(self.net, self._all_rows, self.head.judge)
        evaluation = Evaluation(
            self.step, loss, soft, hard, self._live_gates(), self.head.figure, hard_loss
        )
        self._loss_sum.zero_()
        self._loss_steps = 0
        self.history.append(evaluation)
        if self.choosing.better(evaluation, self.best):
            self.best = evaluation
            self.best_weights = copy.deepcopy(self.net.state_dict())
        return evaluation

    @cached_property
    def _all_rows(self) -> Rows:
        return self.rows.and_(self.chosen_on)

    def _live_gates(self) -> int | None:
        if not self.plan.gate_penalty:
            return None
        shape = self.rows.bits.shape[1:]
        model = discretize(self.net, ignore_hooks=True, input_shape=shape)
        return live_gates(model.optimize().circuit)

    @property
    def out_of_patience(self) -> bool:
        """Whether the last `patience` evaluations were no better than the best before them."""
        patience = self.plan.patience
        if patience is None or len(self.history) <= patience:
            return False
        reference = None
        for place, evaluation in enumerate(self.history):
            if self.choosing.progress(evaluation, reference):
                reference, last = evaluation, place
        return len(self.history) - 1 - last >= patience

    @contextmanager
    def best_at_the_end(self) -> Iterator[None]:
        """However the context ends: the best weights in the network, the optimizer's own rates.

        And no thread that makes batches.
        """
        try:
            yield
        finally:
            self.batches.close()
            for group, lr in zip(self.optimizer.param_groups, self.learning_rates, strict=True):
                group["lr"] = lr
            if self.best is not None:
                self.net.load_state_dict(self.best_weights)
                self.staging.apply(self.best.step / self.plan.steps)

    def state(self) -> State:
        """Everything that changes, as `restore` takes it."""
        on_gpu = self._loss_sum.is_cuda
        return {
            "net": self.net.state_dict(),
            "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "random_gpu": torch.cuda.get_rng_state(self._loss_sum.device) if on_gpu else None,
            "step": self.step,
            "seconds": self.seconds,
            "history": [list(vars(e).values())[:_OLD_FIELDS] for e in self.history],
            "hard_losses": [evaluation.hard_loss for evaluation in self.history],
            "best": None if self.best is None else self.history.index(self.best),
            "loss": [float(self._loss_sum), self._loss_steps],
            "average": None if self.average is None else self.average.state,
        }

    def restore(self, state: State) -> None:
        """Continue from `state`.

        Raises:
            RestoreError: a state that doesn't fit this run; nothing has changed then.
        """
        check_state(state, self.net, self.optimizer, averaged=self.average is not None)
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average.restore(state["average"])
        self.best_weights = state["best_weights"]
        torch.set_rng_state(state["random"])
        if state["random_gpu"] is not None and self._loss_sum.is_cuda:
            torch.cuda.set_rng_state(state["random_gpu"], self._loss_sum.device)
        self.step, self.seconds = state["step"], state["seconds"]
        losses = state.get("hard_losses", [nan] * len(state["history"]))
        pairs = zip(state["history"], losses, strict=True)
        self.history = [Evaluation(*values, hard_loss=loss) for values, loss in pairs]
        self.best = None if state["best"] is None else self.history[state["best"]]
        self._loss_sum.fill_(state["loss"][0])
        self._loss_steps = state["loss"][1]

    def _resample(self) -> None:
        every, most = self.plan.resample_every, _RESAMPLED_SHARE * self.plan.steps
        if every is not None and self.step % every == 0 and self.step <= most:
            generator = torch.Generator().manual_seed(self.batches.seed(self.step))
            resample_slots(self.net, self.optimizer, generator=generator)

    def _set_learning_rates(self) -> None:
        factor = schedule_factor(self.plan.schedule)(self.step / self.plan.steps)
        for group, lr in zip(self.optimizer.param_groups, self.learning_rates, strict=True):
            group["lr"] = lr * factor

    def _drop_gradients(self) -> None:
        """What `optimizer.zero_grad()` does, without its records for a profiler."""
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def _clip(self) -> None:
        if self.plan.grad_clip is not None:
            groups = self.optimizer.param_groups
            parameters = [parameter for group in groups for parameter in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self.plan.grad_clip)

    def _check_loss(self) -> None:
        if not torch.isfinite(self._loss_sum):
            raise TrainError(
                f"the loss is no finite number after {self.step} steps; use a smaller learning "
                f"rate (it is {self.learning_rates[0]:g}), or a larger tau in the GroupSum"
            )


def train(run: Run, interrupt: Interrupt, reporter: Reporter, save: Callable[[], None]) -> Stopped:
    """Advance `run` to the end of its plan, or until it is out of patience or interrupted."""
    started = perf_counter() - run.seconds

    def evaluate() -> None:
        reporter.evaluation(run.evaluate())
        run.seconds = perf_counter() - started
        save()

    if not run.history:
        evaluate()
    while run.step < run.plan.steps and not run.out_of_patience:
        if interrupt.requested:
            run.seconds = perf_counter() - started
            save()
            return _interrupted(run, reporter)
        run.advance()
        reporter.step(run.step)
        if run.step % run.plan.eval_every == 0 or run.step == run.plan.steps:
            evaluate()
    return "finished" if run.step == run.plan.steps else "patience"


def _interrupted(run: Run, reporter: Reporter) -> Stopped:
    """Give the last weights their chance; the checkpoint, which goes on, knows nothing of it."""
    if run.step != run.history[-1].step:
        reporter.evaluation(run.evaluate())
    return "interrupted"
