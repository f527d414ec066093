"""A field that is an option: its default, and in its metadata all that others make of it."""

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from types import UnionType
from typing import Any, TypeVar, get_args

from gategrad.options.words import Words

Group = TypeVar("Group")
_KEY = "option"
_KINDS = (bool, int, float, str)


@dataclass(frozen=True)
class When:
    """Where an option does something.

    Attributes:
        text: what for, such as "learned wiring".
        test: whether that is so under all options, an object with their names as attributes.
    """

    text: str
    test: Callable[[Any], bool]


@dataclass(frozen=True)
class Range:
    """What a sweep draws from: whole numbers, or reals evenly in their logarithm.

    `rank` orders the knobs: those that matter most come first.
    """

    low: float
    high: float
    rank: int
    whole: bool = False


ALWAYS = When("everything", lambda options: True)


@dataclass(frozen=True)
class Option:
    """What is known of an option apart from its name, type and default.

    Attributes:
        help: a sentence.
        kind: bool, int, float or str: what the command line takes.
        words: how a text becomes a value, where `kind` is str and the value is none.
        metavar: for the help's first column, instead of the kind.
        least: smallest number.
        most: largest number.
        applies: where the option does something.
        sweep: what `gategrad sweep` draws it from; None: it doesn't.
        of_layers: whether every `nn.LogicDense` takes it under the same name.
        noted: whether a checkpoint keeps the value itself, which a run that goes on must share.
            The others may differ (patience), or the checkpoint keeps what they lead to.
    """

    help: str
    kind: type
    words: Words | None = None
    metavar: str | None = None
    least: float | None = None
    most: float | None = None
    applies: When = ALWAYS
    sweep: Range | None = None
    of_layers: bool = False
    noted: bool = True


def option(default: Any, help: str, *, kind: type | None = None, **about: Any) -> Any:
    """A field of a dataclass; `about` is what `Option` takes, which refuses all else.

    `kind` need not be said where the field's type has just one.
    """
    return field(default=default, metadata={_KEY: (help, kind, about)})


def option_of(a_field: Field) -> Option:
    """What is known of a field that `option` made."""
    help, kind, about = a_field.metadata[_KEY]
    return Option(help, kind or _kind(a_field), **about)


def options_of(group: type) -> dict[str, Option]:
    """The options of a dataclass by name, in order; fields that are none are left out."""
    return {f.name: option_of(f) for f in fields(group) if _KEY in f.metadata}


def gathered(group: type[Group], values: Mapping[str, Any] | object) -> Group:
    """A `group` of the values with its fields' names: of a mapping, or attributes of an object.

    Public functions spell their keywords out; `gathered(TrainingOptions, locals())` takes them
    together again, and fails where one is missing.
    """
    found = values if isinstance(values, Mapping) else vars(values)
    return group(**{f.name: found[f.name] for f in fields(group)})  # type: ignore[arg-type]


def _kind(a_field: Field) -> type:
    kinds = get_args(a_field.type) if isinstance(a_field.type, UnionType) else (a_field.type,)
    (kind,) = [kind for kind in kinds if kind is not type(None)]
    if kind not in _KINDS:
        raise TypeError(f"option {a_field.name!r} needs a kind: {a_field.type} is no plain type")
    return kind
