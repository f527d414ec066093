"""A recipe: everything that a training run is told, apart from its rows and its seed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

from gategrad.train.errors import TrainError
from gategrad.train.warp import Warp

ONLINE = "online"
_OF_LEARNED_WIRING = ("candidates", "wire_estimator", "wiring_lr")


@dataclass(frozen=True)
class Recipe:
    """Data, network and training; `fit_recipe` follows it.

    None leaves the choice to `build_network` and `fit`, where most fields have their namesake.

    Attributes:
        thermometer: how many levels a number, or the levels themselves; None suits the data.
        spacing: of so many levels: "uniform" or "quantile".
        augment: warped copies of each image, made once; or "online": warped anew at every step.
        rotation: of the warps, and those below, see `Warp`.
        shift: pixels.
        scale: relative.
        shear: pixels a pixel.
        flip: whether half of the images are mirrored.
        share: of the images that are warped, online.
        layers: widths; None suits the data.
        inputs: of a gate, 2 to 6.
        parametrization: of every layer.
        connections: "local", "random", "unique", "structured" or "learned"; None is "local" for
            images and "random" for all else.
        candidates: of learned wiring.
        wire_estimator: of learned wiring.
        radius: of windows.
        init: of every layer.
        estimator: of every layer.
        temperature: of every layer.
        gates: that every layer chooses from.
        tau: of the GroupSum; not of a regression, whose range is that of the targets.
        bias: of the GroupSum, learned.
        optimizer: "adam" or "adamw".
        lr: learning rate.
        wiring_lr: of learned wiring.
        schedule: "cosine" or "constant".
        batch_size: rows a step.
        steps: steps to train; or epochs.
        epochs: passes over the rows.
        patience: evaluations without a better one.
        anneal: first and last temperature.
        freeze: first and last share of the steps.
        gate_penalty: weight of live gates in the loss.
    """

    thermometer: int | tuple[float, ...] | None = None
    spacing: str | None = None
    augment: int | str = 0
    rotation: float = 10.0
    shift: float = 1.5
    scale: float = 0.08
    shear: float = 0.1
    flip: bool = False
    share: float = 1.0

    layers: str | None = None
    inputs: int = 2
    parametrization: str = "raw"
    connections: str | None = None
    candidates: int | str | None = None
    wire_estimator: str | None = None
    radius: int | None = None
    init: str = "gaussian"
    estimator: str = "straight-through"
    temperature: float | None = None
    gates: str | tuple[str, ...] | None = None
    tau: float | None = None
    bias: bool = False

    optimizer: str = "adam"
    lr: float | None = None
    wiring_lr: float | None = None
    schedule: str = "cosine"
    batch_size: int = 128
    steps: int | None = None
    epochs: float | None = None
    patience: int | None = None
    anneal: tuple[float, float] | None = None
    freeze: tuple[float, float] | None = None
    gate_penalty: float = 0.0

    def __post_init__(self) -> None:
        """Check what no other place checks."""
        known = self.augment == ONLINE if isinstance(self.augment, str) else self.augment >= 0
        if not known:
            raise TrainError(
                f"augment is {self.augment!r}; expected how many warped copies of each image, or "
                "'online'"
            )

    def but(self, **options: object) -> "Recipe":
        """This recipe with other options.

        What belongs to learned wiring goes with it, and of steps and epochs the new one counts.

        Raises:
            TrainError: an option that a recipe doesn't have; lists those that it has.

        >>> Recipe(steps=100, connections="learned", candidates=8).but(connections="random")
        Recipe(connections='random', steps=100)
        """
        names = [field.name for field in fields(self)]
        for name in options:
            if name not in names:
                raise TrainError(f"unknown option {name!r} of a recipe; known: {', '.join(names)}")
        changed = {}
        if "connections" in options and options["connections"] != "learned":
            changed |= dict.fromkeys(_OF_LEARNED_WIRING)
        if options.get("epochs") is not None:
            changed["steps"] = None
        if options.get("steps") is not None:
            changed["epochs"] = None
        return replace(self, **(changed | options))

    def settings(self) -> dict[str, object]:
        """What differs from a recipe's defaults, as plain JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != getattr(_DEFAULT, name)
        }

    def warp(self, image_shape: Sequence[int]) -> Warp:
        """The warps of images of this shape."""
        ranges = (self.rotation, self.shift, self.scale, self.shear)
        return Warp(tuple(image_shape), *ranges, self.flip, self.share)

    def __repr__(self) -> str:
        """What differs from a recipe's defaults."""
        changed = (field.name for field in fields(self))
        changed = (name for name in changed if getattr(self, name) != getattr(_DEFAULT, name))
        return f"Recipe({', '.join(f'{name}={getattr(self, name)!r}' for name in changed)})"


_DEFAULT = Recipe()
