"""Pictures of models and runs: what is on them, by matplotlib's own objects; and notebooks."""

import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import gategrad as gg
from gategrad.encoding import OneHot, Splits, Table, Thermometer
from gategrad.encoding.origins import columns_of_bits
from gategrad.plots import PlotError, plot_curves, plot_model
from gategrad.plots.live import curves_html
from tests.export.models import all_rows, random_model

pytest.importorskip("matplotlib", reason="needs gategrad[plot]")
HISTORY = [
    SimpleNamespace(step=0, loss=float("nan"), soft=0.1, hard=0.1, figure="accuracy"),
    SimpleNamespace(step=50, loss=1.5, soft=0.8, hard=0.6, figure="accuracy"),
    SimpleNamespace(step=100, loss=0.5, soft=0.9, hard=0.85, figure="accuracy"),
]


def panels(picture):
    return {axes.get_title(): axes for axes in picture.figure.axes if axes.get_title()}


def lengths(axes):
    """Of the bars, by their names."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    return dict(zip(names, [bar.get_width() for bar in axes.patches], strict=True))


def test_a_classifier_of_images() -> None:
    circuit = gg.Circuit(64, [[2, 65], [66, 2], [66, 67]], [0x8, 0x6, 0xE], [66, 67, 68, 68])
    model = gg.Model(circuit, gg.Readout.group_sum(4, 2), labels=["no", "yes"])
    x = np.random.default_rng(0).integers(0, 2, (50, 64), dtype=np.uint8)
    y = np.where(x[:, 0], "yes", "no")
    drawn = panels(model.plot(x, y))
    functions, wiring, confusion, by_class = drawn.values()
    assert lengths(functions) == {"and": 1, "or": 1, "xor": 1}
    (image,) = wiring.images
    pins = np.zeros((8, 8))
    pins[0, 0], pins[7, 7] = 2, 1
    np.testing.assert_array_equal(image.get_array(), pins)
    (wire,) = wiring.lines
    assert sorted(zip(*wire.get_data(), strict=True)) == [(0, 0), (7, 7)]
    said = model.predict(x)
    counts = [[((y == a) & (said == b)).sum() for b in ("no", "yes")] for a in ("no", "yes")]
    assert [int(text.get_text()) for text in confusion.texts] == np.ravel(counts).tolist()
    shares = [100 * (said == y)[y == name].mean() for name in ("no", "yes")]
    assert list(lengths(by_class).values()) == pytest.approx(shares)
    assert by_class.get_xlabel() == f"%, {100 * (said == y).mean():.2f} of all"


def test_a_table_shows_its_columns() -> None:
    table = Table.fit([[1.0, "a", 5], [2.0, "b", 6]], 2, names=["size", "kind", "code"])
    circuit = gg.Circuit(6, [[2, 6], [7, 6], [8, 9]], [0x8, 0x6, 0x6], [9, 10])
    model = gg.Model(circuit, gg.Readout.group_sum(2, 2), table)
    columns = [table.input_names()[s - 2].split()[0] for s in (2, 6, 7, 6)]
    reads = lengths(panels(model.plot())["What gates read"])
    assert reads == {name: columns.count(name) for name in set(columns)}


def test_columns_of_bits() -> None:
    assert columns_of_bits(Thermometer.fixed([1, 2], 3)).tolist() == [0, 1, 2, 0, 1, 2]
    assert columns_of_bits(OneHot((("a", "b"), (1.0,)))).tolist() == [0, 0, 1]
    splits = Splits(np.array([0, 2, 2]), np.array([1.0, 1.0, 2.0]), 3)
    assert columns_of_bits(splits).tolist() == [0, 2, 2]
    rows = [["x", 1.0, None], ["y", 2.0, 3.0]]
    table = Table.fit(rows, 1, missing="indicator")
    named = [int(name.split()[0][1:]) for name in table.input_names()]
    assert columns_of_bits(table).tolist() == named


@pytest.mark.parametrize(
    ("kind", "n_panels"), [("multilabel", 3), ("regression", 4), ("binary", 4)]
)
def test_other_kinds(kind, n_panels) -> None:
    model, x = random_model(kind, gates=20), all_rows(12)[::99]
    drawn = panels(model.plot(x, model.predict(x)))
    assert len(drawn) == n_panels
    if kind == "multilabel":
        assert set(lengths(drawn["Accuracy by label"]).values()) == {100.0}


def test_files_are_the_same_again(tmp_path) -> None:
    picture = plot_curves(HISTORY, 100)
    for name in ("a.svg", "b.svg", "a.png"):
        picture.save(tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == picture._repr_png_()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg", "b.svg"]
    assert repr(picture) == "Picture(Accuracy, Training loss)"
    soft, hard, best = picture.figure.axes[0].lines
    assert list(soft.get_ydata()) == [0.1, 0.8, 0.9]
    assert list(hard.get_ydata()) == [0.1, 0.6, 0.85]
    assert best.get_xdata()[0] == 100


def test_messages(tmp_path, monkeypatch) -> None:
    model = gg.Model(gg.Circuit(2, [[2, 3]], [6], [4]), gg.Readout.group_sum(1, 1), labels=["a"])
    with pytest.raises(ValueError, match="give x and y, or neither"):
        model.plot([[0, 1]])
    with pytest.raises(ValueError, match="y at row 1 is 'b', no label of the model; known: 'a'"):
        model.plot(np.zeros((2, 2), bool), ["a", "b"])
    with pytest.raises(ValueError, match=r"y has shape \(3,\) for predictions of shape \(2,\)"):
        model.plot(np.zeros((2, 2), bool), ["a"] * 3)
    with pytest.raises(PlotError, match=r"image_shape is \(3, 3\), but a row has 2 values"):
        model.plot(image_shape=(3, 3))
    with pytest.raises(PlotError, match=r"expected a name that ends in \.svg, \.png, \.pdf"):
        plot_curves(HISTORY).save(tmp_path / "x.jpg")
    with pytest.raises(PlotError, match="no evaluation to draw"):
        plot_curves([])
    with pytest.raises(PlotError, match="decisions and targets go together"):
        plot_model(model, np.zeros(2, int))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PlotError, match=r"pictures need matplotlib: pip install gategrad\[plot\]"):
        model.plot()


def test_notebooks_show_models_and_circuits() -> None:
    circuit = gg.Circuit(2, [[2, 3], [2, 3]], [0x6, 0x8], [4, 5])
    model = gg.Model(circuit, gg.Readout.group_sum(2, 2), labels=["<b>", "no"], meta={"data": "d"})
    for shown in (model._repr_html_(), circuit._repr_html_()):
        cells = re.findall(r"<td[^>]*>([^<]*)</td>", shown)
        facts = dict(zip(cells[::2], cells[1::2], strict=False))
        assert (facts["live gates"], facts["depth"], facts["inputs"]) == ("2", "1", "2")
        assert "xor" in shown
    assert "&lt;b&gt;, no" in model._repr_html_()
    assert "<b>, no" not in model._repr_html_()


def test_curves_without_matplotlib() -> None:
    shown = curves_html(HISTORY, 200, "so <far>")
    lines = [len(found.split()) for found in re.findall(r'points="([^"]*)"', shown)]
    assert lines == [3, 3, 2]  # there is no loss before the first step
    assert "200 steps" in shown
    assert "so &lt;far&gt;" in shown
    assert curves_html(HISTORY[:1], 200).count("<svg") == 2
