"""The options of a recipe on the command line, made from their declarations."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from gategrad.cli.errors import CommandError
from gategrad.options import GROUPS, Option, options_of

# The parameter of a verb that gets what was given, by name.
GIVEN = "given"
KNOWN = {name: about for group in GROUPS.values() for name, about in options_of(group).items()}
_PANELS = {name: panel for panel, group in GROUPS.items() for name in options_of(group)}


def flag(name: str) -> str:
    """An option as it is written: `batch_size` as --batch-size."""
    return "--" + name.replace("_", "-")


def takes_options(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A verb takes these options of a recipe; all where none is named.

    The verb has a parameter `given`, a dict of values by name without those that weren't given.
    typer sees an option for each in its place.
    """
    chosen = names or tuple(KNOWN)

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        @wraps(verb)
        def run(**values: Any) -> None:
            asked = {name: values.pop(name) for name in chosen}
            given = {name: _read(name, v) for name, v in asked.items() if v is not None}
            verb(**values, **{GIVEN: given})

        run.__signature__ = _signature(verb, chosen)
        return run

    return decorate


def _signature(verb: Callable[..., None], names: tuple[str, ...]) -> inspect.Signature:
    """That of the verb, with a parameter for each option in the place of `given`."""
    own = inspect.signature(verb)
    parameters = []
    for parameter in own.parameters.values():
        parameters += map(_parameter, names) if parameter.name == GIVEN else [parameter]
    return own.replace(parameters=parameters)


def _parameter(name: str) -> inspect.Parameter:
    about = KNOWN[name]
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[about.kind | None, _option(name, about)],
    )


def _option(name: str, about: Option) -> Any:
    flags = f"{flag(name)}/{flag('no_' + name)}" if about.kind is bool else flag(name)
    return typer.Option(
        flags,
        min=about.least,
        max=about.most,
        metavar=about.metavar,
        rich_help_panel=_PANELS[name],
        help=about.help,
    )


def _read(name: str, value: object) -> object:
    words = KNOWN[name].words
    if words is None:
        return value
    try:
        return words.read(value)
    except ValueError:
        raise CommandError(f"{flag(name)} is {value!r}; expected {words.expected}") from None
