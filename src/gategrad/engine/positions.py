"""Whether a single row's convolutions run gate by gate, or with positions side by side."""

import math
from dataclasses import dataclass

from gategrad import _core
from gategrad.circuit import Circuit, Convolution
from gategrad.engine.convolution import VARIABLE, add_stages, wanted_way
from gategrad.engine.source import bits_source

# Cycles, measured on Zen 4: of 64 positions of a gate by the width of vectors, of a flat gate with
# permutes of bytes, and of one without.
BLOCK_CYCLES = {"avx512": 3.0, "avx2": 6.0}
NARROW_BLOCK_CYCLES = 10.0
BITS_CYCLES, BYTES_CYCLES = 0.3, 1.7
# Of a row that is set out for planes, whatever they are.
ROW_CYCLES = 1000.0


@dataclass(frozen=True)
class Positions:
    """What single rows run by.

    Attributes:
        convolution: the circuit.
        n_stages: how many of its stages have their positions side by side; 0: none has.
        reason: for the program's `reason`; "" where there is no choice.
    """

    convolution: Convolution | None
    n_stages: int
    reason: str

    def lower(self, source: _core.Source, isa: str) -> _core.Single:
        """The plan for rows as `source` takes them."""
        whole = self.convolution
        if whole is None or not self.n_stages:
            return _core.lower_single(source, isa, "")
        tail = _behind(whole, self.n_stages)
        return _core.lower_positions(_plan(whole, isa), self.n_stages, tail, source, isa)


def choose_positions(circuit: Circuit, convolution: Convolution | None, isa: str) -> Positions:
    """What is estimated to be faster, unless GATEGRAD_CONVOLUTION says.

    Args:
        circuit: the flat circuit.
        convolution: the same by its kernels; None where there is none, or rows may lack values.
        isa: instruction set of the kernels.
    """
    wanted = wanted_way()
    if convolution is None or wanted == "flat":
        return Positions(None, 0, "")
    try:
        plan = _plan(convolution, isa)
    except ValueError:
        return Positions(None, 0, "")
    cycles = [0.0, *(ROW_CYCLES + n for n in plan.cycles)]
    gates = _rest_gates(circuit, convolution, plan.gates)
    a_gate = BITS_CYCLES if _core.single_bits(isa) else BYTES_CYCLES
    costs = [made + a_gate * rest for made, rest in zip(cycles, gates, strict=True)]
    best = min(range(0 if wanted == "auto" else 1, len(costs)), key=costs.__getitem__)
    if not math.isfinite(costs[best]):
        return Positions(None, 0, "")
    why = f"at {costs[0] / 1000:.0f} thousand cycles flat"
    if best:
        why += f" and {costs[best] / 1000:.0f} so"
    why = f"{VARIABLE} says" if wanted != "auto" else f"a row is estimated {why}"
    how = f"with positions side by side in {best} of {len(gates) - 1} stages" if best else "flat"
    return Positions(convolution, best, f"; single rows run {how}, as {why}")


def _plan(convolution: Convolution, isa: str) -> _core.Positions:
    block = BLOCK_CYCLES.get(isa, NARROW_BLOCK_CYCLES)
    plan = _core.Positions(*convolution.in_shape, block)
    add_stages(plan, convolution)
    return plan


def _rest_gates(circuit: Circuit, convolution: Convolution, gates: list[int]) -> list[float]:
    """Gates behind each number of stages, about as many of which are needed as of the whole."""
    tail = min(convolution.tail.n_gates, circuit.n_gates)
    share = (circuit.n_gates - tail) / max(1, sum(gates))
    return [tail + share * sum(gates[n:]) for n in range(len(gates) + 1)]


def _behind(convolution: Convolution, n_stages: int) -> _core.Source:
    """What reads the maps that the first stages make."""
    rest = convolution.stages[n_stages:]
    if not rest:
        return bits_source(convolution.tail, convolution.readout)
    shape = convolution.shapes[n_stages]
    return bits_source(*Convolution(shape, rest, convolution.tail, convolution.readout).flat())
