"""Exports of models behind filters: rows are planes, and C makes them of images."""

import ctypes
import subprocess
from dataclasses import replace

import numpy as np
import pytest

import gategrad as gg
from gategrad.export import ExportError
from gategrad.export.synthesis import synthesize
from gategrad.export.verify import verify
from tests.model.examples import IMAGES, filters_model

ALL = ("pixels", "opponents", "steps", "slopes", "diagonals", "spots")
LABELLING = """
#include "tiny.h"
#include "tiny_filters.h"
void labels_of(const uint8_t *images, size_t n, uint8_t *planes, int32_t *labels) {
  tiny_planes(images, n, planes);
  tiny_predict(planes, n, TINY_FEATURES, labels);
}
"""


@pytest.mark.parametrize("profile", ["host", "mcu"])
def test_c_takes_images_by_way_of_planes(tmp_path, profile):
    model = filters_model(ALL)
    gg.export.c(model, name="tiny", profile=profile).write(tmp_path)
    (tmp_path / "call.c").write_text(LABELLING)
    flags = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC"]
    command = ["cc", *flags, "call.c", "tiny.c", "-o", "tiny.so"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    library = ctypes.CDLL(str(tmp_path / "tiny.so"))
    planes = np.zeros((len(IMAGES), len(model.encoder.filters) * 20), np.uint8)
    labels = np.zeros(len(IMAGES), np.int32)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (IMAGES, planes, labels)]
    library.labels_of(pointers[0], ctypes.c_size_t(len(IMAGES)), *pointers[1:])
    np.testing.assert_array_equal(planes, model.encoder.planes(IMAGES))
    np.testing.assert_array_equal(labels, model.predict(IMAGES))


def test_verified_on_planes(tmp_path):
    model = filters_model().optimize()
    gg.export.c(model, name="tiny").write(tmp_path)
    verdict = verify(model, tmp_path / "tiny.c", rows=IMAGES, n_random=2000)
    assert verdict.equal
    assert any("rows" in line for line in verdict.tested)


def test_verilog_takes_planes(tmp_path):
    model = filters_model().optimize()
    artifact = gg.export.verilog(model, name="tiny", stages=1, vectors=IMAGES)
    artifact.write(tmp_path)
    assert artifact["tiny_vectors.hex"].count("\n") >= len(IMAGES)
    assert verify(model, tmp_path / "tiny.v", rows=IMAGES).equal


def test_gates_have_the_names_of_bits(tmp_path):
    model = filters_model().optimize()
    assert "across at 0, 0 > " in gg.export.dot(model)["model.dot"]
    for artifact in (gg.export.blif(model), gg.export.json(model), gg.export.aiger(model)):
        artifact.write(tmp_path)
    for file in ("model.blif", "model.json"):
        assert verify(model, tmp_path / file).equal
    assert gg.Model.from_json((tmp_path / "model.json").read_text()).encoder == model.encoder


def filters_on_planes():
    """The same model, made for rows of planes."""
    model = filters_model().optimize()
    return replace(model, encoder=model.encoder.of_planes(), convolution=None)


def test_what_is_counted_is_behind_the_filters():
    found = synthesize(filters_model().optimize(), target="gates")
    behind = synthesize(filters_on_planes(), target="gates")
    assert found == behind
    assert found["encoder"].others > found["gates"].others > 0


def test_names_stay_in_their_comment():
    model = filters_model(("steps",))
    encoder = replace(model.encoder, filters=("a */ #error", "b\n/*"))
    header = gg.export.c(replace(model, encoder=encoder))["model_filters.h"]
    comment, _, code = header.partition("*/")
    assert "a (star)/ #error" in comment
    assert "#error" not in code


def test_what_does_not_fit():
    with pytest.raises(ExportError, match=r"the planes of filters are bytes: rows='uint8'"):
        gg.export.c(filters_model(), rows="float32")
    with pytest.raises(ExportError, match="a page has no input for a Filters"):
        gg.export.html(filters_model())
