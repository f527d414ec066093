"""`gategrad experiment light-study`: what it measures, that it goes on, and its tables."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs gategrad[train]")

from gategrad import records
from gategrad.experiments import light, rows
from gategrad.experiments.light_report import light_tables
from tests.cli.conftest import _plain, gategrad  # noqa: F401

DOCS = Path(__file__).parents[2] / "docs"
SIZES = ("-k", 40, "-l", 1, "-ni", 30, "-ef", 10, "-bs", 20, "-lr", 0.1, "-t", 2, "--threads", 1)


@pytest.fixture(autouse=True)
def digits(monkeypatch):
    """Forty rows in the place of MNIST, whose first pixels tell the class."""
    y = np.arange(40) % 2
    x = np.zeros((40, 784), np.uint8)
    x[:, :400] = 255 * y[:, None]
    monkeypatch.setattr(rows, "load", lambda name: {"mnist": (x, y, x, y)}[name])


def test_it_measures_and_goes_on(gategrad, monkeypatch):  # noqa: F811
    done = gategrad("experiment", "light-study", *SIZES, "--depths", "1,2", "--record", "l.jsonl")
    lines = [json.loads(line) for line in Path("l.jsonl").read_text().splitlines()]
    kinds = [line["kind"] for line in lines]
    # Two costs; three inits, two depths; three inits at depth 1 and one at depth 2; of each both.
    assert [kinds.count(kind) for kind in ("cost", "start", "training")] == [2, 12, 8]
    raw, small = (line["found"] for line in lines[:2])
    assert raw["weight_bytes"] == 4 * small["weight_bytes"] == 40 * 16 * 4
    assert raw["optimizer_bytes"] == 2 * raw["weight_bytes"]
    start = lines[2]["found"]
    assert sum(start["histogram"]) == pytest.approx(1, abs=0.01)
    training = lines[-1]["found"]
    assert [point[0] for point in training["curve"]] == [10, 20, 30]
    assert max(line["found"]["test_hard"] for line in lines if line["kind"] == "training") > 0.9
    assert "| weights, bytes | 2,560 | 640 | **4.00x** | 4x |" in done.out
    assert "**cifar-100**: not run. `gategrad experiment light-study --data cifar-100`" in done.out
    monkeypatch.setattr(light, "_measure", lambda *_: pytest.fail("measured again"))
    again = gategrad("experiment", "light-study", *SIZES, "--depths", "1,2", "--record", "l.jsonl")
    assert again.out == done.out


def test_steps_to_equal_accuracy():
    about = {**dict.fromkeys(("data", "k", "layers"), 1), "data": "mnist", "kind": "training"}
    about |= {"steps": 30, "batch_size": 1, "lr": 0.1, "tau": 1, "seed": 0, "threads": 1}
    about |= {"init": "residual", "depth": 1, "eval_freq": 10, "machine": "a machine"}
    curves = {
        "raw": [[10, 0.5, 0], [20, 0.6, 0], [30, 0.8, 0]],
        "light": [[10, 0.8, 0], [20, 0.9, 0]],
    }
    lines = [
        about | {"parametrization": p, "found": {"curve": c, "test_hard": 0.8, "test_soft": 0.85}}
        for p, c in curves.items()
    ]
    text = light_tables(lines)
    assert "| steps to 80.0 %, depth 1 | 30 | 10 | **3.00x** | 8.5x |" in text
    assert "| 1 | light | residual | **80.00 %** | 85.00 % | +5.00 |" in text


def test_messages(gategrad):  # noqa: F811
    def fails(text, *options):
        gategrad("experiment", *options, "--record", "l.jsonl").fails_with(text)

    fails("unknown data 'svhn'; known: mnist, cifar-10, cifar-100", "light-study", "--data", "svhn")
    fails("--depths is '1;2'; expected multiples such as 1,2,5", "light-study", "--depths", "1;2")
    fails("depths are (0,); expected multiples", "light-study", "--depths", 0)
    fails("--baseline is not for light-study", "light-study", "--baseline")
    fails("--data and --depths are for light-study", "monk1", "--depths", 1)
    gategrad("report", "none.jsonl", "--light").fails_with("none.jsonl is not a file")
    gategrad("report", "x", "--light", "--experiments").fails_with("--light takes neither")


def test_the_page_is_what_the_lines_say():
    page = (DOCS / "reproduction.md").read_text()
    lines = [values for _, values in records.journal.read_lines(DOCS / "studies" / "light.jsonl")]
    made = records.between_markers(page, "light", light_tables(lines))
    assert made == page, "run: gategrad report docs/studies/light.jsonl --light --page ..."
