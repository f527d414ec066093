"""One run of an experiment: the loop of difflogic's script, and the record. Imports torch."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, fields
from math import ceil, cos, pi
from time import perf_counter

import torch
from torch import Tensor, nn

import gategrad
from gategrad.circuit import live_gates
from gategrad.experiments.catalogue import Experiment
from gategrad.experiments.checks import compiled, packed
from gategrad.experiments.errors import ExperimentError
from gategrad.experiments.network import make_network
from gategrad.experiments.options import ExperimentOptions
from gategrad.experiments.rows import Part, load_rows
from gategrad.harden import discretize
from gategrad.model import Model
from gategrad.nn import fuse
from gategrad.records import Record, machine_kind
from gategrad.train.evaluate import relaxed

SCHEDULES = ("constant", "cosine")
# The last learning rate of "cosine", as a share of the first.
_LAST = 0.01
_BATCH = 1000
# Values of training that are made once, for all steps.
_SMALL = 1 << 24
# What compares, and changes nothing of what is trained.
_CHECKS = ("packbits_eval", "compile_model", "eval_freq")
# What a neural baseline has none of.
_OF_GATES = (
    *("tau", "connections", "candidates", "grad_factor", "parametrization", "init", "estimator"),
    *("packbits_eval", "compile_model"),
)


@dataclass(frozen=True)
class Figures:
    """Accuracies of a network on some rows; hard ones are the circuit's."""

    hard: float
    soft: float


def run(
    experiment: Experiment,
    options: ExperimentOptions,
    seed: int,
    tell: Callable[[str], None] = lambda line: None,
) -> Record:
    """Train and test once.

    The weights of the last step are tested, or with `valid_set_size` those of the evaluation that
    was best on the rows held back. Nothing is chosen by the test rows.

    Args:
        experiment: what to train on.
        options: other than the experiment's.
        seed: of wiring, weights and the order of rows.
        tell: gets lines of progress.

    Raises:
        ExperimentError: options that don't go together, or a comparison that failed.
        DataError: the data can't be loaded.
    """
    start = perf_counter()
    wanted = checked(experiment, options)
    train, test = load_rows(experiment, rounded=wanted.rounded, augment=wanted.augment)
    train, held = held_back(train, wanted.valid_set_size, seed)
    net = make_network(experiment, wanted, seed)
    seconds, best_step = train_in_place(net, train, held, wanted, seed, tell)
    reached, on_held = figures(net, test), figures(net, held) if held else None
    gates, neurons = 0, (wanted.num_layers - 1) * wanted.num_neurons
    if not wanted.baseline:
        model = discretize(net)
        gates, neurons = live_gates(model.optimize().circuit), model.neurons
        _compare(model, net, test, wanted, tell)
    return Record(
        data=experiment.name,
        preset="experiment",
        options=changed(options),
        settings=_settings(wanted),
        seed=seed,
        validation_hard=on_held and on_held.hard,
        validation_soft=on_held and on_held.soft,
        test_hard=reached.hard,
        test_soft=reached.soft,
        neurons=neurons,
        gates=gates,
        steps=wanted.num_iterations,
        best_step=best_step,
        seconds=round(seconds, 2),
        total_seconds=round(perf_counter() - start, 2),
        resumed=False,
        threads=torch.get_num_threads(),
        machine=machine_kind(),
        gategrad=gategrad.__version__,
        torch=torch.__version__.partition("+")[0],
    )


def changed(options: ExperimentOptions) -> dict[str, object]:
    """What differs from the experiment's defaults, comparisons apart."""
    plain = ExperimentOptions()
    return {
        f.name: getattr(options, f.name)
        for f in fields(options)
        if f.name not in _CHECKS and getattr(options, f.name) != getattr(plain, f.name)
    }


def checked(experiment: Experiment, options: ExperimentOptions) -> ExperimentOptions:
    """The options with the experiment's defaults in place.

    Raises:
        ExperimentError: options that don't go together.
    """
    _check_baseline(options)
    wanted = experiment.complete(options)
    _check(wanted)
    return wanted


def _settings(wanted: ExperimentOptions) -> dict[str, object]:
    return {f.name: getattr(wanted, f.name) for f in fields(wanted) if f.name not in _CHECKS}


