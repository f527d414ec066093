"""A second proof, by a SAT solver whose every answer is checked: independent of ABC.

Both netlists are built into one network, gate by gate. A gate of the given one that has the
values of an earlier gate on random inputs is asked about: "can they differ?" CaDiCaL answers no
with a proof, clauses that each follow by unit propagation, and this module follows it with a
checker of its own. Then the two are one gate, so later questions stay small. Gates over equal gates
with equal tables need no question.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from gategrad.export.tools import ToolError
from gategrad.export.verify.network import Network, in_order, read_blif

# Gates around two literals that a question holds, from few to many; those further away are free.
# Of inner gates, which need not be equal, only small questions are asked, and of few candidates.
_INNER_CONES, _CONES = (12, 60), (12, 60, 400, 4000)
_MOST_CANDIDATES = 2
Clause = list[int]


@dataclass(frozen=True)
class Certificate:
    """What a second proof took.

    Attributes:
        outputs: that are equal.
        proofs: of the solver, each checked.
        lemmas: clauses in them.
    """

    outputs: int
    proofs: int
    lemmas: int


class Undecided(ValueError):
    """Two netlists are not shown to be equal; says where."""


def certify(reference: str, given: str, *, seconds: float) -> Certificate:
    """Prove that two netlists in BLIF, of the same ports, are the same function.

    Raises:
        Undecided: an output differs, or can't be decided in time.
        ToolError: python-sat is missing, or a proof of the solver does not hold.
        ValueError: BLIF that can't be read.
    """
    return _Sweep(time.monotonic() + seconds).run(reference, given)


class _Sweep:
    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._proofs = self._lemmas = 0
        # By variable of the given netlist, the earlier literal that it was shown to equal.
        self._same: dict[int, int] = {}

    def run(self, reference: str, given: str) -> Certificate:
        inputs, outputs, covers = read_blif(reference)
        own_inputs, own_outputs, own_covers = read_blif(given)
        if sorted(inputs) != sorted(own_inputs) or sorted(outputs) != sorted(own_outputs):
            raise Undecided("the ports are others")
        self._network = Network(len(inputs))
        self._candidates: dict[int, list[int]] = {0: [0]}
        known = {name: 2 * (i + 1) for i, name in enumerate(inputs)}
        first = self._built(known, covers, merge=False)
        for variable in range(1, len(self._network.gates)):
            self._candidates.setdefault(self._network.normal(2 * variable)[0], []).append(variable)
        second = self._built(known, own_covers, merge=True)
        for name in outputs:
            if first[name] != second[name] and not self._equal(first[name], second[name], _CONES):
                raise Undecided(f"{name} is not shown to be equal")
        return Certificate(len(outputs), self._proofs, self._lemmas)

    def _built(
        self, inputs: dict[str, int], covers: dict[str, tuple[list[str], int]], *, merge: bool
    ) -> dict[str, int]:
        literal = dict(inputs)
        for name in in_order(list(inputs), covers):
            operands, table = covers[name]
            n_before = len(self._network.gates)
            found = self._network.gate(table, [literal[s] for s in operands])
            if merge and len(self._network.gates) > n_before:
                # Of the variable: a gate's complement is no new gate.
                self._same[found >> 1] = self._merged(found & ~1)
            literal[name] = self._same.get(found >> 1, found & ~1) ^ (found & 1)
        return literal

    def _merged(self, literal: int) -> int:
        """An earlier literal that this one is shown to equal, or itself."""
        key, inverted = self._network.normal(literal)
        for variable in self._candidates.get(key, ())[:_MOST_CANDIDATES]:
            other = 2 * variable
            other ^= self._network.normal(other)[1] ^ inverted
            if self._equal(other, literal, _INNER_CONES):
                return other
        self._candidates.setdefault(key, []).append(literal >> 1)
        return literal

    def _equal(self, a: int, b: int, cones: tuple[int, ...]) -> bool:
        """Whether two literals never differ, with a proof where they don't."""
        for size in cones:
            if time.monotonic() > self._deadline:
                raise Undecided("the time for a proof is over")
            clauses, whole = self._question(a, b, size)
            proof = _refuted(clauses)
            if proof is not None:
                self._proofs += 1
                self._lemmas += len(proof)
                check_proof(clauses, proof)
                return True
            if whole:
                return False
        return False

    def _question(self, a: int, b: int, size: int) -> tuple[list[Clause], bool]:
        """Clauses that hold only where `a` and `b` differ, and whether no gate was left out."""
        clauses = [[_signed(a), _signed(b)], [-_signed(a), -_signed(b)], [-_signed(0)]]
        waiting, seen, place = [a >> 1, b >> 1], {a >> 1, b >> 1}, 0
        while place < len(waiting) and place < size:
            variable = waiting[place]
            place += 1
            gate = self._network.gates[variable]
            if gate is not None:
                clauses += _clauses(variable, *gate)
                new = [v for v in gate[1] if v not in seen]
                seen.update(new)
                # Later gates first, so that both cones are cut at the same earlier ones.
                waiting[place:] = sorted([*waiting[place:], *new], reverse=True)
        left = any(self._network.gates[v] is not None for v in waiting[place:])
        return clauses, not left


