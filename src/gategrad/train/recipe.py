"""A recipe: everything that a training run is told, apart from its rows and its seed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

from gategrad.options import (
    LEARNED,
    ONLINE,
    DataOptions,
    NetworkOptions,
    TrainingOptions,
    options_of,
)
from gategrad.train.errors import TrainError
from gategrad.train.warp import Warp


# The fields of a base come before those of the class, and of the last base first.
@dataclass(frozen=True)
class Recipe(TrainingOptions, NetworkOptions, DataOptions):
    """Data, network and training; `fit_recipe` follows it.

    Its fields are those of `DataOptions`, `NetworkOptions` and `TrainingOptions`, which say what
    they are. None leaves the choice to `build_network` and `fit`, where most have their namesake.
    """

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
        known = options_of(type(self))
        for name in options:
            if name not in known:
                raise TrainError(f"unknown option {name!r} of a recipe; known: {', '.join(known)}")
        changed = {}
        if "connections" in options and options["connections"] != "learned":
            changed |= {n: getattr(_DEFAULT, n) for n in known if known[n].applies is LEARNED}
        if options.get("epochs") is not None:
            changed["steps"] = None
        if options.get("steps") is not None:
            changed["epochs"] = None
        return replace(self, **(changed | options))

    def idle(self, names: Sequence[str]) -> dict[str, str]:
        """Those of the options that do nothing in this recipe, and what each is for."""
        known = options_of(type(self))
        return {n: known[n].applies.text for n in names if not known[n].applies.test(self)}

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
