"""Encodings and splits of the papers."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs gategrad[train]")

import torch

from gategrad.experiments import images, rows, tables
from gategrad.experiments.catalogue import EXPERIMENTS, find_experiment
from gategrad.experiments.errors import ExperimentError

PERSON = [
    *(39.0, "State-gov", 77516.0, "Bachelors", 13.0, "Never-married", "Adm-clerical"),
    *("Not-in-family", "White", "Male", 2174.0, 0.0, 40.0, "United-States"),
]
PATIENT = ["30-39", "premeno", "30-34", "0-2", "no", 3.0, "left", "left_low", "no"]


def test_adult():
    bits = tables.encode(np.array([PERSON], object), tables.ADULT)
    assert bits.shape == (1, 116)
    # One level of each of the 12 columns that are used.
    assert bits.sum() == 12
    assert bits[0, :5].tolist() == [False, False, True, False, False]
    hours = tables.Cuts(0, (1, 13, 26, 41, 60))
    levels = hours.bits(np.array([0, 12, 13, 40, 41, 59, 60.0])).argmax(1)
    assert levels.tolist() == [0, 1, 2, 3, 4, 4, 5]


def test_breast_cancer_and_monk():
    bits = tables.encode(np.array([PATIENT], object), tables.BREAST_CANCER)
    assert (bits.shape, bits.sum()) == ((1, 51), 9)
    bits = tables.encode(np.array([[1, 1, 1, 1, 3, 1], [3, 3, 2, 3, 4, 2]]), tables.MONK)
    assert (bits.shape, bits.sum()) == ((2, 17), 12)
    assert bits[1].nonzero()[0].tolist() == [2, 5, 7, 10, 14, 16]


def test_rows_with_missing_values_go():
    x = np.array([PATIENT, [*PATIENT[:4], "?", *PATIENT[5:]]], object)
    kept, y = tables.complete_rows(x, np.array([0, 1]))
    assert (len(kept), y.tolist()) == (1, [0])


def test_breast_cancer_is_split_as_by_difflogic(monkeypatch):
    pytest.importorskip("sklearn", reason="needs gategrad[train]")
    x = np.array([[f"{a}0-{a}9", *PATIENT[1:]] for a in range(1, 9)], object)
    monkeypatch.setattr(rows, "load_breast_cancer_whole", lambda: (x, np.arange(8)))
    train, test = rows.load_rows(find_experiment("breast_cancer"))
    # numpy's RandomState(0).permutation(8) begins with the test part.
    order = np.random.RandomState(0).permutation(8)
    assert test.labels.tolist() == order[:2].tolist()
    assert train.labels.tolist() == order[2:].tolist()
    assert train.bits().shape == (6, 51)


def test_digits_without_border():
    image = np.zeros((3, 28, 28), np.uint8)
    image[0, 4:24, 4:24] = 7
    image[1, 8:28, 0:20] = 7
    image[2, 12:16, 13:14] = 7
    cut = images.without_border(image.reshape(3, -1)).reshape(3, 20, 20)
    assert (cut[:2] == 7).all()
    assert (cut[2] == 7).sum() == 4
    assert 6 <= cut[2].any(axis=1).argmax() <= 10


def fake_set(monkeypatch, name, width):
    """Three rows of bytes in the place of a set of images."""
    x = np.tile(np.array([[0], [128], [255]], np.uint8), (1, width))
    y = np.array([0, 1, 2])
    monkeypatch.setattr(rows, "load", lambda found: {name: (x, y, x[:2], y[:2])}[found])


def test_mnist_is_grey_in_training_and_rounded_in_the_circuit(monkeypatch):
    fake_set(monkeypatch, "mnist", 784)
    train, test = rows.load_rows(find_experiment("mnist"))
    assert train.values(slice(None))[:, 0].tolist() == pytest.approx([0, 128 / 255, 1])
    assert test.bits()[:, 0].tolist() == [False, True]
    train, _ = rows.load_rows(find_experiment("mnist20x20"))
    assert train.stored.shape == (3, 400)


@pytest.mark.parametrize(
    ("name", "n"), [("cifar-10-3-thresholds", 3), ("cifar-10-31-thresholds", 31)]
)
def test_cifar_has_thresholds(monkeypatch, name, n):
    fake_set(monkeypatch, "cifar-10", 3072)
    train, _ = rows.load_rows(find_experiment(f"cifar-10-{n}-thresholds"))
    bits = train.bits()
    assert bits.shape == (3, 3072 * n)
    assert bits[:, ::3072].sum(axis=1).tolist() == [0, (n + 1) // 2, n]
    assert (train.values(slice(None)).numpy() == bits).all()


def test_every_experiment_has_its_inputs_and_an_unknown_one_is_refused():
    assert {e.inputs for e in EXPERIMENTS.values()} == {17, 116, 51, 400, 784, 9216, 95232}
    with pytest.raises(ExperimentError, match="unknown experiment 'iris'; known: monk1, monk2"):
        find_experiment("iris")


def test_rounded_rows_are_what_the_circuit_reads(monkeypatch):
    fake_set(monkeypatch, "mnist", 784)
    train, _ = rows.load_rows(find_experiment("mnist"), rounded=True)
    assert train.values(slice(None))[:, 0].tolist() == train.bits()[:, 0].tolist() == [0, 1, 1]


@pytest.mark.parametrize("name", ["mnist", "mnist20x20", "cifar-10-3-thresholds"])
def test_training_images_are_warped_and_no_others(monkeypatch, name):
    experiment = find_experiment(name)
    data = "cifar-10" if name.startswith("cifar") else "mnist"
    width = {"mnist": 784, "cifar-10": 3072}[data]
    x = np.random.default_rng(0).integers(0, 256, (40, width), np.uint8)
    y = np.zeros(40, np.int64)
    monkeypatch.setattr(rows, "load", lambda found: {data: (x, y, x, y)}[found])
    train, test = rows.load_rows(experiment, augment=True)
    draws, chosen = torch.Generator().manual_seed(0), torch.arange(40)
    first, second = train.warped(chosen, draws), train.warped(chosen, draws)
    as_they_are = train.values(chosen)
    assert first.shape == as_they_are.shape
    assert not torch.equal(first, second)
    changed = (first != as_they_are).any(1).double().mean().item()
    assert 0.2 < changed < 0.95
    assert test.warp is None
    assert test.values(chosen).equal(as_they_are)


def test_tables_are_not_warped(monkeypatch):
    x, y = np.array([[1, 1, 1, 1, 3, 1]]), np.zeros(1, np.int64)
    monkeypatch.setattr(rows, "load", lambda found: (x, y, x, y))
    with pytest.raises(ExperimentError, match="--augment is for images, and monk1 has none"):
        rows.load_rows(find_experiment("monk1"), augment=True)


def test_bits_are_not_rounded(monkeypatch):
    x, y = np.array([[1, 1, 1, 1, 3, 1]]), np.zeros(1, np.int64)
    monkeypatch.setattr(rows, "load", lambda found: (x, y, x, y))
    with pytest.raises(ExperimentError, match="--rounded is for grey values, and monk1 is trained"):
        rows.load_rows(find_experiment("monk1"), rounded=True)
