"""Pages for browsers: their script, run by node, against the model; and what they refuse."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import gategrad as gg
from gategrad import export
from gategrad.encoding import EncodingError, Thermometer
from gategrad.export.html_page.cells import cells
from tests.export.models import random_model
from tests.export.pages import models_and_rows, table_model, table_rows, unnamed

ENGINE = Path(export.__file__).parent / "html_page" / "engine.js"
DRIVER = """
const tasks = JSON.parse(require("fs").readFileSync(0));
const number = (v) => (v === null ? NaN : Number(v));
console.log(JSON.stringify(tasks.map(({ page, rows }) => {
  const model = makeModel(page);
  const found = predict(model, rows.map((row) => Float64Array.from(row, number)));
  const classes = model.bias.length;
  const each = rows.map((_, i) => found.sums.slice(i * classes, (i + 1) * classes));
  return { ...found, scores: each.map((sums) => scoresOf(model, sums)),
    chances: each.map((sums) => chances(model, sums)) };
})));
"""


def model_of(page):
    """The model as a page holds it."""
    return json.loads(re.search(r'id="model">(.*?)</script>', page)[1])


def as_json(rows):
    """Cells as JSON has them."""
    texts = {np.inf: "Infinity", -np.inf: "-Infinity"}
    return [[None if v != v else texts.get(v, v) for v in row] for row in rows.tolist()]


@pytest.fixture(scope="module")
def found():
    """What the pages' script makes of the rows of all models, in one process."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    tasks = []
    for model, x in models_and_rows().values():
        page = export.html(model, image_shape=())["model.html"]
        tasks.append({"page": model_of(page), "rows": as_json(cells(model).of_rows(x))})
    done = subprocess.run(
        ["node", "-e", ENGINE.read_text() + DRIVER],
        input=json.dumps(tasks), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(zip(models_and_rows(), json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("name", models_and_rows())
def test_sums_decisions_and_scores_are_the_model_s(found, name) -> None:
    model, x = models_and_rows()[name]
    got = found[name]
    sums = model.sums(x)
    np.testing.assert_array_equal(np.reshape(got["sums"], sums.shape), sums)
    np.testing.assert_array_equal(got["labels"], unnamed(model).predict(x))
    np.testing.assert_array_equal(np.float32(got["scores"]), model.scores(x))
    if model.readout.kind != "regression":
        np.testing.assert_allclose(got["chances"], model.probabilities(x), atol=1e-12)


def test_shares_of_trees_are_probabilities_already(found) -> None:
    """The link of a forest; its scores are no logits."""
    model = random_model("binary", gates=20)
    circuit = (model.circuit, gg.Readout("binary", [0, 1], [0], [1], [0], [0.5], [-0.25]))
    model = gg.Model(*circuit, meta={"link": "share"})
    rows = np.eye(12, dtype=np.uint8)
    page = model_of(export.html(model)["model.html"])
    task = json.dumps([{"page": page, "rows": rows.tolist()}])
    done = subprocess.run(
        ["node", "-e", ENGINE.read_text() + DRIVER],
        input=task, capture_output=True, text=True, check=True,
    )  # fmt: skip
    np.testing.assert_allclose(json.loads(done.stdout)[0]["chances"], model.probabilities(rows))


def test_the_page_stands_alone_and_names_do_no_harm() -> None:
    model = table_model()
    model = gg.Model(model.circuit, model.readout, model.encoder, ["</script>", "<b>", "&amp;"])
    page = export.html(model, title="<i>5 < 6</i>", examples=table_rows(n=3))["model.html"]
    assert page.count("</script>") == 2
    assert "&lt;i&gt;5 &lt; 6&lt;/i&gt;" in page
    assert "<i>5" not in page
    assert not re.search(r"(src|href)=|url\(|https?://|import\(|fetch\(", page)
    held = model_of(page)
    assert held["labels"] == ["</script>", "<b>", "&amp;"]
    assert [column["name"] for column in held["columns"]] == ["size", "</script>", "third", "code"]
    assert held["columns"][1]["categories"] == ["7", "blue", "green", "red"]
    assert held["examples"][3] == [0, -1, 5, -1]
    assert page == export.html(model, title="<i>5 < 6</i>", examples=table_rows(n=3))["model.html"]


def test_what_is_an_image() -> None:
    def image(n, **options):
        encoder = options.pop("encoder", None)
        model = random_model(n_inputs=n, gates=20, encoder=encoder)
        return model_of(export.html(model, **options)["model.html"])["image"]

    assert image(784) == [1, 28, 28]
    assert image(3 * 8 * 8) == [3, 8, 8]
    assert image(49) is None
    assert image(784, image_shape=()) is None
    assert image(12, image_shape=(3, 4)) == [1, 3, 4]
    named = Thermometer(np.zeros((1, 64)), names=[f"c{i}" for i in range(64)])
    assert image(64, encoder=named) is None
    assert image(64, encoder=named, image_shape=(8, 8)) == [1, 8, 8]


@pytest.mark.parametrize(
    ("levels", "top"), [([0.2, 0.5], 1), ([3, 9], 16), ([31, 200], 255), ([300], 65535)]
)
def test_the_brightest_pixel_is_above_all_levels(levels, top) -> None:
    model = random_model(encoder=Thermometer.fixed(levels, 64), gates=20)
    assert model_of(export.html(model)["model.html"])["top"] == top


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([20.5, 30.5, 60.5], {"low": 0, "high": 81, "step": 1, "start": 30}),
        ([0.1, 0.2, 0.4], {"low": 0, "high": 0.55, "step": 0.001, "start": 0.2}),
        ([-5.0], {"low": -10, "high": 0, "step": 1, "start": -5}),
        ([np.inf], {"low": 0, "high": 1, "step": 0.01, "start": 0}),
    ],
)
def test_sliders_go_beyond_all_thresholds_in_round_steps(levels, expected) -> None:
    model = random_model(encoder=Thermometer.fixed(levels, 2), gates=20)
    column = model_of(export.html(model)["model.html"])["columns"][1]
    assert {key: column[key] for key in expected} == expected


def test_messages() -> None:
    with pytest.raises(export.ExportError, match=r"image_shape is \(5, 5\), but a row has 12"):
        export.html(random_model(), image_shape=(5, 5))
    with pytest.raises(export.ExportError, match="rows with categories or missing values are no"):
        export.html(table_model(), image_shape=(2, 2))
    with pytest.raises(EncodingError, match=r"x at row 4, column 0 \(size\) has no value"):
        export.html(table_model("error"), examples=np.vstack([table_rows("error", 3), [None] * 4]))
    with pytest.raises(export.ExportError, match="name is '2'; expected a letter"):
        export.html(random_model(), name="2")
