"""The .gg file: what comes back, which bytes, and what is refused."""

import hashlib
import io
import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

import gategrad as gg
from gategrad import Model, ModelFileError
from gategrad.model import container
from tests.model.examples import all_models, argmax_model, circuit, encoded_model, table_model

MODELS = all_models()


def saved(model, tmp_path) -> bytes:
    model.save(tmp_path / "saved.gg")
    return (tmp_path / "saved.gg").read_bytes()


def refusal(data: bytes, tmp_path) -> str:
    """The message that loading these bytes gives, without its path."""
    path = tmp_path / "bad.gg"
    path.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        gg.load(path)
    prefix = f"can't load {str(path)!r}: "
    assert str(caught.value).startswith(prefix)
    return str(caught.value).removeprefix(prefix)


def forged(model, tmp_path, *, arrays=None, drop=(), without=(), **header):
    """Bytes with another header or other arrays and a checksum that matches them."""
    stored, stored_arrays = container.unpack(io.BytesIO(saved(model, tmp_path)))
    stored, stored_arrays = stored | header, stored_arrays | (arrays or {})
    for name in drop:
        del stored_arrays[name]
    for name in without:
        del stored[name]
    if "format" not in header:
        return container.pack(stored, stored_arrays)
    text = json.dumps(stored | {"sha256": "0" * 64}, sort_keys=True, separators=(",", ":"))
    return save_safetensors(stored_arrays, {"gategrad": text})


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_everything_comes_back(model, tmp_path):
    model.save(tmp_path / "m.gg")
    loaded = gg.load(str(tmp_path / "m.gg"))
    assert loaded == model
    for name in ("circuit", "readout", "encoder", "labels", "neurons", "meta"):
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


@pytest.mark.parametrize("model", [argmax_model(), encoded_model()], ids=repr)
def test_every_flipped_byte_is_refused(model, tmp_path):
    data = saved(model, tmp_path)
    path = tmp_path / "flipped.gg"
    for place in range(len(data)):
        for flip in (0x01, 0x80, 0xFF, 0x20):
            path.write_bytes(data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :])
            with pytest.raises(ModelFileError):
                gg.load(path)


def test_every_value_of_some_bytes_is_refused(tmp_path):
    data = saved(encoded_model(), tmp_path)
    (length,) = struct.unpack("<Q", data[:8])
    marks = [data.index(mark) for mark in (b"format", b"kind", b"sha256", b"U32", b"shape")]
    marks += [data.index(b'format\\":1') + 9, data.index(b"n_state") + 10, data.index(b"neurons")]
    padding = 8 + length - 1
    assert data[padding : padding + 1] == b" "
    for place in (0, 1, 7, 8, 9, padding, 8 + length, len(data) - 1, *marks):
        for value in set(range(256)) - {data[place]}:
            refusal(data[:place] + bytes([value]) + data[place + 1 :], tmp_path)


def test_every_truncation_is_refused(tmp_path):
    data = saved(encoded_model(), tmp_path)
    for n in range(len(data)):
        message = refusal(data[:n], tmp_path)
        if 9 <= n < len(data):
            assert "cut off" in message
            assert "copy or train it again" in message


@pytest.mark.parametrize("tail", [b"\0", b" ", b"\n", b"\0" * 4096])
def test_anything_appended_is_refused(tail, tmp_path):
    assert "are there; copy" in refusal(saved(argmax_model(), tmp_path) + tail, tmp_path)


def test_reordered_or_respaced_headers_are_refused(tmp_path):
    data = saved(argmax_model(), tmp_path)
    (length,) = struct.unpack("<Q", data[:8])
    outer = json.loads(data[8 : 8 + length])
    for changed in (
        json.dumps(outer),
        json.dumps(dict(reversed(outer.items())), separators=(",", ":")),
        json.dumps(outer, separators=(",", ":")) + " " * 64,
    ):
        content = struct.pack("<Q", len(changed)) + changed.encode() + data[8 + length :]
        assert "damaged" in refusal(content, tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"gategrad",
        b"\0" * 100,
        b"\xff" * 100,
        b"PK\x03\x04" + b"\0" * 100,
        b"\x80\x04\x95" + b"model" * 20,
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 9) + b'{"a": nan}',
        struct.pack("<Q", 200_000) + b'{"a":' * 40_000,
        save_safetensors({"w": np.zeros((3, 3), np.float32)}),
        save_safetensors({"w": np.zeros(3)}, {"format": "pt"}),
        save_safetensors({}, {"gategrad": "{}"}),
        save_safetensors({}, {"gategrad": "[]"}),
        save_safetensors({}, {"gategrad": "["}),
        save_safetensors({}, {"gategrad": '{"format":1}'}),
        save_safetensors({}, {"gategrad": '{"format":true}'}),
        save_safetensors({}, {"gategrad": '{"format":0}'}),
        save_safetensors({}, {"gategrad": '{"format":1,"format":1}'}),
        save_safetensors({}, {"gategrad": "[" * 100_000}),
        save_safetensors({}, {"gategrad": '{"format":' + "9" * 5000 + "}"}),
        save_safetensors({}, {"gategrad": '{"format":1}', "other": ""}),
    ],
)
def test_foreign_files_are_refused(data, tmp_path):
    assert ";" in refusal(data, tmp_path)


def test_foreign_files_are_named_for_what_they_are(tmp_path):
    other = save_safetensors({"w": np.zeros(3)}, {"format": "pt"})
    assert refusal(other, tmp_path) == (
        "it is a safetensors file without a gategrad header; pass a file that Model.save wrote"
    )
    assert refusal(b"PK\3\4" * 30, tmp_path) == (
        "it is no model file; pass a file that Model.save wrote"
    )


