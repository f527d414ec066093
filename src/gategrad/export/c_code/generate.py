"""A model as C99: one header, one source, and what builds and tries them."""

from gategrad.circuit import decompose
from gategrad.encoding import Filters
from gategrad.export.artifact import Artifact
from gategrad.export.c_code.host import WORDS, host_values
from gategrad.export.c_code.mcu import mcu_values
from gategrad.export.c_code.plan import Plan, filled
from gategrad.export.errors import ExportError
from gategrad.export.front import front, values_of
from gategrad.export.planes import filters_header, on_planes
from gategrad.export.source import Source, checked_choice, checked_name

STYLES = ("auto", "statements", "tables")
PROFILES = ("host", "mcu")
# From this size on, compilers take seconds for statements.
_MOST_STATEMENTS = 30_000


def c(
    model: Source,
    *,
    name: str = "model",
    rows: str | None = None,
    word: str | None = None,
    style: str | None = None,
    profile: str = "host",
) -> Artifact:
    """Write a model as C99 that needs no library, allocates nothing and takes any number of rows.

    The encoder, the sums with their weights and bias, and the decision are part of it; labels are
    the indices of classes. What it returns equals `Model.sums` and the decisions of
    `Model.predict` for every row; a missing value (NaN) is above no threshold.

    Args:
        model: a `gategrad.Model`, optimized or not.
        name: prefix of all names, and of the files.
        rows: type of a row's values, one of `gategrad.export.ROWS`; where None "uint8" for
            microcontrollers and for models that take bits, which are the values above 0, else
            "float32".
        word: what holds a signal of several rows: "uint8" to "uint64" (where None), or "vector16"
            to "vector64", vectors of so many bytes as GCC and Clang know them.
        style: "statements", one a gate; "tables", which compilers read quickly whatever their
            size; "auto" (where None), by the number of gates.
        profile: "host", for computers; "mcu", for microcontrollers: one row at a time, all
            constants in flash, no floating point. It takes neither `word` nor `style`, and of a
            regression it gives the sums alone.

    Returns:
        The files NAME.h, NAME.c, main.c (which classifies rows of text from standard input),
        Makefile and CMakeLists.txt. Behind `Filters` rows are the planes that they make, and
        NAME_filters.h makes them of images.

    Raises:
        ExportError: an unknown option, or an encoder of categories that are text.
    """
    name = checked_name(name)
    if isinstance(model.encoder, Filters):
        if rows not in (None, "uint8"):
            raise ExportError(f"rows is {rows!r}; the planes of filters are bytes: rows='uint8'")
        behind = c(
            on_planes(model), name=name, rows="uint8", word=word, style=style, profile=profile
        )
        return Artifact({**behind.files, f"{name}_filters.h": filters_header(model.encoder, name)})
    checked_choice("profile", profile, PROFILES)
    if profile == "mcu" and (word or style):
        raise ExportError("word and style are for profile='host'; leave them out for 'mcu'")
    word = checked_choice("word", word or "uint64", tuple(WORDS))
    style = checked_choice("style", style or "auto", STYLES)
    rows = rows or ("uint8" if profile == "mcu" or model.encoder is None else "float32")
    plan = _plan(model, name, rows, word, style)
    values = mcu_values(plan) if profile == "mcu" else host_values(plan)
    form = "mcu" if profile == "mcu" else "model"
    names = {f"{name}.h": f"{form}.h.in", f"{name}.c": f"{form}.c.in"}
    # A regression for microcontrollers has no decision that a program could print.
    if not (profile == "mcu" and model.readout.kind == "regression"):
        names |= {file: f"{file}.in" for file in ("main.c", "Makefile", "CMakeLists.txt")}
    return Artifact({file: filled(template, values) for file, template in names.items()})


def _plan(model: Source, name: str, rows: str, word: str, style: str) -> Plan:
    before = front(model, values_of(rows))
    narrow = decompose(before.circuit) if before.circuit.width > 2 else before.circuit
    if style == "auto":
        style = "statements" if narrow.n_gates <= _MOST_STATEMENTS else "tables"
    return Plan(model, name, rows, before, narrow, word, style)
