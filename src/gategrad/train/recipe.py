"""A recipe: everything that a training run is told, apart from its rows and its seed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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

    # Whether the last width may grow until the classes divide it: a preset's may, one given not.
    rounds: bool = field(default=False, compare=False)

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

        Examples:
            >>> Recipe(steps=100, connections="learned", candidates=8).but(connections="random")
            Recipe(connections='random', steps=100)
        """
        known = options_of(type(self))
        for name in options:
            if name not in known:
                raise TrainError(f"unknown option {name!r} of a recipe; known: {', '.join(known)}")
        changed: dict[str, object] = {}
        if "layers" in options:
            changed["rounds"] = False
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
        changed = self._changed()
        return {n: list(v) if isinstance(v, tuple) else v for n, v in changed.items()}

    def warp(self, image_shape: Sequence[int]) -> Warp:
        """The warps of images of this shape."""
        ranges = (self.rotation, self.shift, self.scale, self.shear)
        return Warp(tuple(image_shape), *ranges, self.flip, self.share, self.crop)

    def __repr__(self) -> str:
        """What differs from a recipe's defaults."""
        changed = self._changed()
        return f"Recipe({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def _changed(self) -> dict[str, object]:
        values = {name: getattr(self, name) for name in options_of(type(self))}
        return {name: v for name, v in values.items() if _differs(v, getattr(_DEFAULT, name))}


def _differs(value: object, default: object) -> bool:
    """Arrays, which a teacher may be, are compared with None alone."""
    return value is not None if default is None else value != default


_DEFAULT = Recipe()
