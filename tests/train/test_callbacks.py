"""What a run tells callbacks, and the curves that TensorBoard gets."""

import sys
from math import isclose
from types import ModuleType, SimpleNamespace

import pytest
import torch

import gategrad as gg
from gategrad import nn, train
from tests.train.examples import fit, network, problem, same_weights


class Told(train.Callback):
    """Notes what it is told, as a person would who looks at the circuit meanwhile."""

    def __init__(self):
        self.starts, self.found, self.ends = [], [], []

    def start(self, net, steps, history):
        self.starts.append((steps, [e.step for e in history], net.training))
        net.eval()

    def record(self, net, evaluation):
        self.found.append((evaluation, gg.discretize(net.eval()).predict(problem()[0])))

    def end(self, net, result):
        self.ends.append((result, gg.discretize(net.eval()).predict(problem()[0])))


def test_start_every_evaluation_and_the_end():
    told, net = Told(), network()
    result = fit(net, steps=60, eval_every=20, callbacks=[told])
    assert told.starts == [(60, [], True)]
    assert tuple(e for e, _ in told.found) == result.history
    ((ended, labels),) = told.ends
    assert ended is result
    best = [step for step, e in enumerate(result.history) if e.step == result.best_step]
    assert (labels == told.found[best[0]][1]).all()


def test_looking_changes_nothing():
    """A callback that leaves the network in `.eval()` trains nobody's network in it."""
    plain, watched = network(), network()
    fit(plain, steps=60, eval_every=20)
    fit(watched, steps=60, eval_every=20, callbacks=[Told(), Told()])
    assert same_weights(plain, watched)
    assert watched.training


def test_a_run_that_goes_on_tells_what_was_before(tmp_path):
    class Enough(train.Callback):
        def record(self, net, evaluation):
            if evaluation.step == 40:
                raise ZeroDivisionError("enough")

    options = {"steps": 80, "eval_every": 20, "checkpoint": tmp_path / "run.pt"}
    with pytest.raises(ZeroDivisionError, match=r"^enough$"):
        fit(network(), callbacks=[Enough()], **options)
    told = Told()
    fit(network(seed=1), resume=True, callbacks=[told], **options)
    assert told.starts == [(80, [0, 20], True)]
    assert [e.step for e, _ in told.found] == [40, 60, 80]


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (Told(), "expected a list of objects such as train.Callback"),
        ([Told(), print], r"callbacks\[1\] is <built-in function print>, without 'start'"),
        ([Told], "a class; make an object of it"),
    ],
)
def test_messages(callbacks, message):
    with pytest.raises(train.TrainError, match=message):
        fit(network(), callbacks=callbacks)


def _read(folder):
    """Points by name and step, from the files themselves."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {n: {p.step: p.value for p in events.Scalars(n)} for n in events.Tags()["scalars"]}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboard", reason="needs gategrad[tensorboard]")
    net = train.build_network(8, 3, layers="60x2", connections="learned", candidates=4, seed=0)
    result = fit(net, steps=20, eval_every=10, callbacks=[train.TensorBoard(tmp_path / "run")])
    curves = _read(tmp_path / "run")
    assert set(curves) == {
        *("loss", "accuracy/soft", "accuracy/hard", "accuracy/gap", "gates/expected"),
        *("entropy/gates", "entropy/wires"),
    }
    for name, field in (("loss", "loss"), ("accuracy/hard", "hard"), ("accuracy/gap", "gap")):
        expected = {e.step: getattr(e, field) for e in result.history}
        # There is no loss before the first step.
        expected = {step: value for step, value in expected.items() if value == value}
        assert curves[name] == pytest.approx(expected)
    assert curves["entropy/wires"][0] == pytest.approx(2.0)
    assert curves["entropy/wires"][20] < 2.0
    step = result.best_step
    assert isclose(curves["entropy/gates"][step], nn.gate_entropy(net), rel_tol=1e-5)
    assert isclose(curves["gates/expected"][step], nn.expected_gates(net).item(), rel_tol=1e-5)


def test_tensorboard_is_missed_before_the_run(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(train.TrainError, match=r"pip install gategrad\[tensorboard\]"):
        train.TensorBoard("run")


def test_entropies():
    layer = nn.LogicDense(4, 6, seed=0)
    with torch.no_grad():
        layer.weight.zero_()
    assert nn.gate_entropy(layer) == pytest.approx(4.0)
    with torch.no_grad():
        layer.weight[:, 5] = 100.0
    assert nn.gate_entropy(layer) == pytest.approx(0.0)
    tables = nn.LogicDense(6, 5, inputs=3, parametrization="light", seed=0)
    entries = tables.bank.entries()[1].double()
    expected = -(entries * entries.log2() + (1 - entries) * (1 - entries).log2()).sum(1).mean()
    assert nn.gate_entropy(tables) == pytest.approx(expected.item())
    slots = nn.SlotDense(8, 5, slots=4, seed=0)
    with torch.no_grad():
        slots.logits.zero_()
    assert nn.gate_entropy(torch.nn.Sequential(slots, nn.GroupSum(5))) == pytest.approx(2.0)
    assert nn.wire_entropy(layer) != nn.wire_entropy(layer)  # nan: no wire is learned


def test_a_notebook_gets_curves_that_grow(monkeypatch):
    shown = []

    class Handle:
        def update(self, content, *, raw):
            shown.append(content)

    def display(content, *, raw, display_id):
        shown.append(content)
        return Handle()

    ipython = ModuleType("IPython")
    ipython.version_info = (9, 0)  # which matplotlib asks for
    ipython.get_ipython = lambda: SimpleNamespace(kernel=None)
    ipython.display = ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    result = fit(network(), steps=20, eval_every=10, progress=True)
    captions = [content["text/plain"] for content in shown]
    evaluated = [c.split(":")[0] for c in captions if ": " in c]
    assert evaluated == ["step 0 of 20", "step 10 of 20", "step 20 of 20"]
    assert f"hard {result.history[-1].hard:.2%}" in captions[-1]
    assert shown[-1]["text/html"].count("<circle") == 3 + 3 + 2
    page = result._repr_html_()
    assert f"{result.hard:.4f}, of the circuit" in page
    assert page.count("<svg") == 2
    assert repr(result.plot()) == "Picture(Accuracy, Training loss)"
