"""Damaged, foreign and forged files: refused, with a message that says what to do."""

import io
import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save as save_safetensors

import gategrad as gg
from gategrad import ModelFileError
from gategrad.model import container
from tests.model.examples import (
    argmax_model,
    convolution_model,
    encoded_model,
    table_model,
    tiny_convolution_model,
)
from tests.model.files import refusal, saved


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


def assert_refused(path, data, place, values):
    """Put each value at one place of the file in turn, in place: rewriting it whole is slow."""
    with open(path, "r+b", buffering=0) as file:
        for value in [*values, data[place]]:
            file.seek(place)
            file.write(bytes([value]))
            if value != data[place]:
                with pytest.raises(ModelFileError):
                    gg.load(path)


@pytest.mark.parametrize(
    "model", [argmax_model(), encoded_model(), tiny_convolution_model()], ids=repr
)
def test_every_flipped_byte_is_refused(model, tmp_path):
    data = saved(model, tmp_path)
    for place, byte in enumerate(data):
        flipped = [byte ^ flip for flip in (0x01, 0x20, 0x80, 0xFF)]
        assert_refused(tmp_path / "saved.gg", data, place, flipped)
    assert gg.load(tmp_path / "saved.gg") == model


def test_every_value_of_some_bytes_is_refused(tmp_path):
    data = saved(encoded_model(), tmp_path)
    (length,) = struct.unpack("<Q", data[:8])
    marks = [data.index(mark) for mark in (b"format", b"kind", b"sha256", b"U32", b"shape")]
    marks += [data.index(b'format\\":1') + 9, data.index(b"n_state") + 10, data.index(b"neurons")]
    padding = 8 + length - 1
    assert data[padding : padding + 1] == b" "
    for place in (0, 1, 7, 8, 9, padding, 8 + length, len(data) - 1, *marks):
        assert_refused(tmp_path / "saved.gg", data, place, range(256))


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
    # Not the bytes: safetensors orders several keys differently from process to process.
    ids=lambda data: f"{len(data)} bytes",
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
    assert refusal(forged(argmax_model(), tmp_path, format=3), tmp_path) == (
        "it has format version 3, and this gategrad reads up to 2: "
        "upgrade with pip install --upgrade gategrad"
    )
    assert "has state: upgrade" in refusal(forged(argmax_model(), tmp_path, n_state=1), tmp_path)
    for no_integer in (False, 0.0):
        forgery = forged(argmax_model(), tmp_path, n_state=no_integer)
        assert "has state: upgrade" in refusal(forgery, tmp_path)


def test_a_format_has_its_own_keys(tmp_path):
    model = convolution_model()
    for forgery, message in [
        (forged(argmax_model(), tmp_path, format=2), "its format version is 2, with the keys of 1"),
        (forged(model, tmp_path, format=1), "its format version is 1, with the keys of 2"),
    ]:
        assert refusal(forgery, tmp_path) == f"it is damaged: {message}; copy or train it again"


KERNELS = {"depth": 2, "inputs": 2, "kernel_size": [3, 3], "kind": "kernels", "padding": [1, 1],
           "stride": [1, 1]}  # fmt: skip
POOL = {"kind": "pool", "size": [2, 2], "stride": [1, 2]}
LAST = KERNELS | {"depth": 1, "kernel_size": [2, 2], "padding": [0, 0]}


def stages(*parts, in_shape=(1, 5, 4)):
    return {"in_shape": in_shape, "stages": list(parts)}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (None, "it is no object of in_shape and stages"),
        ([], "it is no object of in_shape and stages"),
        (stages() | {"more": 1}, "it is no object of in_shape and stages"),
        (stages() | {"stages": {}}, "its stages are no list"),
        (stages(3), "a stage has kind None; known: kernels, pool"),
        (stages({"kind": "dense"}), "a stage has kind 'dense'; known: kernels, pool"),
        (stages(POOL | {"more": 1}), "a stage has the keys ['kind', 'more', 'size', 'stride']"),
        (stages(KERNELS, POOL), "arrays [] missing, ['stages.2.leaves', 'stages.2.table'] unknown"),
        (stages(KERNELS, POOL, LAST, in_shape=[1, 5]), "in_shape must be 3 integers, got (1, 5)"),
        (stages(KERNELS, POOL, LAST, in_shape=7), "'int' object is not iterable"),
        (stages(KERNELS, POOL | {"size": [0, 1]}, LAST), "size must be integers of 1 to"),
        (stages(KERNELS | {"depth": 1}, POOL, LAST), "leaves have shape (4, 3); expected (2,"),
        (stages(KERNELS, POOL, LAST, in_shape=[1, 5, 6]), "reads 30 bits, but the circuit"),
        (stages(KERNELS, POOL, LAST, in_shape=[2, 5, 4]), "reads 40 bits, but the circuit"),
    ],
)  # fmt: skip
def test_convolutions_that_are_none_are_refused(changed, message, tmp_path):
    data = forged(convolution_model(), tmp_path, convolution=changed)
    assert message in refusal(data, tmp_path)


def test_arrays_of_convolutions_are_checked(tmp_path):
    model, sums = convolution_model(), "convolution.readout.weight"
    leaves, table = "convolution.stages.0.leaves", "convolution.stages.0.table"
    for options, message in [
        ({"without": ["convolution"]}, "its convolution: it is no object of in_shape and stages"),
        ({"drop": [sums]}, "its convolution: arrays ['readout.weight'] missing, [] unknown"),
        ({"arrays": {"convolution.x": np.zeros(1)}}, "arrays [] missing, ['x'] unknown"),
        ({"arrays": {leaves: np.full((4, 3), 9, np.uint32)}}, "a leaf reads place 9 of a field"),
        ({"arrays": {leaves: np.zeros((4, 3))}}, "'stages.0.leaves' has dtype float64"),
        ({"arrays": {table: np.full(9, 16, np.uint64)}}, "table[0] has bits beyond the 4"),
    ]:
        assert message in refusal(forged(model, tmp_path, **options), tmp_path)


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
        ({"without": ["labels"]}, "its header: ['labels'] missing, [] unknown"),
        ({"extra": 1}, "its header: [] missing, ['extra'] unknown"),
        ({"drop": ["circuit.table"]}, "its arrays: ['circuit.table'] missing"),
        ({"arrays": {"w": np.zeros(2)}}, "['w'] unknown"),
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


JUNK = [None, True, -1, 2**70, 0.5, "", "x", [], [None], [[0]], {}, {"kind": "table"}]


def variants(value):
    """Copies of a JSON value with one place replaced by junk, or one item gone or doubled."""
    yield from JUNK
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
            for changed in variants(value[key]):
                yield value | {key: changed}
    if isinstance(value, list):
        yield value + value[-1:]
        for i, item in enumerate(value):
            yield value[:i] + value[i + 1 :]
            for changed in variants(item):
                yield [*value[:i], changed, *value[i + 1 :]]


def test_junk_in_the_header_raises_nothing_else(tmp_path):
    data = saved(table_model(), tmp_path)
    header, arrays = container.unpack(io.BytesIO(data))
    refused = 0
    for changed in variants(header):
        if not isinstance(changed, dict) or "sha256" in changed:
            continue
        (tmp_path / "junk.gg").write_bytes(container.pack(changed, arrays))
        try:
            gg.load(tmp_path / "junk.gg")
        except ModelFileError:
            refused += 1
    assert refused > 300
