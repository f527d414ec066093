"""Layers and head."""

from collections.abc import Sequence
from dataclasses import dataclass

from gategrad.options.option import Range, When, option
from gategrad.options.words import names_or_one_of, number_or

LEARNED = When("learned wiring, connections learned", lambda o: o.connections == "learned")
CONVOLUTIONS = When("convolutions, arch", lambda o: o.arch is not None)
# The names of `nn.gate_sets`, which is torch's side; a test holds both together.
GATE_SETS = ("all", "no-constants", "no-xor", "two-input", "monotone")


@dataclass(frozen=True)
class NetworkOptions:
    """`LogicDense` layers and a `GroupSum`; None suits the data. `train.build_network` says more.

    Attributes:
        arch: convolutions of images in front of them.
        layers: widths.
        inputs: of a gate, 2 to 6.
        parametrization: of every layer.
        connections: "local", "random", "unique", "structured" or "learned"; None is "local" for
            images and "random" for all else.
        conv_connections: of the convolutions of `arch`, "random" or "local"; None is `connections`.
        conv_inputs: of a gate of the convolutions of `arch`, 2 to 6; None is `inputs`.
        conv_channels: that a kernel of `arch` reads; None is the paper's.
        candidates: of learned wiring.
        wire_estimator: of learned wiring.
        radius: of windows.
        init: of every layer.
        estimator: of every layer.
        temperature: of every layer.
        gates: that every layer chooses from.
        tau: of the GroupSum; not of a regression, whose range is that of the targets.
        bias: of the GroupSum, learned.
    """

    arch: str | None = option(
        None,
        "Convolutions in front, of images: compact-K such as compact-32, or tree-S, -M, -B, -L, "
        "-G; with a recipe of its own.",
    )
    layers: str | Sequence[int] | None = option(
        None, "Gates a layer, such as 8000x3 or 8000,4000.", kind=str
    )
    inputs: int = option(
        2,
        "Of each gate, 2 to 6; more than two for light, light-sigmoid, walsh and dwn.",
        least=2,
        most=6,
        of_layers=True,
    )
    parametrization: str = option(
        "raw", "raw, light, light-sigmoid, walsh, multilinear, covjac or dwn.", of_layers=True
    )
    connections: str | None = option(
        None,
        "random, unique; learned: each pin chooses among candidates; local: a first layer that "
        "looks at neighbouring pixels, the default for images; structured: such pixels, any "
        "channel, adjacent thresholds.",
    )
    conv_connections: str | None = option(
        None,
        "Of the convolutions of arch: random or local, which train fast, whatever the dense layers "
        "behind them have; by default that of connections.",
        applies=CONVOLUTIONS,
    )
    conv_inputs: int | None = option(
        None,
        "Of each gate of the convolutions of arch, 2 to 6, whatever the dense layers' gates have; "
        "by default that of inputs.",
        least=2,
        most=6,
        applies=CONVOLUTIONS,
    )
    conv_channels: int | None = option(
        None,
        "Channels that a kernel of arch reads, if there are as many; by default the paper's.",
        least=1,
        applies=CONVOLUTIONS,
    )
    candidates: int | str | None = option(
        None,
        "Wires that a learned pin chooses among: a number (16 by default) or all.",
        kind=str,
        words=number_or("all", least=1, expected="a number such as 16, or all"),
        metavar="K",
        applies=LEARNED,
        sweep=Range(4, 32, rank=5, whole=True),
        of_layers=True,
    )
    wire_estimator: str | None = option(
        None,
        "Of learned wiring: straight-through (the default) or soft.",
        applies=LEARNED,
        of_layers=True,
    )
    radius: int | None = option(None, "Of windows, pixels; 2, or 3 for learned wiring.", least=1)
    init: str = option(
        "gaussian",
        "gaussian, residual, residual-b, residual-random, heavy-tail, and-or or "
        "negation-asymmetric.",
        of_layers=True,
    )
    estimator: str = option(
        "straight-through",
        "soft, straight-through, gumbel-soft, gumbel-hard or efd.",
        of_layers=True,
    )
    temperature: float | None = option(None, "Of the gates' logits, such as 0.5.", of_layers=True)
    gates: str | tuple[str, ...] | None = option(
        None,
        "Gates to choose from: no-constants, no-xor, two-input, monotone, or names such as nand "
        "or and,or,xor.",
        kind=str,
        words=names_or_one_of(GATE_SETS),
        metavar="SET",
        of_layers=True,
    )
    tau: float | None = option(
        None,
        "Temperature of the group sums; by default it grows as the root of their size.",
        sweep=Range(3, 60, rank=3),
    )
    bias: bool = option(False, "Learn a whole number to add to each sum; not for regression.")
