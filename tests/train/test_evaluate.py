"""Soft accuracy is of soft gates; what a run shows."""

from contextlib import suppress

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn, train
from gategrad.encoding import Thermometer
from gategrad.nn.executors.torch import polynomial
from gategrad.nn.layers.fixed_wires import fixed_wires
from gategrad.train.evaluate import relaxed, row_reader, soft_figure
from gategrad.train.progress import reporter
from gategrad.train.result import Evaluation
from tests import fresh
from tests.train.examples import network, problem, with_dropout


def soft_by_hand(net, x):
    """Scores from the relaxed gates' polynomials, written out."""
    values = torch.tensor(x).float()
    for layer in net:
        if isinstance(layer, nn.LogicDense):
            a, b = values[:, layer.indices[0]], values[:, layer.indices[1]]
            p = torch.softmax(layer.weight.detach(), 1)
            out = torch.zeros(len(values), layer.out_dim)
            for gate in range(16):
                f00, f01, f10, f11 = (gate >> 3 & 1, gate >> 2 & 1, gate >> 1 & 1, gate & 1)
                out += p[:, gate] * (
                    f00 * (1 - a) * (1 - b) + f01 * (1 - a) * b + f10 * a * (1 - b) + f11 * a * b
                )
            values = out
    return values.unflatten(1, (3, -1)).sum(2)


@pytest.mark.parametrize("estimator", ["soft", "straight-through"])
@pytest.mark.parametrize("training", [True, False])
def test_soft_accuracy_is_of_soft_gates_in_any_mode(estimator, training):
    x, y = problem(2000)
    net = network()
    for layer in net[:2]:
        layer.estimator = estimator
    net.train(training)
    expected = (soft_by_hand(net, x).argmax(1).numpy() == y).mean()
    assert train.soft_accuracy(net, x, y) == pytest.approx(expected, abs=1e-3)
    assert [layer.estimator for layer in net[:2]] == [estimator] * 2
    assert [module.training for module in net] == [training] * 3


def test_dropout_plays_no_part():
    net = with_dropout()
    net[1].p = 0.9
    x, y = problem(2000)
    without = torch.nn.Sequential(net[0], *net[2:])
    assert train.soft_accuracy(net, x, y) == train.soft_accuracy(without, x, y)


def test_everything_is_put_back_after_an_error():
    net = network().eval()
    with suppress(RuntimeError), relaxed(net):
        assert net[0].training
        raise RuntimeError
    assert not net[0].training
    assert net[0].estimator == "straight-through"


def test_features_through_an_encoder_and_no_rows():
    x = np.random.default_rng(0).random((100, 4))
    encoder = Thermometer.uniform(x, 2)
    y = np.arange(100) % 3
    assert train.soft_accuracy(network(), x, y, encoder=encoder) == train.soft_accuracy(
        network(), encoder.encode(x), y
    )
    assert np.isnan(train.soft_accuracy(network(), np.zeros((0, 8), bool), np.zeros(0, int)))


def test_where_stderr_is_no_terminal_there_is_a_line_an_evaluation():
    code = (
        "from tests.train.examples import fit, network\n"
        "fit(network(), steps=20, eval_every=10, progress=True)"
    )
    done = fresh.run(code)
    assert (done.returncode, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "step 0 of 20",
        "step 10 of 20",
        "step 20 of 20",
    ]
    assert "loss" not in lines[0]
    assert all("soft" in line and "hard" in line for line in lines)


def test_on_a_terminal_there_is_a_bar_with_all_figures(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    with reporter(True, start=0, steps=40) as report:
        report.evaluation(Evaluation(10, 0.5, 0.875, 0.75))
        for step in range(1, 41):
            report.step(step)
    shown = capsys.readouterr()
    assert shown.out == ""
    for figure in ("40/40", "loss 0.5000", "soft 87.50%", "hard 75.00%"):
        assert figure in shown.err


def test_silence(capsys):
    with reporter(False, start=0, steps=4) as report:
        report.step(1)
        report.evaluation(Evaluation(1, 0.5, 0.5, 0.5))
    assert capsys.readouterr() == ("", "")


def learned(**options):
    layers = [
        nn.LogicDense(8, 30, connections="learned", candidates=4, seed=1, **options),
        nn.LogicDense(30, 60, connections="learned", candidates=5, seed=2, **options),
    ]
    with torch.no_grad():
        for layer in layers:
            layer.wiring.logits.normal_(generator=torch.Generator().manual_seed(3))
    return nn.Sequential(*layers, nn.GroupSum(3, tau=2.0))


@pytest.mark.parametrize(
    "options",
    [
        {"estimator": "straight-through"},
        {"parametrization": "light", "inputs": 4},
        {"dtype": torch.float64},
        {"wire_estimator": "soft"},
    ],
)
def test_learned_wires_are_the_chosen_ones_whoever_computes(monkeypatch, options):
    net, (x, y) = learned(**options), problem(700)
    rows = row_reader(gg.discretize(net), None).read(x, y)
    figures, scores = [], []
    for backend in ("torch", "native"):
        monkeypatch.setenv("GATEGRAD_TRAINING", backend)
        figures.append(soft_figure(net, rows, "argmax"))
        with relaxed(net), fixed_wires(net), torch.no_grad():
            scores.append(net(rows.bits.float()))
    with relaxed(net), torch.no_grad():
        scores.append(net(rows.bits.float()))
    torch.testing.assert_close(scores[1:], [scores[0]] * 2)
    assert figures[0] == pytest.approx(figures[1], abs=3e-3)


def test_the_core_computes_soft_gates_on_learned_wires(monkeypatch):
    net, (x, y) = learned(estimator="straight-through"), problem(300)
    rows = row_reader(gg.discretize(net), None).read(x, y)
    monkeypatch.setattr(nn.LearnedWiring, "forward", None)
    monkeypatch.setattr(polynomial, "_evaluate", None)
    assert 0 <= soft_figure(net, rows, "argmax") <= 1


def test_learned_wires_are_put_back_after_an_error():
    net = learned()
    wirings, state = [layer.wiring for layer in net[:2]], net.state_dict()
    with suppress(RuntimeError), fixed_wires(net):
        assert torch.equal(net[1].wires(), wirings[1].wires())
        assert not list(net[0].children())
        raise RuntimeError
    assert [layer.wiring for layer in net[:2]] == wirings
    assert net.state_dict().keys() == state.keys()
    assert not hasattr(net[0], "indices")
    net(torch.zeros(2, 8)).sum().backward()
    assert net[0].wiring.logits.grad is not None
