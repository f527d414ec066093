"""The frequency of a module after place and route, by nextpnr."""

import re
from pathlib import Path

from gategrad.export.errors import ExportError
from gategrad.export.tools import ToolError, find_tool, find_yosys, run_tool

# By chip: how yosys maps to it, the largest device of it, and what lets nextpnr choose pins.
PLACED = {
    "ice40": (
        "synth_ice40 -top placed -json placed.json",
        ("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"),
    ),
    "ecp5": (
        "synth_ecp5 -top placed -json placed.json",
        ("--85k", "--lpf-allow-unconstrained"),
    ),
}
"""Chips that can be placed and routed."""
# Rows are shifted in and results shifted out, as no chip has as many pins as a row has bits. So the
# ways that are timed lie between registers, those of the module and those at its ports.
_WRAPPER = """
module placed(input clk, input rst_n, input enters, output leaves);
reg [{data_top}:0] in_data;
reg in_valid;
wire out_valid;
wire [{label_top}:0] out_label;
wire [{sums_top}:0] out_sums;
reg [{label_top} + {sums_top} + 1:0] result;
whole dut(
    .clk(clk), .rst_n(rst_n), .in_valid(in_valid), .in_data(in_data),
    .out_valid(out_valid), .out_label(out_label), .out_sums(out_sums)
);
always @(posedge clk) begin
  {{in_data, in_valid}} <= {{in_data, in_valid, enters}};
  result <= out_valid ? {{out_label, out_sums}} : result >> 1;
end
assign leaves = result[0];
endmodule
"""
_PORT = r"(?:input|output) +wire \[(\d+):0\] {}\b"
_FREQUENCY = re.compile(r"Max frequency for clock\s+'[^']*clk[^']*': ([\d.]+) MHz")


def frequency(
    whole: str, target: str, place: Path, seconds: float, *, routed: bool = True
) -> float:
    """Megahertz at which a module of `gategrad.export.verilog` runs, once placed and routed.

    Args:
        whole: the module, called `whole`.
        target: one of `PLACED`.
        place: a folder to work in.
        seconds: that each tool may take.
        routed: or what nextpnr expects after placement.

    Raises:
        ExportError: a target that nextpnr is not asked for.
        ToolError: nextpnr is missing, fails, as where the module is too large, or takes longer.
    """
    if target not in PLACED:
        raise ExportError(f"{target} can't be placed and routed; known: {', '.join(PLACED)}")
    command, device = PLACED[target]
    program = find_tool(f"nextpnr-{target}")
    (place / "placed.v").write_text(whole + _wrapper(whole))
    (place / "placed.ys").write_text(f"read_verilog placed.v\n{command}\n")
    run_tool([*find_yosys(), "placed.ys"], folder=place, seconds=seconds)
    options = ("--json", "placed.json", "--seed", "1", "--timing-allow-fail")
    routing = () if routed else ("--no-route",)
    said = run_tool([program, *device, *options, *routing], folder=place, seconds=seconds)
    found = _FREQUENCY.findall(said)
    if not found:
        raise ToolError(f"nextpnr-{target} named no frequency: {said[-200:]!r}")
    # The first ones are estimates before routing.
    return float(found[-1])


def _wrapper(whole: str) -> str:
    tops = {}
    for port in ("in_data", "out_label", "out_sums"):
        found = re.search(_PORT.format(port), whole)
        assert found is not None, f"the module has no port {port}"
        tops[port] = found[1]
    return _WRAPPER.format(
        data_top=tops["in_data"], label_top=tops["out_label"], sums_top=tops["out_sums"]
    )
