"""Real counts of yosys for every chip and a library, and nextpnr's; `.ci/exports` runs it."""

import numpy as np
import pytest

from gategrad import Circuit, Model, Readout
from gategrad.encoding import Thermometer
from gategrad.export.synthesis import PARTS, TARGETS, synthesize
from gategrad.export.synthesis.place import PLACED
from tests.export.models import random_model
from tests.export.test_synthesis import CELLS


@pytest.mark.parametrize("target", TARGETS)
def test_every_part_has_cells(target) -> None:
    model = random_model(encoder=Thermometer.fixed([9, 90], 5)).optimize()
    sizes = synthesize(model, target=target, stages=2)
    assert tuple(sizes) == PARTS
    for part, size in sizes.items():
        # Comparisons may be carry chains alone.
        assert size.luts + size.carries + size.others > 0, part
        assert size.levels > 0, part
        # A rank of registers before the outputs, and one in between.
        assert (size.registers > 0) == (part == "whole")
    together = sum(sizes[part].luts for part in PARTS if part != "whole")
    # Tables are chosen for few levels first: across borders that costs some.
    assert sizes["whole"].luts <= 1.25 * together


def test_six_bits_at_a_time_are_a_table_a_bit() -> None:
    """A class of 60 outputs: two tables a full adder would be more than 100."""
    wires = Circuit(60, np.zeros((0, 0), int), [], np.arange(60) + 2)
    sizes = synthesize(Model(wires, Readout.group_sum(60, 1)))
    assert sizes["sums"].luts <= 75
    assert sizes["whole"].luts <= 75


def _model():
    return random_model(encoder=Thermometer.fixed([-9, 0.5, 9], 5)).optimize()


def test_a_library_has_areas() -> None:
    sizes = synthesize(_model(), liberty=CELLS, stages=2, signed=True, fraction_bits=2)
    for part, size in sizes.items():
        assert size.luts == size.carries == 0
        assert size.others > 0, part
        assert size.area >= size.others + 8 * size.registers, part
        assert size.levels > 0, part
    assert sizes["whole"].registers > 0


@pytest.mark.parametrize("target", PLACED)
def test_a_pipeline_is_placed_and_routed(target) -> None:
    options = {"target": target, "signed": True, "fraction_bits": 2, "place": True}
    deep = synthesize(_model(), stages=1, **options)["whole"].mhz
    flat = synthesize(_model(), stages=6, **options)["whole"].mhz
    assert 5 < deep < flat < 1000


@pytest.mark.parametrize("library", [None, CELLS])
def test_levels_are_those_between_registers(library) -> None:
    options = {"target": "ice40", "liberty": library, "signed": True}
    deep, flat = (synthesize(_model(), stages=n, **options)["whole"].levels for n in (1, 6))
    assert 0 < flat < deep
