"""BLIF and AIGER files against the model, proven by ABC."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gategrad.export.arithmetic import OUTPUTS, output_names
from gategrad.export.errors import ExportError
from gategrad.export.source import Source
from gategrad.export.tools import ToolError, find_tool, run_tool
from gategrad.export.verify.certificate import certify
from gategrad.export.verify.pipeline import blif_of, read_ascii_aiger, read_binary_aiger
from gategrad.export.verify.reference import reference_blif
from gategrad.export.verify.verdict import Verdict


def verify_netlist(
    model: Source, path: Path, *, seconds: float, certificate: bool = False
) -> Verdict:
    """Prove that a .blif, .aig or .aag file is the model's gates, sums or labels, as it says.

    Which of them is told by the names of its outputs; those and the names of its inputs must be
    the exporter's, in its order.
    """
    content = path.read_bytes()
    names = _blif_ports(content) if path.suffix == ".blif" else _aiger_ports(content)
    if names is None:
        return Verdict(failed=(f"{path.name} is damaged: its ports can't be read",))
    inputs, outputs = names
    expected = [f"in_{j}" for j in range(model.circuit.n_inputs)]
    if inputs != expected:
        return Verdict(failed=(f"inputs of {path.name} are not in_0 to in_{len(expected) - 1}",))
    wanted = _wanted(model, outputs)
    if wanted is None:
        return Verdict(failed=(f"outputs of {path.name} are not the model's gates, sums or label",))
    form = "tables" if path.suffix == ".blif" else "gates"
    reference = reference_blif(model.circuit, model.readout, wanted, form)
    try:
        flat = _as_blif(path, content, inputs, outputs)
    except (ValueError, KeyError, IndexError, StopIteration) as error:
        return Verdict(failed=(f"{path.name} is damaged: {error}",))
    if path.suffix != ".aag":
        verdict = prove_equal(reference, path, what=wanted, seconds=seconds)
    else:
        # ABC reads the binary form alone.
        with tempfile.TemporaryDirectory() as folder:
            other = Path(folder) / f"{path.stem}.blif"
            other.write_text(flat)
            verdict = prove_equal(reference, other, what=wanted, seconds=seconds)
    if certificate and verdict.equal:
        verdict += certified(reference, flat, f"{wanted} of {path.name}", seconds)
    return verdict


def _as_blif(path: Path, content: bytes, inputs: list[str], outputs: list[str]) -> str:
    """A file of any kind as BLIF, read by readers of our own."""
    if path.suffix == ".blif":
        return content.decode("ascii")
    if path.suffix == ".aag":
        return blif_of(read_ascii_aiger(content.decode("ascii")), inputs, outputs)
    return blif_of(read_binary_aiger(content, inputs, outputs), inputs, outputs)


def certified(reference: str, given: str, what: str, seconds: float) -> Verdict:
    """The second proof of what ABC has proven; what it can't decide has failed."""
    try:
        made = certify(reference, given, seconds=seconds)
    except (ToolError, ValueError) as error:
        return Verdict(failed=(f"certificate of {what}: {error}",))
    return Verdict(
        proven=(
            f"{what}: equal for every input (CaDiCaL; {made.proofs:,} proofs of {made.lemmas:,} "
            "clauses, each checked)",
        )
    )


def _wanted(model: Source, outputs: list[str]) -> str | None:
    for wanted in OUTPUTS:
        if wanted == "label" and model.readout.kind == "regression":
            continue
        if outputs == output_names(model.circuit, model.readout, wanted):
            return wanted
    return None


def prove_equal(reference: str, path: Path, *, what: str, seconds: float) -> Verdict:
    """Prove with ABC that a netlist is the function of a reference in BLIF, port by port."""
    read = {".blif": "read_blif", ".aig": "read_aiger"}[path.suffix]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "reference.blif").write_text(reference)
        (place / f"given{path.suffix}").write_bytes(path.read_bytes())
        commands = [
            "read_blif reference.blif; strash; write_aiger reference.aig",
            f"{read} given{path.suffix}; strash; write_aiger given.aig",
            f"&r reference.aig; &cec -T {max(1, int(seconds))} given.aig",
        ]
        try:
            printed = run_tool(
                [find_tool("abc"), "-c", "; ".join(commands)], folder=place, seconds=seconds + 30
            )
        except ToolError as error:
            return Verdict(failed=(f"{what} of {path.name}: {error}",))
    return _verdict(printed, path.name, what)


def _verdict(printed: str, name: str, what: str) -> Verdict:
    if "Networks are equivalent" in printed:
        return Verdict(proven=(f"{what} of {name}: equal for every input (ABC &cec)",))
    if "NOT EQUIVALENT" in printed:
        return Verdict(failed=(f"{what} of {name}: differs from the model (ABC &cec)",))
    last = " / ".join(line.strip() for line in printed.strip().splitlines()[-3:])
    return Verdict(failed=(f"{what} of {name}: undecided: {last}",))


def _blif_ports(content: bytes) -> tuple[list[str], list[str]] | None:
    try:
        text = content.decode("ascii").replace("\\\n", " ")
    except UnicodeDecodeError:
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    inputs, outputs = _named(lines, ".inputs"), _named(lines, ".outputs")
    # A file that was cut off lacks its last line.
    if inputs is None or outputs is None or lines[-1].strip() != ".end":
        return None
    return inputs, outputs


def _named(lines: Sequence[str], head: str) -> list[str] | None:
    found = [line.split()[1:] for line in lines if line.split()[0] == head]
    return found[0] if len(found) == 1 else None


_SYMBOL = re.compile(rb"^([io])(\d+) (\S+)$", re.MULTILINE)


def _aiger_ports(content: bytes) -> tuple[list[str], list[str]] | None:
    head = content.partition(b"\n")[0].split()
    if len(head) != 6 or head[0] not in (b"aig", b"aag") or not all(map(bytes.isdigit, head[1:])):
        return None
    n_inputs, n_outputs, n_ands = int(head[2]), int(head[4]), int(head[5])
    place = _end_of_lines(content, 1 + n_outputs + (n_inputs + n_ands) * (head[0] == b"aag"))
    if head[0] == b"aig":
        place = _end_of_nodes(content, place, n_ands)
    body, mark, _ = content[place:].partition(b"\nc\n")
    if not mark:
        return None
    named: dict[bytes, dict[int, str]] = {b"i": {}, b"o": {}}
    for letter, number, name in _SYMBOL.findall(body):
        named[letter][int(number)] = name.decode("ascii", "replace")
    inputs, outputs = (
        [named[letter].get(i, "") for i in range(n)]
        for letter, n in ((b"i", n_inputs), (b"o", n_outputs))
    )
    return inputs, outputs


def _end_of_lines(content: bytes, n: int) -> int:
    place = 0
    for _ in range(n):
        place = content.find(b"\n", place) + 1
        if not place:
            return len(content)
    return place


def _end_of_nodes(content: bytes, place: int, n_ands: int) -> int:
    """Behind two numbers a node, whose last bytes alone are below 128."""
    left = 2 * n_ands
    while left and place < len(content):
        left -= content[place] < 128
        place += 1
    return place


def require_suffix(path: Path, known: Sequence[str]) -> None:
    """Raise ExportError where `path` is no kind of file that can be verified."""
    if path.suffix not in known:
        raise ExportError(f"{path} is none of {', '.join(known)}, which verify reads")
