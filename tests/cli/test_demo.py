"""`gategrad demo`, on a small part of its images."""

from dataclasses import replace

import pytest

import gategrad as gg
from gategrad.cli import demo
from gategrad.cli.sources import load_source

KEYS = {
    *("hard_accuracy", "soft_accuracy", "neurons", "gates", "depth", "seconds", "steps"),
    *("samples_per_second", "read_limit_per_second", "out"),
    *("constant_accuracy", "recall", "precision", "f1", "rows", "seen_in_training"),
}


@pytest.fixture
def few_images(monkeypatch):
    """5,000 images to choose on, 600 to train on and 500 to test on."""
    full = load_source("mnist-1bit")
    few = replace(
        full,
        x_train=full.x_train[:5600],
        y_train=full.y_train[:5600],
        x_test=full.x_test[:500],
        y_test=full.y_test[:500],
    )
    monkeypatch.setattr(demo, "load_source", lambda name: few)


@pytest.mark.usefixtures("few_images")
def test_demo(gategrad):
    done = gategrad("demo", "--steps", 1, "--seconds", 0.1)
    assert done.code == 0, done.err
    for text in ("hard accuracy", "soft accuracy", "16,000", "after optimization", "on one core"):
        assert text in done.out
    assert done.out.count("read as ") == 5
    for verb in ("eval", "bench", "inspect"):
        assert f"gategrad {verb} demo/mnist.gg" in done.out
    model = gg.load("demo/mnist.gg")
    assert model.labels == tuple(range(10))
    assert model.meta["data"] == "mnist-1bit"
    assert gategrad("eval", "demo/mnist.gg", "--json").json["n"] == 10_000


@pytest.mark.usefixtures("few_images")
def test_demo_as_json(gategrad):
    done = gategrad("demo", "--steps", 1, "--seconds", 0.1, "--out", "x.gg", "--json")
    assert set(done.json) == KEYS
    assert done.out.count("\n") == 1
    assert (done.json["steps"], done.json["out"], done.json["neurons"]) == (1, "x.gg", 16_000)
    assert gg.load("x.gg").neurons == 16_000


def test_where_it_can_not_be_saved(gategrad, tmp_path):
    (tmp_path / "file").write_text("")
    gategrad("demo", "--out", "file/x.gg").fails_with("file")
    gategrad("demo", "--out", ".").fails_with("can't write .: it is a folder")
