"""Exported C, compiled and run: the model's sums and decisions, bit for bit."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

import gategrad as gg
from gategrad import export
from gategrad.encoding import Binned, OneHot, Thermometer
from gategrad.export.c_code import host
from tests.export.models import KINDS, all_rows, odd_models, random_model
from tests.random_circuits import random_circuit

FLAGS = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"]
pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler")


class Built:
    """A shared object of an exported model, called as C calls it."""

    def __init__(self, folder, model, *, compiler="gcc", flags=("-O1",), **options):
        export.c(model, **options).write(folder)
        self.model, self.folder = model, folder
        target = folder / "model.so"
        sources = [str(folder / "model.c"), "-o", str(target)]
        subprocess.run([compiler, *FLAGS, *flags, "-fPIC", "-shared", *sources], check=True)
        self.library = ctypes.CDLL(str(target))

    def _call(self, function, x, out):
        stride = x.strides[0] // x.itemsize if len(x) else x.shape[1]
        getattr(self.library, f"model_{function}")(
            x.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(len(x)),
            ctypes.c_size_t(stride),
            out.ctypes.data_as(ctypes.c_void_p),
        )
        return out

    def sums(self, x):
        return self._call("sums", x, np.zeros((len(x), self.model.readout.n_classes), np.int32))

    def scores(self, x):
        return self._call("scores", x, np.zeros((len(x), self.model.readout.n_classes), np.float32))

    def predict(self, x):
        kind = self.model.readout.kind
        many = kind in ("multilabel", "regression")
        shape = (len(x), self.model.readout.n_classes) if many else len(x)
        return self._call(
            "predict", x, np.zeros(shape, np.float32 if kind == "regression" else np.int32)
        )

    def check(self, x):
        """Compare all functions on rows with the model."""
        np.testing.assert_array_equal(self.sums(x), self.model.sums(x))
        np.testing.assert_array_equal(self.scores(x), self.model.scores(x))
        np.testing.assert_array_equal(self.predict(x), self.model.predict(x))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("word", "style", "width"),
    [
        ("uint8", "statements", 2),
        ("uint16", "tables", 4),
        ("uint32", "statements", 6),
        ("uint64", "tables", 2),
        ("vector16", "statements", 3),
        ("vector64", "tables", 5),
    ],
)
def test_c_agrees_for_every_kind_word_and_style(tmp_path, kind, word, style, width) -> None:
    model = random_model(kind, width=width)
    built = Built(tmp_path, model, word=word, style=style)
    rng = np.random.default_rng(1)
    for n in (0, 1, 7, 8, 63, 64, 65, 513, 1000):
        built.check(rng.integers(0, 2, (n, 12), dtype=np.uint8))


def test_more_slots_than_a_packed_gate_can_number(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(host, "_MOST_PACKED_BITS", 3)
    built = Built(tmp_path, random_model(), style="tables")
    assert "uint32_t a, b, out;" in (tmp_path / "model.c").read_text()
    built.check(all_rows(12)[:700])


@pytest.mark.parametrize("word", ["uint8", "uint64", "vector32"])
def test_bits_that_only_sums_read_are_not_stored(tmp_path, word) -> None:
    circuit = random_circuit(n_inputs=12, n_gates=1200, n_outputs=900, width=2, seed=3)
    built = Built(tmp_path, gg.Model(circuit, gg.Readout.group_sum(900, 3)), word=word)
    text = (tmp_path / "model.c").read_text()
    assert int(text.split("#define MODEL_SLOTS ")[1].split()[0]) < 900
    assert "model_gates_2(s)" in text, "sums should go on from function to function"
    built.check(all_rows(12)[:1001])


def test_few_bits_of_large_weight_are_counted(tmp_path) -> None:
    Built(tmp_path, odd_models()["a large weight"], style="statements").check(all_rows(2))
    assert "model_count(" in (tmp_path / "model.c").read_text()


@pytest.mark.parametrize("name", odd_models())
@pytest.mark.parametrize("style", ["statements", "tables"])
def test_c_of_odd_circuits(tmp_path, name, style) -> None:
    Built(tmp_path, odd_models()[name], style=style).check(all_rows(2))


def test_optimized_and_not_are_the_same(tmp_path) -> None:
    model, x = random_model(width=4), all_rows(12)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    Built(tmp_path / "before", model).check(x)
    Built(tmp_path / "after", model.optimize()).check(x)


def _pixels():
    return np.random.default_rng(2).integers(0, 256, (200, 70)).astype(np.uint8)


def _measurements():
    x = np.random.default_rng(3).normal(size=(200, 7))
    x[:, 3] = np.round(x[:, 3])
    x[5, 2], x[6, 2] = np.inf, -np.inf
    x[7, 4], x[8, 4] = 0.0, -0.0
    return x


ENCODERS = {
    "pixels": (lambda: Thermometer.fixed([-1, 0, 127.5, 255, 300], 70), _pixels, "uint8"),
    "pixels as float32": (lambda: Thermometer.quantile(_pixels(), 3), _pixels, "float32"),
    "doubles": (lambda: Thermometer.quantile(_measurements(), 9), _measurements, "float64"),
    "floats": (lambda: Thermometer.quantile(_measurements(), 9), _measurements, "float32"),
    "infinite levels": (
        lambda: Thermometer.fixed([-np.inf, -1e-310, 0.0, 1e300, np.inf], 7),
        _measurements,
        "float64",
    ),
    "bins": (lambda: Binned.quantile(_measurements(), 5), _measurements, "float32"),
    "categories": (
        lambda: OneHot.fit(np.round(_measurements()[9:])),
        lambda: np.round(_measurements()[9:]),
        "int16",
    ),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_the_encoder_is_part_of_it(tmp_path, name) -> None:
    encoder, rows, dtype = ENCODERS[name]
    x = rows().astype(dtype)
    Built(tmp_path, random_model(encoder=encoder()), rows=dtype).check(x)


def test_rows_may_be_apart(tmp_path) -> None:
    wide = np.random.default_rng(0).integers(0, 2, (40, 20), dtype=np.uint8)
    built = Built(tmp_path, random_model())
    built.check(wide[:, :12])
    built.check(wide[::2, 3:15])


WORDS = ["uint8", "uint32", "uint64", "vector16", "vector32", "vector64"]


@pytest.mark.parametrize("word", WORDS)
def test_rows_of_many_columns_come_in_bands(tmp_path, word) -> None:
    model = random_model(encoder=Thermometer.fixed([90, 200], 1100), gates=900)
    built = Built(tmp_path, model, word=word, rows="uint8")
    text = (tmp_path / "model.c").read_text()
    assert int(text.split("MODEL_CHUNKS ")[1].split()[0]) > 16
    x = np.random.default_rng(0).integers(0, 256, (600, 1111), dtype=np.uint8)
    built.check(x[:, :1100])
    built.check(x[:75, 5:1105])


@pytest.mark.parametrize("word", WORDS)
def test_rows_of_few_columns(tmp_path, word) -> None:
    model = random_model(encoder=Thermometer.quantile(_measurements(), 9))
    built = Built(tmp_path, model, word=word, rows="float32")
    assert "_gather(" in (tmp_path / "model.c").read_text() or word in ("uint8", "uint32")
    x = np.tile(_measurements().astype(np.float32), (4, 1))
    for n in (9, 200, 777):
        built.check(x[:n])


def test_packed_rows(tmp_path) -> None:
    model = random_model()
    built = Built(tmp_path, model, word="vector64")
    for n in (1, 64, 65, 1100):
        x = np.random.default_rng(n).integers(0, 2, (n, 12), dtype=np.uint8)
        words, labels = gg.pack(x).words, np.zeros(n, np.int32)
        built.library.model_predict_packed(
            words.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(n),
            labels.ctypes.data_as(ctypes.c_void_p),
        )
        np.testing.assert_array_equal(labels, model.predict(x))


def test_a_program_reads_rows_of_text(tmp_path) -> None:
    model = random_model(encoder=Thermometer.quantile(_measurements(), 9))
    model = gg.Model(model.circuit, model.readout, model.encoder, ["no", 'a "b"', "ä?"])
    export.c(model, rows="float64").write(tmp_path)
    subprocess.run(["make", "-s", "-C", str(tmp_path)], check=True)
    x = _measurements()[:60]
    text = "\n".join(",".join(map(repr, row)) for row in x.tolist())
    done = subprocess.run(
        [str(tmp_path / "model")], input=text, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == model.predict(x).tolist()
    bad = subprocess.run(
        [str(tmp_path / "model")], input=f"{text}\n1,2,x\n", capture_output=True, text=True
    )
    assert bad.returncode == 1
    assert bad.stderr == "line 61: expected 7 numbers, value 3 is missing or wrong\n"


@pytest.mark.skipif(shutil.which("clang") is None, reason="needs clang")
def test_clang_takes_it_too(tmp_path) -> None:
    Built(tmp_path, random_model(), compiler="clang", word="vector32").check(all_rows(12))


@pytest.mark.skipif(shutil.which("clang") is None, reason="needs clang")
@pytest.mark.parametrize("word", ["uint64", "vector64"])
def test_clang_encodes(tmp_path, word) -> None:
    model = random_model(encoder=Thermometer.fixed([3, 90], 70))
    Built(tmp_path, model, compiler="clang", flags=("-O2",), word=word, rows="uint8").check(
        _pixels()
    )


def test_a_cpp_program_uses_the_header(tmp_path) -> None:
    export.c(random_model()).write(tmp_path)
    (tmp_path / "main.cpp").write_text(
        '#include "model.h"\n'
        "int main() { model_value row[MODEL_FEATURES] = {}; int32_t label = 7;\n"
        "model_predict(row, 1, MODEL_FEATURES, &label);\n"
        "return label < 0 || label >= MODEL_CLASSES; }\n"
    )
    subprocess.run(["gcc", "-c", "-std=c99", "model.c"], cwd=tmp_path, check=True)
    subprocess.run(["g++", "main.cpp", "model.o", "-o", "main"], cwd=tmp_path, check=True)
    subprocess.run([str(tmp_path / "main")], check=True)


@pytest.mark.parametrize(("word", "style"), [("vector32", "tables"), ("uint64", "statements")])
def test_sanitizers_find_nothing(tmp_path, word, style) -> None:
    model = random_model(encoder=Thermometer.fixed([3, 90], 70))
    export.c(model, rows="uint8", word=word, style=style).write(tmp_path)
    subprocess.run(
        ["gcc", *FLAGS, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         "model.c", "main.c", "-o", "model"],
        cwd=tmp_path,
        check=True,
    )  # fmt: skip
    text = "\n".join(" ".join(map(str, row)) for row in _pixels().tolist())
    done = subprocess.run(
        [str(tmp_path / "model")], input=text, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(label) for label in model.predict(_pixels())]


def test_same_model_same_text() -> None:
    first, second = export.c(random_model()), export.c(random_model())
    assert first == second
    assert gg.__version__ in first["model.h"]


def test_messages() -> None:
    model = random_model()
    with pytest.raises(export.ExportError, match="unknown rows 'int7'; known: uint8, int16"):
        export.c(model, rows="int7")
    with pytest.raises(export.ExportError, match="unknown word 'big'; known: uint8"):
        export.c(model, word="big")
    with pytest.raises(export.ExportError, match="name is '2x'; expected a letter"):
        export.c(model, name="2x")
    text = OneHot.fit(np.array([["a"], ["b"]], dtype=object), unknown="error")
    small = gg.Model(gg.Circuit(2, [[2, 3]], [6], [4]), gg.Readout.group_sum(1, 1), text)
    with pytest.raises(export.ExportError, match="a OneHot with categories that are text"):
        export.c(small)


def test_nothing_is_written_where_a_file_can_not_be(tmp_path) -> None:
    (tmp_path / "model.c").mkdir()
    (tmp_path / "model.h").write_text("old")
    with pytest.raises(export.ExportError, match="can't write"):
        export.c(random_model()).write(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.c", "model.h"]
