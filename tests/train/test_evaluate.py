"""Soft accuracy is of soft gates; what a run shows."""

import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
import torch

from gategrad import nn, train
from gategrad.encoding import Thermometer
from gategrad.train.evaluate import relaxed
from gategrad.train.progress import reporter
from gategrad.train.result import Evaluation
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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
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
