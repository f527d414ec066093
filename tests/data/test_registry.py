"""What the sets are called and what is said of them."""

import dataclasses
import os
import subprocess
import sys

import pytest

from gategrad import data
from gategrad.data.sources import SOURCES

NAMES = (
    *("mnist-1bit", "mnist", "fashion-mnist", "cifar-10", "cifar-100"),
    *("adult", "breast-cancer", "monks-1", "monks-2", "monks-3"),
)


def test_the_names():
    assert data.names() == NAMES


@pytest.mark.parametrize("call", [data.info, data.load, data.fetch, data.status])
def test_an_unknown_name_lists_the_known_ones(call):
    with pytest.raises(data.DataError, match="unknown data set 'minst'; known: mnist-1bit, mnist"):
        call("minst")


@pytest.mark.parametrize("name", NAMES)
def test_info_is_complete_and_frozen(name):
    entry = data.info(name)
    assert entry.name == name
    assert entry.title
    assert entry.licence
    assert entry.source
    assert len(set(entry.classes)) == len(entry.classes) >= 2
    assert not entry.columns or (len(entry.columns),) == entry.shape
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.name = "other"


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_size_is_that_of_the_published_files(name):
    assert data.info(name).size == sum(file.size for file in SOURCES[name].files)


def test_the_embedded_size_is_that_of_the_file():
    folder = data.fetch("mnist-1bit")
    assert data.info("mnist-1bit").size == (folder / "mnist_1bit.xz").stat().st_size


def test_cifar_100_has_a_hundred_classes_in_alphabetical_order():
    classes = data.info("cifar-100").classes
    assert len(classes) == 100
    assert list(classes) == sorted(classes)


def test_importing_is_light():
    program = "import sys, gategrad.data; print([m for m in sys.modules if m in HEAVY])"
    heavy = "HEAVY = ('torch', 'pooch', 'rich', 'requests', 'gategrad.train')\n"
    done = subprocess.run(
        [sys.executable, "-c", heavy + program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert done.stdout.strip() == "[]"
