"""`gategrad train` with somebody beside it: curves for those who watch, and teachers."""

import numpy as np
import pytest

from gategrad.cli.sources import load_source
from gategrad.records import read

QUICK = ("--layers", "60x2", "--steps", 3, "--threads", 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_curves_for_tensorboard(gategrad, monk_csv, tmp_path):
    pytest.importorskip("tensorboard", reason="needs gategrad[tensorboard]")
    gategrad("train", monk_csv, "--target", "answer", *QUICK, "--tensorboard", "runs/1")
    assert [path.name[:10] for path in (tmp_path / "runs" / "1").iterdir()] == ["events.out"]


def test_a_teacher_in_a_file_teaches_and_is_recorded(gategrad, images, tmp_path):
    """Soft targets that are wrong, and count alone, make a student that is wrong."""
    source = load_source(str(images))
    np.save("soft.npy", 0.1 + 0.8 * np.eye(2)[1 - source.y_train])
    done = gategrad(
        *("train", images, "--image-shape", "6x6", "--out", "net.gg", "--record", "runs.jsonl"),
        *("--layers", "60", "--steps", 40, "--threads", 1, "--validation", 0, "--json"),
        *("--teacher", "soft.npy", "--distill-weight", 1, "--eval-every", 40),
    )
    (record,) = read(tmp_path / "runs.jsonl")
    assert record.options["teacher"] == "soft.npy"
    assert record.settings["distill_weight"] == 1
    assert done.json["steps"] == 40
    assert done.json["hard_accuracy"] < 0.2


def test_a_teacher_of_other_classes_is_refused(gategrad, images, xor_model):
    done = gategrad("train", images, "--image-shape", "6x6", "--teacher", xor_model, *QUICK)
    done.fails_with("are same, different, those of images.npz left, right; give a teacher of the")
    done = gategrad("train", images, "--image-shape", "6x6", "--distill-weight", 0.5, *QUICK)
    done.fails_with("distill_weight=0.5 is for a teacher; give teacher=, or leave it out")
    assert "--distill-weight does nothing here: it is for a student of a teacher" in done.err
