"""A teacher cut, coded and converted: what each step gives, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from gategrad.distill import DistillError, Gates, LayerOptions, layer_by_layer
from gategrad.distill.blocks import candidate_inputs, pin_bits
from gategrad.distill.coding import Coding
from gategrad.distill.cuts import default_cuts, parts_of
from gategrad.encoding import Thermometer

RNG = np.random.default_rng(0)


def mlp(n_in=12, classes=3):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(n_in, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, classes))


def cnn():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4),
    )  # fmt: skip


@pytest.fixture(scope="module")
def taught():
    """Bits, the classes of a trained teacher's kind, and the teacher."""
    x = RNG.random((900, 12)) < 0.5
    y = (x[:, :3].sum(1) > 1).astype(int) + (x[:, 3] & x[:, 4])
    teacher, rows = mlp(), torch.from_numpy(x).float()
    optimizer = torch.optim.Adam(teacher.parameters(), 0.03)
    for _ in range(80):
        optimizer.zero_grad()
        nn.functional.cross_entropy(teacher(rows), torch.from_numpy(y)).backward()
        optimizer.step()
    return x, y, teacher.eval()


def test_cuts_are_in_front_of_layers_with_weights_and_parts_run_as_the_whole():
    net = cnn().eval()
    assert default_cuts(list(net)) == (5,)
    parts = parts_of(net, (36,))
    assert [(p.name, p.width) for p in parts] == [("0 to 4", 36), ("5 to 6", 27)]
    x = RNG.random((20, 36)).astype(np.float32)
    (middle,) = parts[0].run(x)
    (found,) = parts[1].run(middle)
    with torch.no_grad():
        np.testing.assert_allclose(found, net(torch.from_numpy(x)).numpy(), rtol=1e-5, atol=1e-6)


def test_influence_is_that_of_the_weights_sizes():
    part = parts_of(mlp().eval(), (12,))[0]
    linear, norm = part.modules[0], part.modules[1]
    scale = (norm.weight.abs() / (norm.running_var + norm.eps).sqrt()).detach().numpy()
    wanted = linear.weight.detach().abs().numpy().T * scale
    np.testing.assert_allclose(part.influence(), wanted, rtol=1e-5)
    seen = parts_of(cnn().eval(), (36,))[0].influence().reshape(6, 6, 3, 3, 3)
    # The first number of each channel pools four positions of a 3x3 window.
    assert (seen[:3, :3, :, 0, 0] > 0).all()
    assert (seen[4:, :, :, 0, 0] == 0).all()


def test_numbers_to_bits_and_back():
    numbers = np.maximum(RNG.normal(size=(500, 3)), 0).astype(np.float32)
    numbers[:, 2] = 7.0
    coding = Coding.fitted(numbers, 3)
    bits = coding.encode(numbers)
    assert bits.shape == (500, coding.n_bits) == (500, 9)
    np.testing.assert_array_equal(bits, coding.thermometer.encode(numbers))
    again = coding.decode(bits)
    assert abs(again[:, 0] - numbers[:, 0]).mean() < 0.35 * numbers[:, 0].std()
    np.testing.assert_allclose(again[:, 2], 7.0)
    np.testing.assert_array_equal(coding.encode(again)[:, :6], bits[:, :6])


def test_pins_choose_among_the_inputs_of_the_largest_weights():
    influence = np.array([[1.0, 0], [5, 0], [3, 2], [2, 0], [4, 9]], np.float32)
    inputs = candidate_inputs(influence, pins=2, count=2)
    assert inputs.tolist() == [[[1, 2], [4, 3]], [[4, 4], [2, 2]]]
    bits_of = np.arange(10).reshape(2, 5).T
    assert pin_bits(inputs, bits_of, 3)[0].tolist() == [[1, 6, 2], [4, 9, 3]]


def test_layer_by_layer(taught):
    x, y, teacher = taught
    options = LayerOptions(
        levels=2, depth=3, candidates=4, head=60, steps=200, finetune=100, lr=0.05, threads=1
    )
    seen = []
    found = layer_by_layer(teacher, x, y, options=options, on_stage=seen.append)
    assert found.stages == tuple(seen)
    first, head, end = found.stages
    assert [stage.name for stage in seen] == ["modules 0 to 2", "head", "fine-tuned"]
    assert first.agreement > first.constant + 0.05
    assert first.bits == 16
    assert first.coded >= first.accuracy > 0.5
    assert found.teacher_accuracy > 0.95
    assert end.accuracy >= head.accuracy > 0.7
    assert end.accuracy == found.result.hard
    assert 0 < first.gates < head.gates
    assert (found.model.predict(x) == y).mean() > 0.75


