"""The options of `gategrad train` that are no part of a recipe; see `recipe_options`."""

from pathlib import Path
from typing import Annotated

import typer

_DATA, _TRAINING = "Data", "Training"

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A set of gategrad data list, or a .npz, .csv, .tsv, .csv.gz, "
        ".parquet, .arrow, .feather; - is a .csv on stdin.",
    ),
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
        help="Column of a table whose numbers are categories; may be given several times.",
    ),
]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        "--drop",
        metavar="COLUMN",
        rich_help_panel=_DATA,
        help="Column of a table to leave out; may be given several times.",
    ),
]
TestOption = Annotated[
    str | None,
    typer.Option(
        "--test",
        metavar="FILE",
        rich_help_panel=_DATA,
        help="Rows to test on, with the columns of DATA, all of which is then trained on.",
    ),
]
ImageShapeOption = Annotated[
    str | None,
    typer.Option(
        metavar="CxHxW",
        rich_help_panel=_DATA,
        help="Shape of a row of a .npz of images, such as 28x28 or 3x32x32.",
    ),
]
ValidationOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        rich_help_panel=_TRAINING,
        help="Training rows held back to choose on, a fraction or how many; a tenth, at most "
        "5,000, by default, and none of fewer than 500.",
    ),
]
CalibrateOption = Annotated[
    bool,
    typer.Option(
        "--calibrate",
        rich_help_panel=_TRAINING,
        help="Set the temperature of the probabilities on the rows held back to choose on.",
    ),
]
ThresholdOption = Annotated[
    str | None,
    typer.Option(
        metavar="P|METRIC",
        rich_help_panel=_TRAINING,
        help="Say the second of two classes where its probability is above P, or above what is "
        "best by accuracy, balanced-accuracy or f1 on the rows held back.",
    ),
]
FoldsOption = Annotated[
    int | None,
    typer.Option(
        min=2,
        rich_help_panel=_TRAINING,
        help="First cross-validate the recipe on the training rows, in so many parts.",
    ),
]
SeedsOption = Annotated[
    int,
    typer.Option(
        min=1,
        rich_help_panel=_TRAINING,
        help="Networks a part, of seeds from --seed on; for --folds.",
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
TensorBoardOption = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard",
        metavar="DIR",
        rich_help_panel=_TRAINING,
        help="Write curves of the run here, for tensorboard --logdir DIR.",
    ),
]
TrainThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, rich_help_panel=_TRAINING, help="Threads; all cores by default."
    ),
]
