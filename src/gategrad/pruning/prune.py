"""Fewer gates for a little accuracy, without torch."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit.figures import FIGURES
from gategrad.model import Model
from gategrad.pruning.changes import removals
from gategrad.pruning.losses import leaning
from gategrad.pruning.rows import PruneError, Rows, encoded
from gategrad.pruning.state import State

# The share of the gates that a round takes.
STEP = 0.02
# Rounds below the budget after which it ends: figures of some thousand rows go up and down.
PATIENCE = 5
# Rows that a round's estimates are made on, others in each round.
ROWS_A_ROUND = 30_000
# What the model says before any change, as a share of the targets that changes are priced by. It
# says more of a row than its label does.
ANSWERS = 0.8

# A model, the rows that it may learn from and their targets as the circuit counts them, to a
# better model of the same kind.
Retrain = Callable[[Model, NDArray, NDArray], Model]


@dataclass(frozen=True)
class Round:
    """A circuit on the way: a point of the frontier.

    Attributes:
        gates: live ones, of two inputs.
        figure: on the held-back rows: accuracy, label accuracy or R2.
        loss: on the same rows.
    """

    gates: int
    figure: float
    loss: float


@dataclass(frozen=True, eq=False)
class Pruned:
    """What `prune` found.

    Attributes:
        model: the smallest one within the budget.
        kept: its round.
        rounds: the frontier: the model given, what each round made of it, and some beyond the
            budget.
        figure: the name of the rounds' figure.
        rows: held-back rows that the budget was spent on.
    """

    model: Model
    kept: Round
    rounds: tuple[Round, ...]
    figure: str
    rows: int


def prune(
    model: Model,
    x: ArrayLike,
    y: ArrayLike,
    *,
    budget: float = 0.2,
    x_held: ArrayLike | None = None,
    y_held: ArrayLike | None = None,
    seed: int = 0,
    on_round: Callable[[Round], None] | None = None,
    retrain: Retrain | None = None,
) -> Pruned:
    """Turn gates into constants and wires while the model stays as good as `budget` allows.

    In each round all changes of all gates are priced by a second-order estimate of the loss on
    calibration rows (`gategrad.pruning.effects`), whose targets are mostly what the model said of
    them before, and for the rest their labels. Those that cost least for the gates that they save
    are made, the circuit is optimized, and the sums of the classes are shifted back. Gates that
    never differ on data cost nothing, and go first. It ends after some rounds beyond the budget on
    the held-back rows, and gives the smallest circuit within it. The same arguments give the same
    model.

    Args:
        model: any. Gates of more than two inputs are decomposed into gates of two first.
        x: rows as the model takes them; best those that it was trained on.
        y: labels as `Model.predict` gives them; (n, C) of 0 and 1, or of numbers, for models of
            several labels and for regression.
        budget: points, hundredths of the figure, that the held-back rows may lose.
        x_held: rows to spend the budget on; where None, a tenth of x is held back from pruning.
        y_held: their labels.
        seed: of what is held back, and of the rows of each round.
        on_round: called with the start and each round.
        retrain: trains the circuit after each round, such as `gategrad.distill.Retraining`.

    Returns:
        The pruned model and the frontier on the way to it. `neurons`, labels and meta stay.

    Raises:
        PruneError: no rows, labels that don't fit, or a budget that is no number from 0.
        InputError, EncodingError: rows that the model doesn't take.
    """
    if not 0 <= budget <= 100:
        raise PruneError(f"budget is {budget!r}; expected points from 0 to 100, such as 0.2")
    generator = np.random.default_rng(seed)
    rows, held, taken = _parts(model, x, y, x_held, y_held, generator)
    own = None if retrain is None else np.asarray(x)[taken]
    state = State.of(model)
    priced = replace(rows, targets=leaning(state.readout, state.sums(rows), rows.targets, ANSWERS))
    rounds = [Round(state.n_gates, *state.measure(held))]
    if on_round:
        on_round(rounds[0])
    floor, best, kept, below = rounds[0].figure - budget / 100, state, rounds[0], 0
    while below < PATIENCE:
        before, state = state, _smaller(state, priced, generator)
        if retrain is not None and own is not None:
            state = State.of(retrain(_made(model, state), own, rows.targets))
        if state.n_gates >= before.n_gates:
            break
        rounds.append(Round(state.n_gates, *state.measure(held)))
        if on_round:
            on_round(rounds[-1])
        if rounds[-1].figure >= floor:
            best, kept, below = state, rounds[-1], 0
        else:
            below += 1
    figure = FIGURES[model.readout.kind]
    return Pruned(_made(model, best), kept, tuple(rounds), figure, len(held))


def _made(model: Model, state: State) -> Model:
    return replace(model, circuit=state.circuit, readout=state.readout, convolution=None)


def _smaller(state: State, rows: Rows, generator: np.random.Generator) -> State:
    some = rows
    if len(rows) > ROWS_A_ROUND:
        some = rows.take(np.sort(generator.choice(len(rows), ROWS_A_ROUND, replace=False)))
    changes = removals(state.costs(some)).saving(STEP * state.n_gates)
    return state.after(changes, rows)


def _parts(
    model: Model, x: ArrayLike, y: ArrayLike, x_held: ArrayLike | None, y_held: ArrayLike | None,
    generator: np.random.Generator,
) -> tuple[Rows, Rows, NDArray[np.int64]]:  # fmt: skip
    """Rows to prune on, others to judge by, and which rows of x the first are."""
    if (x_held is None) != (y_held is None):
        raise PruneError("x_held and y_held go together; one of them is missing")
    rows = encoded(model, x, y)
    taken = np.arange(len(rows))
    if x_held is not None and y_held is not None:
        held = encoded(model, x_held, y_held)
    else:
        order = generator.permutation(len(rows))
        n_held = len(rows) // 10
        taken = np.sort(order[n_held:])
        rows, held = rows.take(taken), rows.take(np.sort(order[:n_held]))
    if not len(rows) or not len(held):
        raise PruneError(
            f"{len(rows)} rows to prune on and {len(held)} held back are too few; give more, or "
            "x_held and y_held"
        )
    return rows, held, taken