def test_several_trees_vote_on_a_bit_and_learned_levels_keep_what_the_teacher_needs(taught):
    x, y, teacher = taught
    gates = Gates(estimator="straight-through")
    options = LayerOptions(
        levels=1, trees=16, depth=1, candidates=4, head=60, tau=2.0, steps=200, finetune=0, lr=0.05,
        gates=gates, threads=1,
    )  # fmt: skip
    by_quantiles = layer_by_layer(teacher, x, y, options=options).stages
    learned = replace(options, level_steps=300, finetune=30, transform=_mirrored)
    by_learning = layer_by_layer(teacher, x, y, options=learned)
    assert [s.bits for s in by_quantiles] == [8, 60]
    assert by_quantiles[0].agreement > by_quantiles[0].constant + 0.15
    assert by_learning.stages[0].coded > by_quantiles[0].coded
    assert by_learning.net[0].out_dim == 8 * 16
    assert by_learning.stages[-1].name == "fine-tuned"


def _mirrored(rows, generator):
    return rows[::-1][::-1]


def test_the_same_options_give_the_same_model(taught):
    x, y, teacher = taught
    options = LayerOptions(depth=2, candidates=2, head=6, steps=10, finetune=5, threads=1)
    first, again = (layer_by_layer(teacher, x, y, options=options) for _ in range(2))
    assert first.model.to_bytes() == again.model.to_bytes()


def test_convolutions_and_encoders():
    x = RNG.random((200, 36)).astype(np.float32)
    y = (x[:, :18].sum(1) > 9).astype(int)
    options = LayerOptions(depth=2, candidates=3, head=8, steps=3, finetune=0, threads=1)
    encoder = Thermometer.fixed([0.3, 0.6], 36)
    found = layer_by_layer(cnn().eval(), x, y, encoder=encoder, options=options)
    assert found.stages[0].bits == 54
    assert found.stages[-1].name == "head"
    assert found.model.encoder is encoder
    assert found.model.predict(x).shape == (200,)


def test_probabilities_threads_and_the_teachers_mode(taught):
    x, y, teacher = taught
    ends = nn.Sequential(*teacher, nn.Softmax(1)).train()
    ends[1].eval()
    threads = []

    def preprocess(x):
        threads.append(torch.get_num_threads())
        return x

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        options = LayerOptions(depth=2, candidates=2, head=6, steps=3, finetune=0, threads=1)
        layer_by_layer(ends, x, y, preprocess=preprocess, options=options)
        assert (threads, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(before)
    assert [m.training for m in (ends, *ends)] == [True, True, False, True, True, True]


X, Y = np.zeros((30, 12), bool), np.zeros(30, int)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"teacher": nn.LSTM(12, 3)}, "the teacher has a LSTM, which can't be cut; expected a"),
        ({"teacher": nn.Sequential(nn.MaxPool2d(2, dilation=2))}, "a MaxPool2d of dilation 2"),
        ({"cuts": (3, 1)}, r"cuts are \(3, 1\); expected rising places between the teacher's 4"),
        ({"cuts": (4,)}, r"cuts are \(4,\); expected rising places"),
        ({"x": np.full((30, 12), 0.5)}, "other values than 0 and 1; give an encoder="),
        ({"preprocess": lambda x: x[:, :5]}, "rows have 5 numbers and x has 12 features"),
        ({"teacher": mlp(7)}, "modules 0 to 2 don't take rows of shape"),
        (
            {"options": LayerOptions(trees=(2, 2), head=3)},
            r"trees are \(2, 2\) and there are 1 cuts",
        ),
        ({"options": LayerOptions(head=100)}, "head has 100 trees, which 3 classes can't share"),
    ],
)
def test_messages(change, message):
    given = {"teacher": mlp(), "x": X, "y": Y} | change
    with pytest.raises(DistillError, match=message):
        layer_by_layer(given.pop("teacher"), given.pop("x"), given.pop("y"), **given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": 0}, "levels is 0; expected a whole number from 1"),
        ({"depth": 2.0}, "depth is 2.0; expected a whole number from 1"),
        ({"batch_size": True}, "batch_size is True; expected a whole number from 1"),
        ({"tau": -1.0}, "tau is -1.0; expected a number above 0, or 'auto'"),
        ({"tau": "cold"}, "tau is 'cold'; expected a number above 0"),
        (
            {"transform": max, "finetune": 0},
            "transform is for the steps at the end, and finetune=0",
        ),
        ({"finetune": -1}, "finetune is -1; expected a whole number from 0"),
        ({"threads": 0}, "threads is 0; expected a whole number from 1"),
        ({"trees": (2, 0)}, "trees is 0; expected a whole number from 1"),
        ({"validation": 1.5}, "validation is 1.5; expected how many rows to hold back, or a fract"),
        ({"validation": None}, "validation is None; expected how many rows"),
    ],
)
def test_messages_of_options(options, message):
    with pytest.raises(DistillError, match=message):
        LayerOptions(**options)