def _check(options: ExperimentOptions) -> None:
    if options.schedule not in SCHEDULES:
        raise ExperimentError(
            f"unknown schedule {options.schedule!r}; known: {', '.join(SCHEDULES)}"
        )
    if not 0 <= options.valid_set_size < 1:
        raise ExperimentError(
            f"valid_set_size is {options.valid_set_size}; expected a share from 0 to below 1"
        )


def _check_baseline(options: ExperimentOptions) -> None:
    """Refuse options of gates with a baseline; before an experiment's defaults fill them."""
    plain = ExperimentOptions()
    given = [n for n in _OF_GATES if getattr(options, n) != getattr(plain, n)]
    if options.baseline and given:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise ExperimentError(f"a neural baseline is no circuit of gates: leave out {flags}")


def held_back(part: Part, share: float, seed: int) -> tuple[Part, Part | None]:
    n = ceil((1 - share) * len(part))
    if n == len(part):
        return part, None
    order = torch.randperm(len(part), generator=torch.Generator().manual_seed(seed))
    return part.only(order[:n]), part.only(order[n:])


def train_in_place(
    net: nn.Module,
    train: Part,
    held: Part | None,
    options: ExperimentOptions,
    seed: int,
    tell: Callable[[str], None],
) -> tuple[float, int]:
    """Train with complete options; seconds, and the step whose weights the network has then."""
    kind = torch.optim.AdamW if options.weight_decay else torch.optim.Adam
    optimizer = kind(
        net.parameters(), options.learning_rate, weight_decay=options.weight_decay, fused=True
    )
    best: tuple[float, int, dict[str, Tensor]] | None = None
    small = train.values(slice(None)) if train.stored.numel() <= _SMALL else None
    start = perf_counter()
    stream = batches(train, options.batch_size, seed)
    draws = torch.Generator().manual_seed(seed)
    for step in range(1, options.num_iterations + 1):
        optimizer.param_groups[0]["lr"] = options.learning_rate * _factor(options, step)
        rows = next(stream)
        if train.warp:
            x = train.warped(rows, draws)
        else:
            x = train.values(rows) if small is None else small[rows]
        loss = nn.functional.cross_entropy(net(x), train.labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % options.eval_freq and step < options.num_iterations:
            continue
        line = f"step {step:,}: loss {loss.item():.4f}"
        if held:
            reached = figures(net, held).hard
            line += f", on the rows held back {100 * reached:.2f} %"
            if best is None or reached > best[0]:
                best = (reached, step, deepcopy(net.state_dict()))
        tell(line)
    if best:
        net.load_state_dict(best[2])
    return perf_counter() - start, best[1] if best else options.num_iterations


def _factor(options: ExperimentOptions, step: int) -> float:
    if options.schedule == "constant":
        return 1.0
    done = (step - 1) / options.num_iterations
    return _LAST + (1 - _LAST) * (1 + cos(pi * done)) / 2


def batches(part: Part, size: int, seed: int) -> Iterator[Tensor]:
    """Rows of each batch, without end; the last one of a pass over all rows may be smaller."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.randperm(len(part), generator=generator).split(size)


@torch.no_grad()
def figures(net: nn.Sequential, part: Part) -> Figures:
    """Of the network on values, and of its circuit on their bits; of a baseline both on values."""
    gates = not isinstance(net[-1], nn.Linear)
    with relaxed(net):
        rows = torch.arange(len(part)).split(_BATCH)
        fused = fuse(net) if gates else net
        decided = torch.cat([fused(part.values(chunk)).argmax(1) for chunk in rows])
    soft = (decided == part.labels).double().mean().item()
    if not gates:
        return Figures(soft, soft)
    labels = discretize(net).predict(part.bits(), threads=torch.get_num_threads())
    return Figures(float((labels == part.labels.numpy()).mean()), soft)


def _compare(
    model: Model,
    net: nn.Sequential,
    test: Part,
    options: ExperimentOptions,
    tell: Callable[[str], None],
) -> None:
    """Raise ExperimentError where a comparison that was asked for fails."""
    bits = test.bits()
    if options.packbits_eval:
        tell(packed(model, net, bits))
    if options.compile_model:
        tell(compiled(model.optimize(), bits))
