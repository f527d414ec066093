"""What fit refuses, and what it says."""

import re

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn, train
from gategrad.encoding import EncodingError, Thermometer
from gategrad.harden import DiscretizeError
from gategrad.train import TrainError
from tests.train.examples import fit, network, problem

X, Y = problem(n=60)


def refusal(error, *, net=None, x=X, y=Y, **options):
    options = {"steps": 2, "threads": 1, "progress": False} | options
    with pytest.raises(error) as caught:
        train.fit(network() if net is None else net, x, y, **options)
    return str(caught.value)


def test_rows_that_are_no_bits():
    x = X.astype(np.float32)
    x[3, 5] = 0.25
    assert refusal(gg.InputError, x=x) == (
        "x[3, 5] (row 3, column 5) is 0.25; expected bits, 0 or 1: threshold the data as in "
        "training, such as x > 0.5, or fit an encoder: "
        "gategrad.encoding.Thermometer.quantile(x_train, bits)"
    )


def test_rows_of_another_width():
    assert "x has shape (60, 7); expected (rows, 8)" in refusal(gg.InputError, x=X[:, :7])


def test_validation_rows_are_checked_too():
    message = refusal(gg.InputError, validation=(X * 2, Y))
    assert "is 2.0; expected bits, 0 or 1" in message


def test_rows_that_the_encoder_refuses():
    encoder = Thermometer.uniform(np.random.default_rng(0).random((20, 4)), 2)
    with pytest.raises(EncodingError):
        train.fit(network(), X[:, :3].astype(float), Y, encoder=encoder, progress=False)


def test_encoder_of_another_width():
    encoder = Thermometer.uniform(np.random.default_rng(0).random((20, 4)), 3)
    message = refusal(ValueError, x=np.zeros((60, 4)), encoder=encoder)
    assert "the encoder gives 12 bits, but the circuit takes 8" in message


LABELS = {
    "too few": (Y[:-1], "y has shape (59,); expected (60,), one label for each row of x"),
    "two columns": (np.stack([Y, Y], 1), "y has shape (60, 2); expected (60,), one label for"),
    "floats": (Y / 1.0, "y has dtype float64; expected integers, class indices: names, classes ="),
    "names": (Y.astype(str), "expected integers, class indices: names, classes = np.unique(y, r"),
    "large": (
        np.where(np.arange(60) == 7, 3, Y),
        "y[7] is 3, but the network has 3 classes; expected class indices 0 to 2",
    ),
    "negative": (np.where(np.arange(60) == 7, -1, Y), "y[7] is -1, but the network has 3 classes"),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels(case):
    y, message = LABELS[case]
    assert message in refusal(TrainError, y=y)


OPTIONS = {
    "validation too many": (
        {"validation": 60},
        "validation is 60, of 60 rows; expected how many rows to hold back, fewer than all, or a "
        "fraction below 1, or (x, y), or None",
    ),
    "validation negative": ({"validation": -1}, "validation is -1, of 60 rows"),
    "validation fraction": ({"validation": 1.5}, "validation is 1.5, of 60 rows"),
    "validation bool": ({"validation": True}, "validation is True, of 60 rows"),
    "validation empty": (
        {"validation": (X[:0], Y[:0])},
        "the validation rows are empty; expected at least one, or validation=None",
    ),
    "optimizer": ({"optimizer": "sgdd"}, "unknown optimizer 'sgdd'; known: adam, adamw"),
    "optimizer function": (
        {"optimizer": lambda p: None},
        "expected 'adam', 'adamw', a torch optimizer, or a function from parameters to one",
    ),
    "optimizer of another network": (
        {"optimizer": torch.optim.Adam(network().parameters())},
        "the optimizer holds none of the network's parameters; make it with net.parameters()",
    ),
    "lr for own optimizer": (
        {"optimizer": torch.optim.Adam, "lr": 0.1},
        "lr=0.1 is for optimizers by name; set it where you make your own optimizer",
    ),
    "lr": ({"lr": 0.0}, "lr is 0.0; expected a number above 0, such as 0.03"),
    "schedule": ({"schedule": "cos"}, "unknown schedule 'cos'; known: cosine, constant"),
    "steps": ({"steps": 0}, "steps is 0; expected an integer of at least 1"),
    "steps and epochs": ({"epochs": 3}, "got steps=2 and epochs=3; give one of them"),
    "epochs": ({"steps": None, "epochs": -1}, "epochs is -1; expected a number above 0"),
    "batch size": ({"batch_size": 0.5}, "batch_size is 0.5; expected an integer of at least 1"),
    "eval_every": ({"eval_every": 0}, "eval_every is 0; expected an integer of at least 1"),
    "patience": ({"patience": 0}, "patience is 0; expected an integer of at least 1"),
    "seed": ({"seed": -1}, "seed is -1; expected an integer of at least 0"),
    "threads": ({"threads": 0}, "threads is 0; expected an integer of at least 1"),
    "resume alone": (
        {"resume": True},
        "resume needs the file to resume from; give checkpoint=PATH",
    ),
    "augment": (
        {"augment": lambda x: x[:7]},
        "augment gave bool of shape (7, 8) for bool of shape (54, 8); expected the same dtype and "
        "columns, and a multiple of the rows",
    ),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(case):
    options, message = OPTIONS[case]
    assert message in refusal(TrainError, **options)


def test_a_misspelt_option_is_an_error():
    with pytest.raises(TypeError, match="batchsize"):
        train.fit(network(), X, Y, batchsize=3)


def test_no_rows():
    assert "x has no rows" in refusal(TrainError, x=X[:0], y=Y[:0])


def test_networks_without_class_scores():
    net = torch.nn.Sequential(nn.LogicDense(8, 3, seed=0))
    assert refusal(TrainError, net=net) == (
        "the network ends in bits, which are no scores to train on; append a head such as "
        "nn.GroupSum(classes)"
    )


def test_networks_that_are_no_circuit():
    net = torch.nn.Sequential(*network(), torch.nn.Softmax(1))
    assert "module '3' (Softmax) is no part of a circuit" in refusal(DiscretizeError, net=net)


@pytest.mark.parametrize("steps", [3, 100])
def test_a_loss_that_is_not_finite(steps):
    net = network()
    net[2].register_forward_hook(lambda module, args, output: output * float("nan"))
    message = (
        f"the loss is no finite number after {min(steps, 5)} steps; use a smaller learning rate "
        "(it is 0.03), or a larger tau in the GroupSum"
    )
    with pytest.raises(TrainError, match="^" + re.escape(message)):
        fit(net, steps=steps, eval_every=5)


def test_after_a_failure_the_best_weights_are_in_the_network():
    net = network()
    calls = 0

    def broken(module, args, output):
        nonlocal calls
        calls += torch.is_grad_enabled()
        return output * float("nan") if calls > 30 else None

    handle = net[2].register_forward_hook(broken)
    seen = []
    with pytest.raises(TrainError, match="the loss is no finite number after 40 steps"):
        fit(net, steps=100, eval_every=20, progress=seen.append)
    handle.remove()
    assert all(torch.isfinite(p).all() for p in net.parameters())
    assert net.training
    assert len(seen) == 2
