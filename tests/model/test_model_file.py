"""The .gg file: what comes back and which bytes."""

import hashlib
import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load as load_safetensors

import gategrad as gg
from gategrad import Model, ModelFileError
from gategrad.model import container
from tests.model.examples import all_models, argmax_model, circuit, encoded_model, table_model
from tests.model.files import saved

MODELS = all_models()


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_everything_comes_back(model, tmp_path):
    model.save(tmp_path / "m.gg")
    loaded = gg.load(str(tmp_path / "m.gg"))
    assert loaded == model
    for name in ("circuit", "readout", "encoder", "labels", "neurons", "meta", "convolution"):
        assert getattr(loaded, name) == getattr(model, name)
    assert saved(loaded, tmp_path) == (tmp_path / "m.gg").read_bytes()


@pytest.mark.parametrize("model", MODELS[:6], ids=repr)
def test_loaded_models_predict_the_same(model, tmp_path):
    n = model.circuit.n_inputs if model.encoder is None else model.encoder.n_features
    x = np.random.default_rng(0).integers(0, 2, (70, n)).astype(np.float32)
    model.save(tmp_path / "m.gg")
    loaded = gg.load(tmp_path / "m.gg")
    np.testing.assert_array_equal(loaded.sums(x), model.sums(x))
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_it_is_a_safetensors_container(tmp_path):
    data = saved(encoded_model(), tmp_path)
    arrays = load_safetensors(data)
    np.testing.assert_array_equal(arrays["circuit.fanin"], encoded_model().circuit.fanin)
    (length,) = struct.unpack("<Q", data[:8])
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    assert list(metadata) == ["gategrad"]
    header = json.loads(metadata["gategrad"])
    assert header == {
        "encoder": {"kind": "thermometer"},
        "format": 1,
        "kind": "argmax",
        "labels": ["cat", "dog", "emu"],
        "meta": {"data": "made up"},
        "n_inputs": 6,
        "n_state": 0,
        "neurons": 4,
        "sha256": header["sha256"],
    }
    blank = data.replace(header["sha256"].encode(), b"0" * 64)
    assert hashlib.sha256(blank).hexdigest() == header["sha256"]


def test_only_models_with_convolutions_have_the_newer_format():
    """Any other model gives a file that older readers take."""
    for model in MODELS:
        version = 1 if model.convolution is None else 2
        assert f'format\\":{version},'.encode() in model.to_bytes()


def test_equal_models_have_equal_bytes_in_every_process(tmp_path):
    script = (
        "import sys; from tests.model.examples import all_models\n"
        "for i, m in enumerate(all_models()): m.save(f'{sys.argv[1]}/{i}.gg')"
    )
    contents = []
    for seed in ("0", "1", "12345"):
        folder = tmp_path / seed
        folder.mkdir()
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", script, folder], check=True, env=environment)
        contents.append([(folder / f"{i}.gg").read_bytes() for i in range(len(MODELS))])
    contents.append([saved(model, tmp_path) for model in MODELS])
    assert all(content == contents[0] for content in contents)


def test_the_order_of_meta_does_not_matter(tmp_path):
    a, b = ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    assert saved(argmax_model(meta=a), tmp_path) == saved(argmax_model(meta=b), tmp_path)


def test_an_encoder_that_could_not_be_read_back_is_not_saved(tmp_path):
    class Own:
        n_features = n_inputs = 3
        encode = thresholds = input_names = lambda self, x=None: None

        def to_state(self):
            return {"kind": "own"}, {}

    model = Model(circuit(), gg.Readout.identity(6), Own())
    with pytest.raises(ModelFileError, match="encoder kind is 'own'; known: thermometer"):
        model.save(tmp_path / "m.gg")
    assert list(tmp_path.iterdir()) == []


def test_headers_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MAX_HEADER", 2000)
    with pytest.raises(ModelFileError, match="shorten the labels, meta or categories"):
        argmax_model(meta={"a": "x" * 2000}).save(tmp_path / "m.gg")
    assert list(tmp_path.iterdir()) == []


def test_wide_and_large_models_come_back(tmp_path):
    rng = np.random.default_rng(0)
    n = 20_000
    big = gg.Circuit(
        64,
        rng.integers(2, 60, (n, 6)),
        rng.integers(0, 2**64, n, np.uint64),
        np.arange(n) + 66,
    )
    model = Model(big, gg.Readout.group_sum(n, 10))
    model.save(tmp_path / "m.gg")
    assert gg.load(tmp_path / "m.gg") == model


def test_text_in_tables_comes_back(tmp_path):
    table_model().save(tmp_path / "m.gg")
    assert gg.load(tmp_path / "m.gg").encoder.input_names()[-1] == "colour = red"
