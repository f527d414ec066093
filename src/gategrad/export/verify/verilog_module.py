"""Verilog modules against the model: read by yosys, their registers removed, proven by ABC."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from numpy.typing import NDArray

from gategrad.encoding.intervals import Intervals
from gategrad.export.source import Source, intervals_of
from gategrad.export.tools import ToolError, find_yosys, run_tool
from gategrad.export.verify.netlist import certified, prove_equal
from gategrad.export.verify.pipeline import Unbalanced, combinational, read_ascii_aiger
from gategrad.export.verify.reference import Reference, decision, gates, threshold_inputs
from gategrad.export.verify.simulation import Fixed, simulate
from gategrad.export.verify.verdict import Verdict

_FORMAT = re.compile(
    r"in_data\[(\d+) \* j \+: \d+\], (?:a bit|(an unsigned|a signed) integer(?: over 2\^(\d+))?)"
)
_MODULE = re.compile(r"^module (\w+) #\(\s*parameter LATENCY = (\d+)", re.MULTILINE)
_AT_ONCE = re.compile(r"^// Adders take ([36]) bits at a time\.$", re.MULTILINE)
_WHAT = "encoder, gates, sums and label"
_SCRIPT = """
read_verilog given.v
hierarchy -check -top {top}
proc
flatten
opt_clean
async2sync
dffunmap
simplemap
techmap
opt_clean
aigmap
write_aiger -ascii -symbols given.aag
"""


@dataclass(frozen=True)
class _Interface:
    """What the head of a module says about it."""

    top: str
    latency: int
    bits: int
    signed: bool
    fraction: int
    at_once: int


def verify_verilog(
    model: Source,
    path: Path,
    *,
    seconds: float,
    rows: NDArray | None = None,
    certificate: bool = False,
) -> Verdict:
    """Prove that a module gives the model's label and sums for every row, after its latency.

    Every path from a row to a result must pass the same number of registers; then the registers
    are taken away, and what is left is compared with a reference. `rst_n` is high. With its
    registers the module is then simulated, `rows` among others, with gaps and with a reset.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    interface = _interface(text)
    if interface is None:
        what = "its head says no format, latency or adders"
        return Verdict(failed=(f"{path.name} is damaged: {what}",))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "given.v").write_text(text)
        (place / "script.ys").write_text(_SCRIPT.format(top=interface.top))
        try:
            run_tool([*find_yosys(), "script.ys"], folder=place, seconds=seconds)
            graph = read_ascii_aiger((place / "given.aag").read_text())
            given = combinational(graph, interface.latency, high={"rst_n"})
        except ToolError as error:
            return Verdict(failed=(f"{path.name} can't be read: {error}",))
        except Unbalanced as error:
            return Verdict(failed=(f"{path.name} is no pipeline of {interface.latency}: {error}",))
        (place / "flat.blif").write_text(given)
        reference = _reference(model, interface)
        verdict = prove_equal(reference, place / "flat.blif", what=_WHAT, seconds=seconds)
        if certificate and verdict.equal:
            verdict += certified(reference, given, f"{_WHAT} of {path.name}", seconds)
    verdict = _named(verdict, path.name) + Verdict(proven=_timing(path.name, interface, verdict))
    if verdict.equal and interface.latency:
        form = Fixed(interface.bits, interface.signed, interface.fraction)
        verdict += simulate(model, graph, interface.latency, form, rows)
    return verdict


def _timing(name: str, interface: _Interface, verdict: Verdict) -> tuple[str, ...]:
    if not verdict.equal or not interface.latency:
        return ()
    return (f"latency of {name}: every path passes {interface.latency} registers, valid too",)


def _named(verdict: Verdict, name: str) -> Verdict:
    return Verdict(
        *(
            tuple(line.replace("flat.blif", name) for line in lines)
            for lines in (verdict.proven, verdict.tested, verdict.failed)
        )
    )


def _interface(text: str) -> _Interface | None:
    form, module, adders = (p.search(text) for p in (_FORMAT, _MODULE, _AT_ONCE))
    # The name of the language's last word tells a file that was cut off.
    if form is None or module is None or adders is None or not text.rstrip().endswith("endmodule"):
        return None
    bits, kind, fraction = form.groups()
    return _Interface(
        top=module[1],
        latency=int(module[2]),
        bits=int(bits),
        signed=kind == "a signed",
        fraction=int(fraction or 0),
        at_once=int(adders[1]),
    )


def _reference(model: Source, interface: _Interface) -> str:
    """The model behind fixed-point values, with the module's ports but for the clock."""
    made = Reference("products", interface.at_once)
    n = model.circuit.n_inputs if model.encoder is None else model.encoder.n_features
    ports = [f"in_data[{i}]" for i in range(n * interface.bits)]
    inputs = ports
    if model.encoder is not None:
        values = [ports[f * interface.bits : (f + 1) * interface.bits] for f in range(n)]
        inputs = _encoded(made, intervals_of(model.encoder), values, interface)
    outputs = gates(made, model.circuit, inputs)
    named = [("out_valid", "in_valid")]
    sums = decision(made, model.readout, outputs, "sums")
    if model.readout.kind == "regression":
        named.append(("out_label[0]", made.constant(0)))
    else:
        label = decision(made, model.readout, outputs, "label")
        named += [(f"out_label[{k}]", bit) for k, (_, bit) in enumerate(label)]
    named += [(f"out_sums[{k}]", bit) for k, (_, bit) in enumerate(sums)]
    if n * interface.bits == 1:
        named = [(name.replace("[0]", "") if "data" in name else name, bit) for name, bit in named]
    return made.text(["in_valid", *ports], named)


def _encoded(
    made: Reference, intervals: Intervals, values: list[list[str]], interface: _Interface
) -> list[str]:
    return threshold_inputs(
        made,
        intervals.feature,
        intervals.low,
        intervals.high,
        values,
        fraction=interface.fraction,
        signed=interface.signed,
    )
