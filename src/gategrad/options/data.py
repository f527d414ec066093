"""How rows become bits, and what is done to images before."""

from dataclasses import dataclass

from gategrad.options.option import Range, When, option
from gategrad.options.words import number_or, text_or_none

ONLINE = "online"
WARPED = When("warped images, which augment asks for", lambda options: options.augment != 0)
WARPED_ONLINE = When(
    "images that are warped anew at every step, augment online",
    lambda options: options.augment == ONLINE,
)
ENCODED = When("rows of numbers", lambda options: options.thermometer is not None)


@dataclass(frozen=True)
class DataOptions:
    """Thermometers and warps; None suits the data.

    Attributes:
        thermometer: how many levels a number, or the levels themselves.
        spacing: of so many levels: "uniform" or "quantile".
        filters: over images of bytes, names with commas between them, such as
            "pixels,opponents,steps"; see `encoding.Filters.fit`. None: raw pixels.
        missing: what a missing value of a table becomes: "error", "zero", "indicator" or
            "most-frequent", see `encoding.Table`; None is "error".
        augment: warped copies of each image, made once; or "online": warped anew at every step.
        rotation: of the warps, and those below, see `Warp`.
        shift: pixels.
        scale: relative.
        shear: pixels a pixel.
        crop: whole pixels.
        flip: whether half of the images are mirrored.
        share: of the images that are warped, online.
    """

    thermometer: int | tuple[float, ...] | None = option(
        None,
        "Bits a number, one a threshold.",
        kind=int,
        metavar="BITS",
        least=1,
        applies=ENCODED,
        sweep=Range(1, 15, rank=9, whole=True),
    )
    spacing: str | None = option(None, "Of thresholds: uniform or quantile.")
    filters: str | None = option(
        None,
        "Filters over images before the thresholds, such as pixels,opponents,steps: edges and "
        "differences of colours; or none.",
        kind=str,
        words=text_or_none("names with commas between them, or none"),
        metavar="NAMES",
    )
    missing: str | None = option(
        None,
        "What missing values of a table become: error (the default), indicator (a bit of their "
        "own), most-frequent, or zero.",
    )
    augment: int | str = option(
        0,
        "Warped copies of each image, a number; or online: warped anew at every step.",
        kind=str,
        words=number_or(ONLINE, least=0, expected="a number of copies, or online"),
        metavar="COPIES",
    )
    rotation: float = option(
        10.0, "Largest angle of the warps, degrees.", applies=WARPED, sweep=Range(2, 20, rank=6)
    )
    shift: float = option(
        1.5, "Largest shift, pixels.", applies=WARPED, sweep=Range(0.5, 4, rank=7)
    )
    scale: float = option(0.08, "Largest change of size, relative.", applies=WARPED)
    shear: float = option(0.1, "Largest shear, pixels a pixel.", applies=WARPED)
    crop: int = option(
        0,
        "Largest shift by whole pixels, which blurs nothing: crops of a padded image.",
        least=0,
        applies=WARPED,
    )
    flip: bool = option(False, "Mirror half of the warped ones.", applies=WARPED)
    share: float = option(
        1.0,
        "Share of images that are warped, online.",
        applies=WARPED_ONLINE,
        sweep=Range(0.2, 1, rank=8),
    )
