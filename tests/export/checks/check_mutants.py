"""300 faults that an exporter could make, in every format: `verify` finds each.

Outside the suite, as every one starts a compiler, yosys or ABC: `.ci/exports` runs it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pytest

import gategrad as gg
from gategrad import export
from gategrad.circuit import evaluate
from gategrad.encoding import Thermometer
from gategrad.export.verify import verify
from tests.export.models import random_model

# Mutants of each format, each kind of fault in turn. Those of Verilog take seconds.
FORMATS: dict[str, tuple[int, Callable[[gg.Model], export.Artifact]]] = {
    "c": (35, export.c),
    "c of tables": (25, lambda m: export.c(m, style="tables", word="vector32")),
    "c for microcontrollers": (30, lambda m: export.c(m, profile="mcu")),
    "blif of sums": (35, lambda m: export.blif(m, outputs="sums")),
    "blif of gates": (20, export.blif),
    "aiger of sums": (35, lambda m: export.aiger(m, outputs="sums")),
    "aiger in ascii": (30, lambda m: export.aiger(m, outputs="sums", ascii=True)),
    "json": (35, export.json),
    "verilog": (25, export.verilog),
    "pipeline": (30, lambda m: export.verilog(m, stages=3)),
}
TOTAL = 300
LEVELS = [10, 100, 200]


def model_of_all() -> gg.Model:
    """A circuit behind thresholds, with weights of both signs and a bias."""
    model = random_model(gates=40, encoder=Thermometer.fixed(LEVELS, 3))
    return gg.Model(model.circuit, model.readout, model.encoder, ["a", "b", "c"])


def _tables(model, rng) -> Iterator[gg.Model]:
    for gate in rng.permutation(model.circuit.n_gates):
        table = model.circuit.table.copy()
        n = int((model.circuit.fanin[gate] != 0).sum())
        table[gate] ^= np.uint64(1) << np.uint64(rng.integers(0, 1 << n))
        yield _with(model, table=table)


def _wires(model, rng) -> Iterator[gg.Model]:
    for gate in rng.permutation(model.circuit.n_gates):
        fanin = model.circuit.fanin.copy()
        fanin[gate, rng.integers(0, 2)] = rng.integers(2, 2 + model.circuit.n_inputs)
        yield _with(model, fanin=fanin)


def _thresholds(model, rng) -> Iterator[gg.Model]:
    for i in rng.permutation(9):
        levels = np.array(model.encoder.levels)
        levels.reshape(-1)[i] += rng.integers(1, 5)
        yield gg.Model(model.circuit, model.readout, Thermometer(levels), model.labels)


def _weights(model, rng) -> Iterator[gg.Model]:
    for i in rng.permutation(len(model.readout.weight)):
        weight = model.readout.weight.copy()
        weight[i] += rng.choice([-1, 1, 16])
        yield _with(model, weight=weight)


def _biases(model, rng) -> Iterator[gg.Model]:
    for step in (1, -1, 3, -200, 1000, 7):
        bias = model.readout.bias.copy()
        bias[rng.integers(0, 3)] += step
        yield _with(model, bias=bias)


def _classes(model, rng) -> Iterator[gg.Model]:
    for order in ([1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [2, 0, 1]):
        r, starts = model.readout, model.readout.indptr
        rows = [slice(starts[c], starts[c + 1]) for c in order]
        yield _with(
            model,
            indptr=np.concatenate([[0], np.cumsum(np.diff(starts)[order])]),
            index=np.concatenate([r.index[row] for row in rows]),
            weight=np.concatenate([r.weight[row] for row in rows]),
            bias=r.bias[order],
        )


def _with(model, **changes) -> gg.Model:
    circuit, readout = (
        {key: changes.get(key, getattr(part, key)) for key in keys}
        for part, keys in (
            (model.circuit, ("n_inputs", "fanin", "table", "outputs")),
            (model.readout, ("kind", "indptr", "index", "weight", "bias", "scale", "offset")),
        )
    )
    return gg.Model(gg.Circuit(**circuit), gg.Readout(**readout), model.encoder, model.labels)


FAULTS = {
    "truth table": _tables, "wire": _wires, "threshold": _thresholds, "weight": _weights,
    "bias": _biases, "order of classes": _classes,
}  # fmt: skip
# What a file of gates alone, or behind the encoder, can have.
_WITHIN = {"blif of gates": ("truth table", "wire")}
_BEHIND_ENCODER = ("blif", "aiger")


def _differs(model, other, *, gates_only: bool) -> bool:
    """Whether some row tells the two apart."""
    if gates_only:
        bits = np.random.default_rng(5).integers(0, 2, (4096, model.circuit.n_inputs), bool)
        return not np.array_equal(*(evaluate(m.circuit, bits) for m in (model, other)))
    x = np.random.default_rng(5).integers(0, 256, (4096, 3))
    near = np.array(LEVELS)[np.random.default_rng(6).integers(0, 3, (4096, 3))]
    x = np.concatenate([x, near + np.random.default_rng(7).integers(-1, 6, near.shape)])
    return not np.array_equal(model.sums(x.astype(np.float64)), other.sums(x.astype(np.float64)))


def _mutants(name: str, model: gg.Model) -> Iterator[tuple[str, dict[str, str | bytes]]]:
    """Files by name with one fault each, and the kind of fault; kinds take turns."""
    make = FORMATS[name][1]
    rng = np.random.default_rng(1)
    kinds = _WITHIN.get(name, tuple(FAULTS))
    if name.split()[0] in _BEHIND_ENCODER:
        kinds = tuple(kind for kind in kinds if kind != "threshold")
    sources = {kind: _models(model, kind, rng, name) for kind in kinds}
    sources = {kind: _exported(kind, make, found) for kind, found in sources.items()}
    sources["truncated"] = _truncated(make(model), rng)
    if name == "pipeline":
        sources["register"] = _registers(make(model))
    while sources:
        for kind in list(sources):
            mutant = next(sources[kind], None)
            if mutant is None:
                del sources[kind]
            else:
                yield mutant


def _exported(kind, make, models) -> Iterator[tuple[str, dict[str, str | bytes]]]:
    for model in models:
        yield kind, make(model).files


def _models(model, kind, rng, name) -> Iterator[gg.Model]:
    for other in FAULTS[kind](model, rng):
        if name == "json" or _differs(model, other, gates_only=name == "blif of gates"):
            yield other


def _main(artifact) -> str:
    return next(
        n for n in artifact.files if n.startswith("model.") and not n.endswith((".h", ".xdc"))
    )


def _truncated(artifact, rng) -> Iterator[tuple[str, dict[str, str | bytes]]]:
    name = _main(artifact)
    content = artifact[name]
    content = content.encode() if isinstance(content, str) else content
    # A comment at the end, or a line break, may go without harm.
    whole = len(content.rstrip()) if b"\nc\n" not in content else content.rindex(b"\nc\n")
    for share in (0.0, 0.1, 0.5, 0.9, 0.99):
        yield "truncated", artifact.files | {name: content[: int(whole * share)]}


def _registers(artifact) -> Iterator[tuple[str, dict[str, str | bytes]]]:
    lines = artifact["model.v"].split("\n")
    for i, line in enumerate(lines):
        if re.search(r"^  \w+_d\d <= \w+;", line):
            shorter = re.sub(r"_d(\d) <= (\w+?)(_d\d)?;", r"_d\1 = \2;", line)
            name, source = re.findall(r"\w+", line)[0], re.findall(r"\w+", shorter)[1]
            text = "\n".join([*lines[:i], *lines[i + 1 :]])
            text = text.replace(f"reg {name};", f"wire {name} = {source};")
            yield "register", artifact.files | {"model.v": text}


def test_there_are_as_many_as_the_name_says() -> None:
    assert sum(n for n, _ in FORMATS.values()) == TOTAL


@pytest.mark.parametrize("name", FORMATS)
def test_every_mutant_is_caught(tmp_path, name) -> None:
    model = model_of_all()
    n, make = FORMATS[name]
    right = make(model)
    path = tmp_path / _main(right)
    right.write(tmp_path)
    assert verify(model, path, n_random=4000).equal
    found = Counter()
    for kind, files in islice(_mutants(name, model), n):
        export.Artifact(files).write(tmp_path)
        verdict = verify(model, path, n_random=4000)
        assert verdict.failed, (kind, verdict)
        found[kind] += 1
    assert found.total() == n, found
    print(name, dict(found))
