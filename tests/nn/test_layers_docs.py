"""The page on layers runs as printed, and names what there is."""

from gategrad.nn import registry
from gategrad.nn.gates.gate_sets import GATE_SETS
from gategrad.nn.gates.inits import INITS
from gategrad.nn.gates.logics import LOGICS
from gategrad.nn.gates.options import ESTIMATORS
from gategrad.nn.gates.parametrization import PARAMETRIZATIONS
from tests.snippets import DOCS, run_snippets


def test_every_snippet_runs(monkeypatch):
    monkeypatch.setattr(registry, "_KINDS", registry.registered())  # the page adds a kind
    n, space = run_snippets("layers.md")
    assert n >= 2
    assert space["layer"].parametrization == "cube"
    assert 0 < float(space["gates"].detach()) < 300


def test_every_option_is_on_the_page():
    text = (DOCS / "layers.md").read_text()
    for name in (*PARAMETRIZATIONS, *INITS, *ESTIMATORS):
        assert f'`"{name}"`' in text, name
    for name in {*GATE_SETS, *LOGICS} - {"all", "probabilistic"}:
        assert name in text, name
