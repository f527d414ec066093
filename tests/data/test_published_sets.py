"""The published files, where they are on this machine."""

import hashlib

import numpy as np
import pytest

from gategrad import data

PUBLISHED = data.names()[1:]


def load(name):
    if data.status(name) == "not here":
        pytest.skip(f"needs {name}: set GATEGRAD_DATA to a folder that holds it")
    return data.load(name)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_set_is_what_info_says(name):
    x_train, y_train, x_test, y_test = load(name)
    entry = data.info(name)
    assert x_train.shape == (entry.n_train, np.prod(entry.shape))
    assert x_test.shape == (entry.n_test, np.prod(entry.shape))
    assert y_train.shape == (entry.n_train,)
    assert y_test.shape == (entry.n_test,)
    assert x_train.dtype == x_test.dtype == (object if entry.columns[:1] == ("age",) else np.uint8)
    assert y_train.dtype == y_test.dtype == np.int64
    assert set(y_train) == set(y_test) == set(range(len(entry.classes)))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_arrays_can_be_written_to(name):
    assert all(array.flags.writeable for array in load(name))


def test_mnist():
    x_train, y_train, _, y_test = load("mnist")
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert x_train.mean() == pytest.approx(33.318, abs=1e-3)


def test_fashion_mnist():
    x_train, y_train, _, _ = load("fashion-mnist")
    assert data.info("fashion-mnist").classes[y_train[0]] == "Ankle boot"
    assert x_train.mean() == pytest.approx(72.940, abs=1e-3)


def test_cifar_10_is_channel_major():
    x_train, y_train, _, y_test = load("cifar-10")
    assert data.info("cifar-10").classes[y_train[0]] == "frog"
    assert y_test[:5].tolist() == [3, 8, 8, 0, 6]
    # Means of the red, green and blue plane, as quoted everywhere: 0.4914, 0.4822, 0.4465.
    means = x_train.reshape(-1, 3, 1024).mean((0, 2)) / 255
    assert means == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-4)


def test_adult():
    x_train, y_train, _, y_test = load("adult")
    assert x_train[0].tolist() == [
        *(39.0, "State-gov", 77516.0, "Bachelors", 13.0, "Never-married", "Adm-clerical"),
        *("Not-in-family", "White", "Male", 2174.0, 0.0, 40.0, "United-States"),
    ]
    assert (y_train.sum(), y_test.sum()) == (7841, 3846)
    assert (x_train == "?").sum() == 4262


def test_breast_cancer():
    x_train, y_train, x_test, y_test = load("breast-cancer")
    everything = np.concatenate([x_train, x_test])
    assert (everything == "?").sum() == 9
    assert {type(value) for value in everything[:, 5]} == {float}
    assert np.bincount(np.concatenate([y_train, y_test])).tolist() == [201, 85]
    assert np.bincount(y_test).tolist() == [50, 21]


def test_the_split_of_breast_cancer_never_changes():
    _, _, x_test, _ = load("breast-cancer")
    digest = hashlib.sha256(repr(x_test.tolist()).encode()).hexdigest()
    assert digest == "9da51ea23a4c0e7cc2d53ad25b5997a4d3385aa4659970a5b6a4c76ea39261e9"


@pytest.mark.parametrize(
    ("name", "concept", "noise"),
    [
        ("monks-1", lambda a: (a[0] == a[1]) | (a[4] == 1), 0),
        ("monks-2", lambda a: (a == 1).sum(0) == 2, 0),
        ("monks-3", lambda a: ((a[4] == 3) & (a[3] == 1)) | ((a[4] != 4) & (a[1] != 3)), 6),
    ],
)
def test_the_monks_follow_their_concepts(name, concept, noise):
    x_train, y_train, x_test, y_test = load(name)
    assert np.array_equal(concept(x_test.T), y_test)
    assert (concept(x_train.T) != y_train).sum() == noise
