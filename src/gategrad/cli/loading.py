"""Models from files, and programs from models."""

from pathlib import Path

from gategrad.cli.errors import CommandError, require_engine
from gategrad.engine import Program
from gategrad.model import Model, load


def load_model(path: Path) -> Model:
    """The model at `path`.

    Raises:
        CommandError: there is no such file.
        ModelFileError: it is no sound model file.
    """
    if not path.exists():
        raise CommandError(
            f"{path} does not exist; name a .gg file, such as one that gategrad train wrote"
        )
    return load(path)


def lower(model: Model, backend: str | None) -> Program:
    """The model's program.

    Raises:
        CommandError: GATEGRAD_ISA asks for what isn't there.
    """
    require_engine()
    try:
        return model.program(backend)
    except ValueError as error:
        raise CommandError(str(error)) from error


def n_classes(model: Model) -> int:
    """Classes that the model tells apart: two for one binary sum."""
    return 2 if model.readout.kind == "binary" else model.readout.n_classes


def target_names(model: Model) -> tuple[str, ...]:
    """The classes, labels or outputs as text; their numbers where the model has no names."""
    return tuple(map(str, model.labels or range(n_classes(model))))
