"""Where a set is looked for."""

from pathlib import Path

import numpy as np
import pytest

from gategrad import data
from gategrad.data.locate import cache_folder
from gategrad.data.sources import SOURCES

CIFAR_100 = [file.name for file in SOURCES["cifar-100"].files]


def put(root, names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([1, 2]) + bytes(range(256)) * 12)


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("GATEGRAD_DATA", str(folder))
    return folder


def test_embedded():
    assert data.status("mnist-1bit") == "embedded"


def test_a_set_is_not_here_until_all_its_files_are(data_folder):
    assert data.status("cifar-100") == "not here"
    put(data_folder / "cifar-100", CIFAR_100[:1])
    assert data.status("cifar-100") == "not here"
    put(data_folder / "cifar-100", CIFAR_100[1:])
    assert data.status("cifar-100") == "GATEGRAD_DATA"


def test_cifar_may_lie_in_the_data_folder_itself(data_folder):
    put(data_folder, CIFAR_100)
    assert data.status("cifar-100") == "GATEGRAD_DATA"
    x_train, y_train, _, _ = data.load("cifar-100")
    assert x_train[0, :3].tolist() == [0, 1, 2]
    assert y_train.tolist() == [2]


def test_files_of_common_names_need_their_sets_folder(data_folder):
    names = [file.name for file in SOURCES["mnist"].files]
    put(data_folder, names)
    assert data.status("mnist") == data.status("fashion-mnist") == "not here"


def test_the_data_folder_comes_before_the_cache(data_folder, cache):
    put(cache / "cifar-100", CIFAR_100)
    assert data.status("cifar-100") == "cache"
    assert np.array_equal(data.load("cifar-100")[1], [2])
    put(data_folder / "cifar-100", CIFAR_100)
    assert data.status("cifar-100") == "GATEGRAD_DATA"
    assert data.fetch("cifar-100") == data_folder / "cifar-100"


def test_the_three_monks_share_a_folder(data_folder):
    put(data_folder / "monks", ["monks-2.train", "monks-2.test"])
    assert data.status("monks-2") == "GATEGRAD_DATA"
    assert data.status("monks-1") == "not here"


def test_a_damaged_file_is_named(data_folder):
    put(data_folder / "monks", ["monks-2.train", "monks-2.test"])
    message = r"monks-2\.train is not the published file \(3,074 bytes, expected 4,013\)\. Replace"
    with pytest.raises(data.DataError, match=message):
        data.load("monks-2")


def test_a_damaged_file_of_the_right_size_is_named(data_folder):
    put(data_folder / "monks", ["monks-2.train", "monks-2.test"])
    (data_folder / "monks" / "monks-2.train").write_bytes(bytes(4013))
    with pytest.raises(
        data.DataError,
        match=r"monks-2\.train is not .*md5 is [0-9a-f]{32}, expected f109ee3f95805745af6cdff06d",
    ):
        data.load("monks-2")


def test_a_file_that_cannot_be_read(data_folder, monkeypatch):
    put(data_folder, CIFAR_100)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(data.DataError, match=r"train\.bin cannot be read: Permission denied"):
        data.load("cifar-100")


def test_a_data_folder_that_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("GATEGRAD_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(data.DataError, match=r"GATEGRAD_DATA is '.*nowhere', which is not a fold"):
        data.status("mnist")
    assert data.load("mnist-1bit")


@pytest.mark.usefixtures("no_data")
def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("GATEGRAD_DATA", "")
    assert data.status("mnist") == "not here"


def test_the_cache_is_the_platforms_without_a_variable(monkeypatch):
    monkeypatch.delenv("GATEGRAD_CACHE")
    assert cache_folder().name == "gategrad"
    monkeypatch.setenv("GATEGRAD_CACHE", "~/elsewhere")
    assert cache_folder() == Path.home() / "elsewhere"
