"""Fixtures of the tests of layers."""

import pytest

from gategrad import _core


@pytest.fixture(params=_core.isas())
def isa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every instruction set of this machine in turn."""
    monkeypatch.setenv("GATEGRAD_ISA", request.param)
    return request.param
