"""Circuits and models as notebooks show them: small tables of HTML."""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gategrad.circuit.ir import Circuit

_MOST_BARS = 8
# Beyond, measuring takes longer than people wait for a line.
_MOST_MEASURED = 5_000_000


def facts_html(title: str, facts: Mapping[str, str], more: str = "") -> str:
    """Names and values below a title; all text is taken as it is."""
    rows = "".join(
        f'<tr><td style="text-align:left;opacity:.7">{escape(name)}</td>'
        f'<td style="text-align:left">{escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    return (
        f'<div style="font-family:sans-serif"><b>{escape(title)}</b>'
        f"<table>{rows}</table>{more}</div>"
    )


def bars_html(counts: Mapping[str, int]) -> str:
    """The largest counts as bars, the others together."""
    named = dict(list(counts.items())[:_MOST_BARS])
    rest = sum(counts.values()) - sum(named.values())
    shown = named | ({"others": rest} if rest else {})
    most = max(shown.values(), default=1)
    rows = "".join(
        f'<tr><td style="text-align:left">{escape(name)}</td>'
        f'<td style="text-align:right">{count:,}</td><td style="text-align:left">'
        f'<div style="width:{max(1, round(160 * count / most))}px;height:9px;background:#f2a923">'
        "</div></td></tr>"
        for name, count in shown.items()
    )
    return f"<table>{rows}</table>" if rows else ""


def circuit_facts(circuit: "Circuit") -> dict[str, str]:
    """Sizes of a circuit, those that take long left out of one with millions of gates."""
    from gategrad.circuit.measure import depth, live_gates

    facts = {"inputs": f"{circuit.n_inputs:,}", "gates": f"{circuit.n_gates:,}"}
    if circuit.n_gates <= _MOST_MEASURED:
        facts["live gates"] = f"{live_gates(circuit):,}"
        facts["depth"] = f"{depth(circuit):,}"
    return facts | {"widest gate": f"{circuit.width} inputs", "outputs": f"{circuit.n_outputs:,}"}


def functions_html(circuit: "Circuit") -> str:
    """Bars of the functions of its gates."""
    from gategrad.circuit.measure import function_histogram

    return bars_html(function_histogram(circuit)) if circuit.n_gates <= _MOST_MEASURED else ""