def _signed(literal: int) -> int:
    """A literal as solvers number it, from 1."""
    return -(literal >> 1) - 1 if literal & 1 else (literal >> 1) + 1


def _clauses(variable: int, table: int, operands: tuple[int, ...]) -> Iterable[Clause]:
    """A gate: for each pattern, that its value follows."""
    own = variable + 1
    for pattern in range(1 << len(operands)):
        differs = [-(v + 1) if pattern >> j & 1 else v + 1 for j, v in enumerate(operands)]
        yield [*differs, own if table >> pattern & 1 else -own]


def _refuted(clauses: list[Clause]) -> list[Clause] | None:
    """The solver's proof that no values meet all clauses, or None where some do."""
    try:
        from pysat.solvers import Cadical153
    except ImportError as error:
        raise ToolError(
            "python-sat is needed for a certificate and not there: pip install gategrad[hdl]"
        ) from error
    with Cadical153(bootstrap_with=clauses, with_proof=True) as solver:
        if solver.solve():
            return None
        lines = [line.split() for line in solver.get_proof() or ()]
    lemmas = [[int(v) for v in line if v != "0"] for line in lines if line and line[0] != "d"]
    return lemmas if [] in lemmas else [*lemmas, []]


def check_proof(clauses: Iterable[Clause], proof: Iterable[Clause]) -> None:
    """Follow a proof: each of its clauses must follow by unit propagation from those before.

    Deletions are left out, which only makes more clauses follow that do.

    Raises:
        ToolError: a clause doesn't follow, or the last one is not the empty one.
    """
    checker = _Checker(clauses)
    lemma: Clause = [0]
    for lemma in proof:
        if not checker.follows(lemma):
            raise ToolError(f"the solver's proof does not hold: {lemma} does not follow")
        checker.add(lemma)
    if lemma:
        raise ToolError("the solver's proof does not hold: it does not end with a contradiction")


class _Checker:
    """Clauses, and which of them hold a literal."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self._holding: dict[int, list[Clause]] = {}
        self._units: list[int] = []
        self._contradiction = False
        for clause in clauses:
            self.add(clause)

    def add(self, clause: Clause) -> None:
        """Take a clause as given from here on."""
        if len(clause) == 1:
            self._units.append(clause[0])
        self._contradiction |= not clause
        for literal in clause:
            self._holding.setdefault(literal, []).append(clause)

    def follows(self, lemma: Clause) -> bool:
        """Whether assuming the opposite of a clause leads to a contradiction, unit by unit."""
        if self._contradiction:
            return True
        true, waiting = set(), [*(-literal for literal in lemma), *self._units]
        while waiting:
            literal = waiting.pop()
            if literal in true:
                continue
            if -literal in true:
                return True
            true.add(literal)
            for clause in self._holding.get(-literal, ()):
                left = [other for other in clause if -other not in true]
                if not left:
                    return True
                if len(left) == 1:
                    waiting.append(left[0])
        return False
