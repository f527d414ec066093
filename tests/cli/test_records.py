"""`gategrad train --preset --record`, `gategrad report` and `gategrad sweep`."""

import json
import sys

import numpy as np
import pytest

import gategrad as gg
from gategrad import records
from gategrad.cli import sweep, train
from gategrad.cli.sources import load_source

QUICK = ("--layers", "60,40", "--steps", 3, "--threads", 1)


@pytest.fixture
def bits(tmp_path):
    """Rows of six bits and their parity of two."""
    x = np.array([[i >> j & 1 for j in range(6)] for i in range(64)])
    np.savez(tmp_path / "bits.npz", x=x, y=x[:, 0] ^ x[:, 1])
    return "bits.npz"


def test_a_run_is_recorded(gategrad, bits):
    options = (*QUICK, "--preset", "best", "--lr", 0.1, "--validation", 9, "--record", "r.jsonl")
    for seed in (0, 1):
        done = gategrad("train", bits, *options, "--seed", seed, "--json").json
    first, second = records.read("r.jsonl")
    assert (first.seed, second.seed) == (0, 1)
    assert first.data == "bits.npz"
    assert first.preset == "best"
    expected = {"layers": "60,40", "steps": 3, "lr": 0.1}
    assert first.options == expected | {"validation": 9}
    assert first.settings.items() >= expected.items()
    assert (first.neurons, first.steps, first.threads, first.resumed) == (100, 3, 1, False)
    assert (second.test_hard, second.gates) == (done["hard_accuracy"], done["gates"])
    assert second.test_soft == done["soft_accuracy"]
    assert first.total_seconds >= first.seconds > 0
    assert first.gategrad == gg.__version__
    assert gg.load("bits.gg").meta["preset"] == "best"


def test_a_resumed_run_says_so(gategrad, bits):
    options = (*QUICK, "--checkpoint", "c.pt", "--record", "r.jsonl")
    gategrad("train", bits, *options)
    gategrad("train", bits, *options, "--resume")
    assert [record.resumed for record in records.read("r.jsonl")] == [False, True]


def test_images_warped_online(gategrad, images):
    options = ("--image-shape", "6x6", "--preset", "fast", "--layers", "60x2", "--threads", 1)
    found = gategrad(
        "train", images, *options, "--steps", 60, "--flip", "-o", "x.gg", "--json"
    ).json
    assert found["soft_accuracy"] < 0.9  # left and right can't be told apart when mirrored
    options += ("--augment", "online", "--no-flip", "--shift", 0.5, "--rotation", 1)
    found = gategrad("train", images, *options, "--steps", 120, "-o", "x.gg", "--json").json
    assert found["hard_accuracy"] > 0.8


def test_messages_about_presets(gategrad, bits):
    def fails(text, *more):
        gategrad("train", bits, *QUICK, *more).fails_with(text)

    fails("unknown preset 'huge'; known: plain, fast, small, best", "--preset", "huge")
    fails("--augment is 'twice'; expected a number of copies, or online", "--augment", "twice")
    fails("--augment warps images", "--augment", "online")
    fails("can't write no/r.jsonl: ", "--record", "no/r.jsonl")
    fails("--wiring-lr is for --connections learned", "--wiring-lr", 0.1)


def test_report(gategrad, bits, tmp_path):
    for seed in (0, 1):
        gategrad("train", bits, *QUICK, "--seed", seed, "--record", "r.jsonl")
    (tmp_path / "page.md").write_text("# Page\n<!-- records -->\nold\n<!-- /records -->\nend\n")
    done = gategrad("report", "r.jsonl", "--page", "page.md")
    assert done.out.startswith("| data | recipe |")
    assert "| bits.npz | plain, layers 60,40, steps 3 | 100 |" in done.out
    assert "| 0, 1 |" in done.out
    page = f"# Page\n<!-- records -->\n{done.out}<!-- /records -->\nend\n"
    assert (tmp_path / "page.md").read_text() == page
    (figures,) = gategrad("report", "r.jsonl", "r.jsonl", "--json").json["recipes"]
    assert figures["seeds"] == [0, 1]
    assert figures["recipe"] == "plain, layers 60,40, steps 3"


def test_report_draws(gategrad, bits, tmp_path):
    pytest.importorskip("matplotlib", reason="needs gategrad[plot]")
    gategrad("train", bits, *QUICK, "--record", "r.jsonl")
    assert gategrad("report", "r.jsonl", "--picture", "p.svg").code == 0
    assert "bits.npz" in (tmp_path / "p.svg").read_text()


def test_messages_of_report(gategrad, tmp_path):
    gategrad("report", "none.jsonl").fails_with("none.jsonl is not a file; name one that gategrad")
    (tmp_path / "bad.jsonl").write_text("{}\n")
    gategrad("report", "bad.jsonl").fails_with("bad.jsonl, line 1: version is None")
    (tmp_path / "empty.jsonl").write_text("")
    options = ("report", "empty.jsonl")
    gategrad(*options, "--page", "none.md").fails_with("none.md is not a file")
    gategrad(*options, "--picture", "p.pdf").fails_with("expected a name that ends in .svg or .png")
    gategrad(*options, "--picture", "p.svg").fails_with("there are no records to draw")


def test_sweep(gategrad, bits, tmp_path):
    pytest.importorskip("optuna", reason="needs gategrad[sweep]")
    options = (*QUICK, "--knobs", "lr,tau", "--storage", "s.jsonl")
    done = gategrad("sweep", bits, *options, "--trials", 1)
    assert "lr 0." in done.out
    found = gategrad("sweep", bits, *options, "--trials", 2, "--json").json
    assert found["trials"] == 2
    assert set(found["knobs"]) == {"lr", "tau"}
    lines = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert lines[0]["knobs"] == ["lr", "tau"]
    assert max(line["hard_accuracy"] for line in lines[1:]) == found["hard_accuracy"]
    gategrad("sweep", bits, *options, "--seed", 4).fails_with("s.jsonl is of another study")


def test_sweep_never_looks_at_the_test_rows(gategrad, bits, monkeypatch):
    pytest.importorskip("optuna", reason="needs gategrad[sweep]")
    source = load_source(bits)
    source.x_test[:], source.y_test[:] = 7, 99
    monkeypatch.setattr(sweep, "load_source", lambda *_, **__: source)
    assert gategrad("sweep", bits, *QUICK, "--trials", 1, "--knobs", "lr").code == 0


def test_sweep_without_optuna(gategrad, bits, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    gategrad("sweep", bits).fails_with("a sweep needs Optuna: pip install gategrad[sweep]")


def test_rows_to_choose_on_are_those_of_train():
    assert sweep.rows_to_choose_on is train.rows_to_choose_on
