"""Real counts of yosys for every chip; `.ci/exports` runs it."""

import pytest

from gategrad.encoding import Thermometer
from gategrad.export.synthesis import PARTS, TARGETS, synthesize
from tests.export.models import random_model


@pytest.mark.parametrize("target", TARGETS)
def test_every_part_has_cells(target) -> None:
    model = random_model(encoder=Thermometer.fixed([9, 90], 5)).optimize()
    sizes = synthesize(model, target=target, stages=2)
    assert tuple(sizes) == PARTS
    for part, size in sizes.items():
        # Comparisons may be carry chains alone.
        assert size.luts + size.carries > 0, part
        assert size.levels > 0, part
        # A rank of registers before the outputs, and one in between.
        assert (size.registers > 0) == (part == "whole")
    together = sum(sizes[part].luts for part in PARTS if part != "whole")
    assert sizes["whole"].luts <= together
