"""What inputs and classes are, for people who read an exported file."""

from collections.abc import Iterator

from gategrad.export.source import Source


def described_inputs(model: Source) -> Iterator[str]:
    """A line for each input of the circuit behind an encoder, and for each label."""
    if model.encoder is not None:
        for j, text in enumerate(model.encoder.input_names()):
            yield f"in_{j}: {plain(text)}"
    for c, label in enumerate(model.labels or ()):
        yield f"class {c}: {plain(str(label))}"


def plain(text: str) -> str:
    """Text on one line, as ASCII with escapes: formats differ in what they take in comments."""
    return text.encode("ascii", "backslashreplace").decode().translate(_CONTROLS)


_CONTROLS = {code: f"\\x{code:02x}" for code in [*range(32), 127]}
