"""A model as one page of HTML that runs its circuit."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256 as digest
from html import escape
from importlib import resources

from numpy.typing import ArrayLike

from gategrad.circuit import live_gates
from gategrad.export.artifact import Artifact
from gategrad.export.html_page.payload import payload
from gategrad.export.source import Source, checked_name, n_features, sha256, version
from gategrad.export.template import fill

_PACKAGE = "gategrad.export.html_page"
# In this order: each uses what those before it define.
_SCRIPTS = ("engine.js", "draw.js", "form.js", "about.js", "gates.js", "page.js")


def html(
    model: Source,
    *,
    name: str = "model",
    title: str | None = None,
    image_shape: Sequence[int] | None = None,
    examples: ArrayLike | None = None,
) -> Artifact:
    """Write a model as a page for a browser: draw, or move sliders, and see the circuit decide.

    The page is one file that needs no network and no server. Its script does what `Model.predict`
    does, encoder and readout included, for 32 rows at a time; sums and decisions are the same.

    Args:
        model: a `gategrad.Model`; optimize it first, for fewer gates to look at.
        name: of the file.
        title: on the page; `name` where None.
        image_shape: (height, width) or (channels, height, width) of rows that are images, to draw
            on; () where they are none. None: rows of at least 64 numbers without names are images
            where they fill a square.
        examples: (n, features) rows to choose from, as `Model.predict` takes them.

    Returns:
        NAME.html.

    Raises:
        ExportError: a name that is none, a shape that rows don't have, or an encoder that isn't one
            of gategrad's.
        EncodingError: examples that the encoder refuses.
    """
    name = checked_name(name)
    parts = resources.files(_PACKAGE)
    script = "\n".join(parts.joinpath(file).read_text(encoding="utf-8") for file in _SCRIPTS)
    model_sha = sha256(model)
    values = {
        "title": escape(name if title is None else title),
        "facts": escape(_facts(model)),
        "version": escape(version()),
        "sha": model_sha,
        "short": model_sha[:12],
        "policy": _policy(script),
        "style": parts.joinpath("page.css").read_text(encoding="utf-8"),
        "script": script,
        "model": payload(model, image_shape, examples),
    }
    return Artifact({f"{name}.html": fill(_PACKAGE, "page.html.in", values)})


def _facts(model: Source) -> str:
    kind, n = model.readout.kind, model.readout.n_classes
    classes = 2 if kind == "binary" else n
    what = {"regression": "output", "multilabel": "label"}.get(kind, "class")
    plural = "" if classes == 1 else "es" if what == "class" else "s"
    return (
        f"{live_gates(model.circuit):,} live gates · {n_features(model):,} features as "
        f"{model.circuit.n_inputs:,} bits · {classes:,} {what}{plural}"
    )


def _policy(script: str) -> str:
    """What a browser lets the page do: run this script, and fetch nothing."""
    own = b64encode(digest(script.encode()).digest()).decode()
    return f"default-src 'none'; script-src 'sha256-{own}'; style-src 'unsafe-inline'"