def test_newer_versions_say_upgrade(tmp_path):
    assert refusal(forged(argmax_model(), tmp_path, format=2), tmp_path) == (
        "it has format version 2, and this gategrad reads up to 1: "
        "upgrade with pip install --upgrade gategrad"
    )
    assert "has state: upgrade" in refusal(forged(argmax_model(), tmp_path, n_state=1), tmp_path)


def test_bad_checksums_are_refused(tmp_path):
    data = saved(argmax_model(), tmp_path)
    place = data.index(b'sha256\\":\\"') + 11
    for digits in (b"0" * 64, data[place : place + 64].upper()):
        assert refusal(data[:place] + digits + data[place + 64 :], tmp_path) == (
            "it is damaged: its checksum does not match its content; copy or train it again"
        )


U32 = np.uint32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"without": ["labels"]}, "its header lack ['labels'] and have the unknown []"),
        ({"extra": 1}, "its header lack [] and have the unknown ['extra']"),
        ({"drop": ["circuit.table"]}, "its arrays lack ['circuit.table']"),
        ({"arrays": {"w": np.zeros(2)}}, "have the unknown ['w']"),
        (
            {"arrays": {"circuit.fanin": np.zeros((4, 3), np.int32)}},
            "array 'circuit.fanin' has dtype int32; expected uint32",
        ),
        (
            {"arrays": {"circuit.fanin": np.full((4, 3), 99, U32)}},
            "gate 0 (signal 5): operand 0 is signal 99",
        ),
        ({"arrays": {"circuit.fanin": np.zeros(12, U32)}}, "dimension"),
        ({"arrays": {"circuit.outputs": np.array([9], U32)}}, "outputs[0] is signal 9"),
        ({"arrays": {"circuit.outputs": np.array([2], U32)}}, "the circuit has 1 outputs"),
        ({"arrays": {"readout.bias": np.zeros(5, np.int32)}}, "needs 6"),
        ({"arrays": {"encoder.levels": np.zeros((1, 3))}}, "encoder arrays ['levels'] but no"),
        ({"kind": "softmax"}, "unknown readout kind 'softmax'"),
        ({"kind": ["argmax"]}, "unknown readout kind ['argmax']"),
        ({"n_inputs": -1}, "n_inputs must be an integer of at least 0, got -1"),
        ({"n_inputs": 2.0}, "n_inputs must be an integer of at least 0, got 2.0"),
        ({"n_inputs": True}, "n_inputs must be an integer of at least 0, got True"),
        ({"n_inputs": 2**70}, "signals are numbered in 32 bits"),
        ({"labels": ["a"]}, "got 1 labels"),
        ({"labels": {"a": 1}}, "labels is {'a': 1}"),
        ({"labels": ["a", "b", None]}, "expected only text or only integers"),
        ({"neurons": None}, "its neurons or meta are malformed"),
        ({"neurons": -1}, "neurons is -1"),
        ({"meta": None}, "its neurons or meta are malformed"),
        ({"meta": {"a": 1}}, "meta has 'a': 1"),
        ({"encoder": {"kind": "magic"}}, "encoder kind is 'magic'"),
        ({"encoder": {"kind": "thermometer"}}, "lacks the array 'levels'"),
        ({"encoder": 5}, "encoder config is a int"),
        ({"encoder": {}}, "encoder kind is None"),
        (
            {
                "encoder": {"kind": "thermometer"},
                "arrays": {"encoder.levels": np.full((1, 3), np.nan)},
            },
            "levels hold NaN",
        ),
        (
            {"encoder": {"kind": "thermometer"}, "arrays": {"encoder.levels": np.zeros((2, 3))}},
            "the encoder gives 6 bits, but the circuit takes 3",
        ),
    ],
)
def test_sound_containers_of_unsound_models_are_refused(change, message, tmp_path):
    assert message in refusal(forged(argmax_model(), tmp_path, **change), tmp_path)


def with_entry(data: bytes, name: str, **changes) -> bytes:
    """The file with one array described differently; its checksum no longer matters."""
    (length,) = struct.unpack("<Q", data[:8])
    outer = json.loads(data[8 : 8 + length])
    outer[name] |= changes
    header = json.dumps(outer, separators=(",", ":")).encode()
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dtype": "BF16"}, "unknown dtype 'BF16'"),
        ({"dtype": ["U64"]}, "unknown dtype ['U64']"),
        ({"shape": [5]}, "does not lie where its shape says"),
        ({"shape": [-4]}, "where sizes are expected"),
        ({"shape": 4}, "where sizes are expected"),
        ({"shape": [True, 4]}, "where sizes are expected"),
        ({"shape": [1] * 9 + [4]}, "has 10 dimensions"),
        ({"shape": [0, 2**40, 2**40]}, "has the shape"),
        ({"data_offsets": [0, 2**60]}, "does not lie where its shape says"),
        ({"data_offsets": [8, 40]}, "does not lie where its shape says"),
        ({"data_offsets": [0]}, "does not lie where its shape says"),
        ({"data_offsets": None}, "where sizes are expected"),
        ({"shape": [2**40], "data_offsets": [0, 2**43]}, "cut off in array 'circuit.table'"),
        ({"other": 1}, "not described by dtype, shape and data_offsets"),
    ],
)
def test_arrays_must_lie_where_they_say(changes, message, tmp_path):
    data = with_entry(saved(argmax_model(), tmp_path), "circuit.table", **changes)
    assert message in refusal(data, tmp_path)


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
