"""The drivers behind docs/distill.md and docs/pruning.md, on few images and for few steps."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs gategrad[train]")

import gategrad as gg
from benchmarks import distill_report, distill_students, distill_teachers, pruning, recipes
from benchmarks.distill_students import LABELS, NAMES, Student
from gategrad.records import read_frontiers
from tests.pruning.models import layered_model

TINY = {"trees": 2, "head": 20, "tau": 1.0, "steps": 3, "level_steps": 2}


@pytest.fixture
def few(tmp_path, monkeypatch):
    """Few images, and records elsewhere."""
    parts = gg.data.load("mnist-1bit")
    parts = (*(p[::50] for p in parts[:2]), *(p[::50] for p in parts[2:]))
    monkeypatch.setattr(gg.data, "load", lambda name: parts)
    for module in (distill_teachers, distill_students):
        monkeypatch.setattr(module, "OUT", tmp_path / "out.jsonl")
        monkeypatch.setattr(module, "WORK", tmp_path)
    monkeypatch.setattr(distill_students, "HELD", 200)
    return parts


def test_a_teacher_and_its_students_once_each(few, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(distill_students, "STUDENTS", {"mlp": Student(4, None, TINY)})
    monkeypatch.setattr(distill_report, "STUDENTS", distill_students.STUDENTS)
    page = tmp_path / "distill.md"
    shutil.copy(distill_report.PAGE, page)
    monkeypatch.setattr(distill_report, "PAGE", page)
    distill_teachers.train_teacher("mlp", epochs=1)
    distill_students.students("mlp", 0)
    found = {r["name"]: r for r in distill_teachers.read_all() if r["what"] == "student"}
    assert set(found) == set(NAMES)
    # Three stages of 3 steps, and 4 at the end.
    assert {r["steps"] for r in found.values()} == {9, 13}
    assert len(distill_teachers.read_all()) == 5
    capsys.readouterr()
    distill_students.students("mlp", 0)
    assert "recorded already" in capsys.readouterr().out
    assert len(distill_teachers.read_all()) == 5
    distill_report.report()
    said = found[LABELS]["test"]
    assert f"| {LABELS} | **{said:.2%}** |" in page.read_text()
    assert "| mlp | modules 0 to 3 | 256 |" in page.read_text()


def test_the_cnn_is_cut_behind_its_second_and_third_convolution():
    net = distill_teachers.NETWORKS["cnn"]()
    assert [type(net[c]).__name__ for c in distill_students.STUDENTS["cnn"].cuts] == [
        "Conv2d", "Flatten"
    ]  # fmt: skip


def test_pruning_is_recorded_once(few, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pruning, "HELD", 200)
    base = layered_model(n_inputs=784, gates=60)
    readout = gg.Readout.group_sum(60, 10, tau=1.0)
    model = gg.Model(base.circuit, readout, labels=tuple(range(10)))
    model.save(tmp_path / "small-0.gg")
    monkeypatch.setattr(pruning, "CASES", {"tiny": pruning.Case("small", 0.5, 2)})
    arguments = ["pruning", "--runs", "tiny", "--out", str(tmp_path / "p.jsonl"), "--work"]
    monkeypatch.setattr("sys.argv", [*arguments, str(tmp_path)])
    pruning.main()
    (made,) = read_frontiers(tmp_path / "p.jsonl")
    assert (made.model, made.finetune, made.held_rows) == ("small", 2, 200)
    pruning.main()
    assert "recorded already" in capsys.readouterr().out
    again = pruning.pruned(model, pruning.CASES["tiny"], recipes.RUNS["small"], 1)
    assert replace(again, seconds=0) == replace(made, seconds=0)
    assert np.diff(made.gates).max() < 0
