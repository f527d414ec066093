"""What long runs need: clipped gradients, decay, smoothed labels, crops, and convolutions."""

import threading

import numpy as np
import pytest
import torch
from torch.nn import functional

import gategrad as gg
from gategrad import nn, train
from gategrad.encoding import Thermometer
from gategrad.train import CheckpointError, Recipe, TrainError, Warp
from gategrad.train.losses import make_loss
from tests.train.examples import fit, network
from tests.train.test_online import fit as online_fit
from tests.train.test_online import images
from tests.train.test_online import network as online_network

COLOUR = (3, 8, 8)


def _weights(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


@pytest.mark.parametrize("most", [1e-3, None])
def test_a_step_is_no_longer_than_the_clip(most):
    net = network()
    before = _weights(net)
    steps = []
    sgd = torch.optim.SGD(net.parameters(), lr=1.0)
    sgd.register_step_post_hook(lambda *_: steps.append((_weights(net) - before).norm().item()))
    fit(net, steps=1, optimizer=sgd, validation=None, schedule="constant", grad_clip=most)
    if most is None:
        assert steps[0] > 0.01
    else:
        assert steps[0] == pytest.approx(most, rel=1e-3)


def test_decay_draws_weights_towards_zero():
    sizes = []
    for decay in (0.0, None, 3.0):
        net = network()
        fit(net, steps=30, optimizer="adamw", lr=0.01, weight_decay=decay, validation=None)
        sizes.append(_weights(net).norm().item())
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[2] < 0.8 * sizes[0]


@pytest.mark.parametrize("kind", ["argmax", "binary"])
def test_smoothed_labels_are_those_of_the_formula(kind):
    scores = torch.randn(5, 3 if kind == "argmax" else 1, dtype=torch.float64)
    targets = torch.tensor([0, 1, 1, 0, 1])
    loss = make_loss(kind, None, targets, 0.1)(scores, targets)
    if kind == "argmax":
        soft = 0.9 * functional.one_hot(targets, 3) + 0.1 / 3
        expected = -(soft * scores.log_softmax(1)).sum(1).mean()
    else:
        soft = (0.9 * targets + 0.05)[:, None]
        expected = -(
            soft * functional.logsigmoid(scores) + (1 - soft) * functional.logsigmoid(-scores)
        ).mean()
    torch.testing.assert_close(loss, expected)


def test_smoothing_is_in_the_loss_that_is_trained_on_alone(tmp_path):
    found = [fit(network(), steps=40, lr=0.05, label_smoothing=s) for s in (0.0, 0.5)]
    assert found[1].history[-1].loss > found[0].history[-1].loss + 0.1
    assert found[1].history[0].hard_loss == found[0].history[0].hard_loss
    path = tmp_path / "run.pt"
    fit(network(), steps=2, label_smoothing=0.5, checkpoint=path)
    with pytest.raises(CheckpointError, match="loss was 'cross-entropy, smoothing 0"):
        fit(network(), steps=2, checkpoint=path, resume=True)
    with pytest.raises(CheckpointError, match="grad_clip was None there and is 1"):
        fit(network(), steps=2, label_smoothing=0.5, grad_clip=1.0, checkpoint=path, resume=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grad_clip": 0}, "grad_clip is 0; expected a number above 0, such as 10"),
        ({"ema": 1}, "ema is 1; expected a number above 0 and below 1, such as 0.999"),
        ({"ema": True}, "ema is True; expected a number above 0"),
        ({"ema": 0.9, "resample_every": 1}, "ema=0.9 averages weights over steps, and resample"),
        ({"weight_decay": 0.1}, "weight_decay=0.1 is for optimizer='adamw', not 'adam'"),
        ({"weight_decay": -1, "optimizer": "adamw"}, "weight_decay is -1; expected a number of at"),
        ({"weight_decay": 0.1, "optimizer": torch.optim.SGD}, "weight_decay=0.1 is for optimizers"),
        ({"label_smoothing": 1}, "label_smoothing is 1; expected a number from 0 to below 1"),
        ({"label_smoothing": 0.1, "loss": functional.cross_entropy}, "label_smoothing=0.1 is for "
         "losses of classes by name, not for a function of one's own"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused(options, message):
    with pytest.raises(TrainError, match=message):
        fit(network(), steps=1, **options)


def test_crops_are_of_the_padded_image():
    x = np.random.default_rng(0).integers(0, 256, (60, 192), np.uint8)
    warp = Warp(COLOUR, rotation=0, shift=0, scale=0, shear=0, crop=2)
    cropped = warp(x, torch.Generator().manual_seed(0)).reshape(60, *COLOUR)
    padded = np.pad(x.reshape(60, *COLOUR), ((0, 0), (0, 0), (2, 2), (2, 2)))
    seen = set()
    for image, source in zip(cropped, padded, strict=True):
        places = [
            (dy, dx)
            for dy, dx in np.ndindex(5, 5)
            if np.array_equal(source[:, dy : dy + 8, dx : dx + 8], image)
        ]
        assert len(places) == 1
        seen.update(places)
    assert len(seen) > 15
    assert "crop=2" in repr(warp)
    assert "crop" not in repr(Warp(COLOUR))
    with pytest.raises(TrainError, match=r"crop is 1.5; expected a whole number of pixels"):
        Warp(COLOUR, crop=1.5)


def test_an_architecture_has_a_recipe_of_its_own():
    recipe = train.preset("plain", "cifar-10", arch="compact-32", steps=10)
    assert (recipe.arch, recipe.thermometer, recipe.steps) == ("compact-32", 3, 10)
    assert (recipe.lr, recipe.grad_clip, recipe.init, recipe.crop) == (0.02, 10.0, "residual", 2)
    assert train.preset("plain", "cifar-10", arch="tree-L").thermometer == 31
    assert train.preset("plain", "mnist-1bit", arch="compact-8").rotation == 15
    assert train.preset("plain", "cifar-10").arch is None
    with pytest.raises(TrainError, match="preset 'fast' has an architecture of its own, and arch="):
        train.preset("fast", "cifar-10", arch="compact-32")
    with pytest.raises(TrainError, match="arch 'compact-2' is for images; give image_shape"):
        train.preset("plain", arch="compact-2")
    with pytest.raises(TrainError, match="unknown architecture 'resnet'; known: compact-K, such"):
        train.preset("plain", "cifar-10", arch="resnet")


def test_a_recipe_of_convolutions_is_followed():
    x, y = images(240)
    encoder = Thermometer.fixed([60, 120], 36)
    recipe = train.preset(
        "plain", image_shape=(1, 6, 6), arch="compact-3", layers="200,100", steps=120,
        batch_size=32, augment=0,
    )  # fmt: skip
    net, result = train.fit_recipe(
        recipe, x, y, image_shape=(1, 6, 6), encoder=encoder, threads=1, progress=False
    )
    assert result.hard_accuracy > 0.8
    assert isinstance(net[1], nn.LogicConv2d)
    assert net[1].in_channels == 2
    # Freezing from shallow to deep, the last layer never.
    assert [layer.frozen for layer in net if hasattr(layer, "frozen")][-1] is False
    model = gg.discretize(net, encoder=encoder).optimize()
    assert (model.predict(x) == y).mean() > 0.8


def test_networks_of_architectures_are_built_by_name():
    net = train.build_network(2 * 64, 3, arch="compact-3", image_shape=(2, 8, 8), seed=0)
    assert [m.out_dim for m in net if isinstance(m, nn.LogicDense)] == [6000, 3000]
    trees = train.build_network(1024, 3, arch="tree-S", image_shape=(32, 32), layers="30")
    assert [m.out_shape for m in trees if isinstance(m, nn.LogicConv2d)][-1] == (1024, 4, 4)
    local = train.build_network(
        6 * 64, 2, arch="compact-3", connections="local", thresholds=2, image_shape=(6, 8, 8),
        layers="20",
    )  # fmt: skip
    leaves = local[1].leaves()
    assert (leaves[0] - leaves[1]).abs()[:, 1:].max() <= 1
    learned = train.build_network(
        64, 2, arch="compact-3", connections="learned", image_shape=(8, 8), layers="20"
    )
    assert learned[1].wiring is not None
    assert learned[-2].wiring is not None
    behind = train.build_network(
        64, 2, arch="compact-3", connections="learned", conv_connections="local", candidates=5,
        wire_estimator="soft", thresholds=1, image_shape=(8, 8), layers="20",
    )  # fmt: skip
    assert behind[1].wiring is None
    assert behind[-2].wiring.candidates.shape == (2, 20, 5)
    assert nn.training_backend(behind).startswith("native")
    wider = train.build_network(
        2 * 64, 2, arch="compact-4", parametrization="light", conv_inputs=3, conv_channels=2,
        image_shape=(2, 8, 8), layers="20",
    )  # fmt: skip
    assert [m.inputs for m in wider if hasattr(m, "inputs")] == [3, 3, 3, 3, 2]
    assert [m.channels for m in wider if isinstance(m, nn.LogicConv2d)] == [2, 2, 2, 2]
    assert all(len(set(tree.tolist())) == 2 for tree in wider[1].leaves()[:, :, 0].T)
    with pytest.raises(TrainError, match="arch='compact-3' is for images; give image_shape"):
        train.build_network(64, 2, arch="compact-3")
    with pytest.raises(TrainError, match="connections='unique' with arch='compact-3'; expected"):
        train.build_network(64, 2, arch="compact-3", image_shape=(8, 8), connections="unique")
    with pytest.raises(TrainError, match="conv_connections='learned'; expected random or local"):
        train.build_network(64, 2, arch="compact-3", image_shape=(8, 8), conv_connections="learned")
    with pytest.raises(TrainError, match="conv_connections are for convolutions; give arch"):
        train.build_network(64, 2, conv_connections="local")
    with pytest.raises(TrainError, match="conv_inputs are for convolutions; give arch"):
        train.build_network(64, 2, conv_inputs=3)
    with pytest.raises(ValueError, match="candidates are for"):
        train.build_network(64, 2, arch="compact-3", image_shape=(8, 8), candidates=5)
    with pytest.raises(TrainError, match=r"image_shape \(1, 8, 9\) is not that of rows of 64 bits"):
        train.build_network(64, 2, arch="compact-3", image_shape=(8, 9))
    with pytest.raises(TrainError, match="active and radius are for dense layers on images"):
        train.build_network(64, 2, arch="compact-3", image_shape=(8, 8), radius=2)
    assert Recipe(weight_decay=0.1).idle(["weight_decay"]) == {
        "weight_decay": "the optimizer adamw"
    }


def test_the_next_batch_is_made_in_the_background_and_no_thread_stays():
    """The rows and draws of every step are those that it had without."""
    seen = []

    def look(x, generator):
        name = threading.current_thread().name
        seen.append((name, x.copy(), torch.rand(1, generator=generator).item()))
        return x

    online_fit(online_network(), transform=look, steps=6)
    names = [name for name, _, _ in seen]
    assert names[0] == "MainThread"
    assert all(name.startswith("gategrad-batches") for name in names[1:])
    assert len(seen) == 6  # none for a step that never comes
    assert not [t for t in threading.enumerate() if t.name.startswith("gategrad-batches")]
    ahead, seen[:] = list(seen), []
    for steps in range(1, 7):  # alone, in the main thread, each as the last of a run
        online_fit(online_network(), transform=look, steps=steps)
    again = [seen[i] for i in (0, 2, 5, 9, 14, 20)]
    for (_, rows, draw), (_, same, drawn) in zip(ahead, again, strict=True):
        np.testing.assert_array_equal(rows, same)
        assert draw == drawn


def test_what_a_transform_raises_in_the_background_is_raised():
    calls = []

    def broken(x, generator):
        calls.append(0)
        if len(calls) == 3:
            raise RuntimeError("no such image")
        return x

    with pytest.raises(RuntimeError, match="no such image"):
        online_fit(online_network(), transform=broken, steps=6)
    assert not [t for t in threading.enumerate() if t.name.startswith("gategrad-batches")]
