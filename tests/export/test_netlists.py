"""BLIF and AIGER, read by readers of the tests: gates, sums and labels are the model's."""

import numpy as np
import pytest

import gategrad as gg
from gategrad import export
from gategrad.circuit import evaluate
from gategrad.encoding import Thermometer
from tests.export.models import KINDS, all_rows, odd_models, random_model
from tests.export.readers import evaluate_aiger, evaluate_blif


def _blif(model, x, outputs):
    return evaluate_blif(export.blif(model, outputs=outputs)["model.blif"], x)


def _aig(model, x, outputs):
    return evaluate_aiger(export.aiger(model, outputs=outputs)["model.aig"], x)[0]


def _aag(model, x, outputs):
    return evaluate_aiger(export.aiger(model, outputs=outputs, ascii=True)["model.aag"], x)[0]


FORMATS = {"blif": _blif, "aig": _aig, "aag": _aag}


def numbers(bits, n_classes):
    """Bits (n, classes * width), lowest first, as numbers in two's complement (n, classes)."""
    bits = bits.reshape(len(bits), n_classes, -1).astype(np.int64)
    value = (bits << np.arange(bits.shape[2])).sum(axis=2)
    return value - (bits[:, :, -1] << bits.shape[2])


def check(read, model, x):
    np.testing.assert_array_equal(read(model, x, "gates"), evaluate(model.circuit, x.astype(bool)))
    np.testing.assert_array_equal(
        numbers(read(model, x, "sums"), model.readout.n_classes), model.sums(x)
    )
    kind, label = model.readout.kind, model.predict(x)
    if kind == "regression":
        return
    bits = read(model, x, "label")
    if kind == "argmax":
        label = label[:, None] >> np.arange(bits.shape[1]) & 1
    np.testing.assert_array_equal(bits, label.reshape(bits.shape))


@pytest.mark.parametrize("read", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [2, 4, 6])
def test_every_kind(read, kind, width) -> None:
    check(read, random_model(kind, width=width), all_rows(12)[::7])


@pytest.mark.parametrize("read", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("name", odd_models())
def test_odd_circuits(read, name) -> None:
    check(read, odd_models()[name], all_rows(2))


def test_a_population_count_takes_seven_nodes_a_full_adder() -> None:
    circuit = gg.Circuit(1000, np.zeros((0, 0), int), [], np.arange(1000) + 2)
    content = export.aiger(gg.Model(circuit, gg.Readout.group_sum(1000, 1)), outputs="sums")
    nodes = int(content["model.aig"].split(b"\n")[0].split()[-1])
    assert nodes <= 7000


def test_files_say_what_inputs_and_classes_are() -> None:
    encoder = Thermometer.fixed([0.5], 12)
    model = random_model(encoder=encoder)
    model = gg.Model(model.circuit, model.readout, encoder, ["a\nb", "ü", "c"])
    for text in (
        export.blif(model)["model.blif"],
        export.aiger(model, ascii=True)["model.aag"].decode(),
    ):
        assert "in_3: " in text
        assert "> 0.5\n" in text
        assert "class 0: a\\x0ab\n" in text
        assert "class 1: \\xfc\n" in text


def test_names_of_outputs() -> None:
    model, x = random_model("multilabel"), all_rows(12)[:2]
    content = export.aiger(model, outputs="label")["model.aig"]
    assert evaluate_aiger(content, x)[1] == ["label_0", "label_1", "label_2", "label_3"]


def test_same_bytes_again() -> None:
    assert export.aiger(random_model()) == export.aiger(random_model())
    assert export.blif(random_model()) == export.blif(random_model())


def test_messages() -> None:
    with pytest.raises(export.ExportError, match="unknown outputs 'all'; known: gates, sums"):
        export.blif(random_model(), outputs="all")
    with pytest.raises(export.ExportError, match="a regression has no labels"):
        export.aiger(random_model("regression"), outputs="label")
