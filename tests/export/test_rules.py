"""Rules as text: read back, they are the model."""

import itertools

import numpy as np
import pytest

import gategrad as gg
from gategrad.encoding import Table
from gategrad.export.explain.rules import expression, rules


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_an_expression_is_its_table(n):
    rng = np.random.default_rng(n)
    names = ["a", "b", "c", "d"][:n]
    for table in {int(t) for t in rng.integers(0, 1 << (1 << n), 60)}:
        text = expression(table, names)
        for pattern, values in enumerate(itertools.product((False, True), repeat=n)):
            row = dict(zip(names, values[::-1], strict=True))
            assert _read(text, row) == bool(table >> pattern & 1), (table, text)


def _read(text: str, row: dict[str, bool]) -> bool:
    python = text.replace("differs from", "!=").replace("equals", "==")
    return eval(python.replace("true", "True").replace("false", "False"), {}, row)


def test_rules_name_columns_thresholds_and_categories():
    x = [[30.0, "red"], [50.0, "red"], [30.0, "blue"], [50.0, "blue"]]
    table = Table.fit(x, 1, names=["age", "colour"])
    assert table.input_names() == ["age > 40", "colour = blue", "colour = red"]
    # Both = old and red; either read twice.
    circuit = gg.Circuit(3, [[2, 4], [5, 3]], [0b1000, 0b1110], [5, 6, 3])
    readout = gg.Readout("argmax", [0, 1, 3], [0, 1, 2], [2, 1, -1], [0, 1], [1, 1], [0, 0])
    model = gg.Model(circuit, readout, encoder=table, labels=("no", "yes"))
    assert rules(model) == [
        "g0 = [age > 40] and [colour = red]",
        "no: 0 +2 if g0",
        "yes: 1 +1 if (g0 or [colour = blue]) -1 if [colour = blue]",
    ]
