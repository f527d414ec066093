"""The options of `gategrad train`, in the groups in which its help shows them."""

from pathlib import Path
from typing import Annotated

import typer

_DATA, _NETWORK, _TRAINING = "Data", "Network", "Training"

DataArgument = Annotated[
    str, typer.Argument(metavar="DATA", help="A set of gategrad data list, a .npz or a .csv.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="The model; DATA.gg by default."),
]

PresetOption = Annotated[
    str,
    typer.Option(
        help="fast (a minute), small (few gates), best (accuracy), or plain; the options below "
        "take the place of a preset's."
    ),
]
RecordOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Append what was done and reached, a line of JSON."),
]

TaskOption = Annotated[
    str,
    typer.Option(
        rich_help_panel=_DATA,
        help="classification; binary: two classes, one sum; multilabel: columns of 0 and 1; "
        "regression: numbers.",
    ),
]
CategoriesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        metavar="COLUMN",
        rich_help_panel=_DATA,
        help="Column of a .csv whose numbers are categories; may be given several times.",
    ),
]
ThermometerOption = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="BITS", rich_help_panel=_DATA, help="Bits a number, one a threshold."
    ),
]
SpacingOption = Annotated[
    str | None, typer.Option(rich_help_panel=_DATA, help="Of thresholds: uniform or quantile.")
]
ImageShapeOption = Annotated[
    str | None,
    typer.Option(
        metavar="CxHxW",
        rich_help_panel=_DATA,
        help="Shape of a row of a .npz of images, such as 28x28 or 3x32x32.",
    ),
]
AugmentOption = Annotated[
    str | None,
    typer.Option(
        metavar="COPIES",
        rich_help_panel=_DATA,
        help="Warped copies of each image, a number; or online: warped anew at every step.",
    ),
]
RotationOption = Annotated[
    float | None,
    typer.Option(rich_help_panel=_DATA, help="Largest angle of the warps, degrees."),
]
ShiftOption = Annotated[
    float | None, typer.Option(rich_help_panel=_DATA, help="Largest shift, pixels.")
]
ScaleOption = Annotated[
    float | None, typer.Option(rich_help_panel=_DATA, help="Largest change of size, relative.")
]
ShearOption = Annotated[
    float | None, typer.Option(rich_help_panel=_DATA, help="Largest shear, pixels a pixel.")
]
FlipOption = Annotated[
    bool | None,
    typer.Option("--flip/--no-flip", rich_help_panel=_DATA, help="Mirror half of the warped ones."),
]
ShareOption = Annotated[
    float | None,
    typer.Option(rich_help_panel=_DATA, help="Share of images that are warped, online."),
]

LayersOption = Annotated[
    str | None,
    typer.Option(rich_help_panel=_NETWORK, help="Gates a layer, such as 8000x3 or 8000,4000."),
]
InputsOption = Annotated[
    int | None,
    typer.Option(
        min=2,
        max=6,
        rich_help_panel=_NETWORK,
        help="Of each gate, 2 to 6; more than two for light, light-sigmoid, walsh and dwn.",
    ),
]
ParametrizationOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_NETWORK,
        help="raw, light, light-sigmoid, walsh, multilinear, covjac or dwn.",
    ),
]
ConnectionsOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_NETWORK,
        help="random, unique; learned: each pin chooses among candidates; local: a first layer "
        "that looks at neighbouring pixels, the default for images; structured: such pixels, "
        "any channel, adjacent thresholds.",
    ),
]
CandidatesOption = Annotated[
    str | None,
    typer.Option(
        metavar="K",
        rich_help_panel=_NETWORK,
        help="Wires that a learned pin chooses among: a number (16 by default) or all.",
    ),
]
RadiusOption = Annotated[
    int | None,
    typer.Option(
        min=1, rich_help_panel=_NETWORK, help="Of windows, pixels; 2, or 3 for learned wiring."
    ),
]
WireEstimatorOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_NETWORK, help="Of learned wiring: straight-through (the default) or soft."
    ),
]
InitOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_NETWORK,
        help="gaussian, residual, residual-b, residual-random, heavy-tail, and-or or "
        "negation-asymmetric.",
    ),
]
EstimatorOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_NETWORK, help="soft, straight-through, gumbel-soft, gumbel-hard or efd."
    ),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option(rich_help_panel=_NETWORK, help="Of the gates' logits, such as 0.5."),
]
GatesOption = Annotated[
    str | None,
    typer.Option(
        metavar="SET",
        rich_help_panel=_NETWORK,
        help="Gates to choose from: no-constants, no-xor, two-input, monotone, or names such as "
        "nand or and,or,xor.",
    ),
]
TauOption = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=_NETWORK,
        help="Temperature of the group sums; by default it grows as the root of their size.",
    ),
]

BiasOption = Annotated[
    bool | None,
    typer.Option(
        "--bias/--no-bias",
        rich_help_panel=_NETWORK,
        help="Learn a whole number to add to each sum; not for regression.",
    ),
]

OptimizerOption = Annotated[
    str | None, typer.Option(rich_help_panel=_TRAINING, help="adam or adamw.")
]
LearningRateOption = Annotated[
    float | None, typer.Option("--lr", rich_help_panel=_TRAINING, help="Learning rate.")
]
ScheduleOption = Annotated[
    str | None,
    typer.Option(rich_help_panel=_TRAINING, help="Of the learning rate: cosine or constant."),
]
WiringRateOption = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=_TRAINING, help="The same for learned wiring; that of the gates by default."
    ),
]
BatchSizeOption = Annotated[
    int | None, typer.Option(min=1, rich_help_panel=_TRAINING, help="Rows a step.")
]
StepsOption = Annotated[
    int | None, typer.Option(min=1, rich_help_panel=_TRAINING, help="Steps to train.")
]
EpochsOption = Annotated[
    float | None, typer.Option(rich_help_panel=_TRAINING, help="The same in passes over the rows.")
]
PatienceOption = Annotated[
    int | None,
    typer.Option(
        min=1, rich_help_panel=_TRAINING, help="Stop after so many evaluations without a better."
    ),
]
AnnealOption = Annotated[
    str | None,
    typer.Option(
        metavar="FIRST:LAST",
        rich_help_panel=_TRAINING,
        help="Temperature from the first step to the last, such as 1:0.1.",
    ),
]
FreezeOption = Annotated[
    str | None,
    typer.Option(
        metavar="FIRST:LAST",
        rich_help_panel=_TRAINING,
        help="Freeze layers, shallow to deep, between two shares of the steps, such as 0.3:0.8.",
    ),
]
GatePenaltyOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        rich_help_panel=_TRAINING,
        help="Weight of the expected share of live gates in the loss, for small circuits.",
    ),
]
ValidationOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        rich_help_panel=_TRAINING,
        help="Training rows held back to choose on, a fraction or how many; a tenth, at most "
        "5,000, by default.",
    ),
]
SeedOption = Annotated[
    int, typer.Option(min=0, rich_help_panel=_TRAINING, help="Of wiring, weights and order.")
]
CheckpointOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", rich_help_panel=_TRAINING, help="Save the run's state here as it goes."
    ),
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", rich_help_panel=_TRAINING, help="Go on from --checkpoint.")
]
TrainThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, rich_help_panel=_TRAINING, help="Threads; all cores by default."
    ),
]
