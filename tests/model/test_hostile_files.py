"""Files with a right checksum that say more than they hold.

Loading costs what docs/model-file.md says, whatever the file says. Memory is what Python and
numpy allocate (tracemalloc); work is counted.
"""

import hashlib
import io
import json
import os
import struct
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
from safetensors.numpy import save as save_safetensors

import gategrad as gg
from gategrad import ModelFileError
from gategrad.encoding import OneHot, Table, Thermometer
from gategrad.model import ModelError, container
from tests.model.examples import argmax_model, circuit, table_model
from tests.model.files import refusal, saved

# As the page of the format says: bytes of memory for each byte of the arrays and of the header.
PER_ARRAY_BYTE, PER_HEADER_BYTE, ALWAYS = 4, 48, 1 << 20


@contextmanager
def within(n_bytes: int):
    """Fails where more is allocated at a time, but for modules that a first use imports."""
    gg.Model.from_bytes(argmax_model().to_bytes()).optimize()
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= n_bytes, f"{peak} bytes, more than {n_bytes}"


def promised(data: bytes) -> int:
    """What loading this file may take."""
    (length,) = struct.unpack("<Q", data[:8])
    return PER_HEADER_BYTE * length + PER_ARRAY_BYTE * (len(data) - 8 - length) + ALWAYS


def sealed(header: dict, arrays: dict, *, shapes: dict | None = None) -> bytes:
    """Bytes whose checksum is right, with shapes that the arrays needn't have."""
    data = container.pack(header, arrays)
    if not shapes:
        return data
    (length,) = struct.unpack("<Q", data[:8])
    outer, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    for name, shape in shapes.items():
        outer[name]["shape"] = shape
    text = json.dumps(outer, separators=(",", ":")).encode()
    return resealed(struct.pack("<Q", len(text)) + text + body)


def resealed(data: bytes) -> bytes:
    """The same with the checksum made right."""
    (length,) = struct.unpack("<Q", data[:8])
    place = container._digest_place(data[: 8 + length])
    blank = data[: place.start] + b"0" * 64 + data[place.stop :]
    digest = hashlib.sha256(blank).hexdigest().encode()
    return blank[: place.start] + digest + blank[place.stop :]


def stored(model) -> tuple[dict, dict]:
    return container.unpack(io.BytesIO(model.to_bytes()))


def no_gates() -> gg.Model:
    return gg.Model(gg.Circuit(3, [], [], [2, 3, 4]), gg.Readout.group_sum(3, 3))


@pytest.mark.parametrize("shape", [[0, 2**32], [0, 2**62], [2**32, 0], [0, 2**40, 2**40]])
def test_an_empty_array_of_any_shape(shape, tmp_path):
    data = sealed(*stored(no_gates()), shapes={"circuit.fanin": shape})
    with within(promised(data)):
        assert "array 'circuit.fanin' has the shape" in refusal(data, tmp_path)
    with within(ALWAYS):
        empty = np.empty((0, 2**40), np.uint32)
        assert gg.Circuit(3, empty, [], [2]).width == 0


@pytest.mark.parametrize("tail", [1 << 20, 1 << 34])
def test_a_sparse_tail_is_not_read(tail, tmp_path):
    path = tmp_path / "m.gg"
    argmax_model().save(path)
    data = path.read_bytes()
    os.truncate(path, len(data) + tail)
    with within(promised(data)), pytest.raises(ModelFileError, match="are there; copy or train"):
        gg.load(path)


@pytest.mark.parametrize("size", [2**33, 2**60])
def test_arrays_that_the_file_is_too_short_for_are_not_read(size, tmp_path):
    header, arrays = stored(no_gates())
    data = sealed(header, arrays)
    (length,) = struct.unpack("<Q", data[:8])
    outer = json.loads(data[8 : 8 + length])
    last = list(outer)[-1]
    start = outer[last]["data_offsets"][0]
    item = np.dtype(container.DTYPES[outer[last]["dtype"]]).itemsize
    outer[last] |= {"shape": [size // item], "data_offsets": [start, start + size]}
    text = json.dumps(outer, separators=(",", ":")).encode()
    data = resealed(struct.pack("<Q", len(text)) + text + data[8 + length :])
    with within(promised(data)):
        assert f"it is cut off in array {last!r}" in refusal(data, tmp_path)


def test_streams_are_read_as_they_come():
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    model = argmax_model(labels=["a", "b", "c"])
    header, _ = container.unpack(Stream(model.to_bytes()))
    assert header["labels"] == ["a", "b", "c"]


def test_one_long_label_among_many_is_refused(tmp_path):
    labels = [f"class {i}" for i in range(1000)]
    model = gg.Model(gg.Circuit(1000, [], [], np.arange(1000) + 2), gg.Readout.identity(1000))
    header, arrays = stored(model)
    for longest, message in (
        (1_000_000, "label 0 ('xxxxxxxxxxxxxxxxxxxx'...) has 1000000 characters; at most 1000"),
        (900, "has 900 characters, and an array of the 1000 labels has room for as many in each"),
    ):
        data = sealed(header | {"labels": ["x" * longest, *labels[1:]]}, arrays)
        with within(promised(data)):
            assert message in refusal(data, tmp_path)
    fair = sealed(header | {"labels": ["x" * 100, *labels[1:]]}, arrays)
    with within(promised(fair)):
        assert gg.Model.from_bytes(fair).labels[0] == "x" * 100


@pytest.mark.parametrize("label", ["nul\0", "\0", "a\0b", "\ud800", "half \udfff"])
def test_labels_that_files_can_not_hold_are_refused(label, tmp_path):
    with pytest.raises(ModelError, match="holds what no text file can; use other text"):
        argmax_model(labels=["a", "b", label])
    header, arrays = stored(argmax_model())
    message = refusal(sealed(header | {"labels": ["a", "b", label]}, arrays), tmp_path)
    message.encode()
    assert "surrogate" in message or "holds what no text file can" in message


def test_labels_with_line_ends_come_back(tmp_path):
    model = argmax_model(labels=["a\r", "b\nb", "\r\n"])
    model.save(tmp_path / "m.gg")
    again = gg.load(tmp_path / "m.gg")
    assert again == model
    assert set(again.predict(np.eye(3, dtype=bool)).tolist()) <= set(model.labels)


@pytest.mark.parametrize("meta", [{"\ud800": "a"}, {"a": "\udc00"}])
def test_half_surrogates_are_no_text_anywhere(meta, tmp_path):
    with pytest.raises(ModelError, match="expected text without half surrogates"):
        argmax_model(meta=meta)
    header, arrays = stored(argmax_model())
    assert "half a surrogate pair" in refusal(sealed(header | {"meta": meta}, arrays), tmp_path)
    header, arrays = stored(table_model())
    header["encoder"]["names"] = ["age", "\ud800"]
    assert "half a surrogate pair" in refusal(sealed(header, arrays), tmp_path)
    whole = argmax_model(meta={"\U0001f600": "é"})
    assert gg.Model.from_bytes(whole.to_bytes()) == whole


def test_indptr_that_wraps_around_is_refused(tmp_path):
    """Its differences are all at least 0 in 64 bits; numpy's repeat would write out of bounds."""
    header, arrays = stored(argmax_model())
    for indptr in ([0, 2**63 - 1, -2, 6], [0, 2**62, -(2**63), 6], [-(2**63), 0, 0, 6]):
        forged = arrays | {"readout.indptr": np.array(indptr, np.int64)}
        message = refusal(sealed(header, forged), tmp_path)
        assert message == "readout indptr must rise from 0 to 6"


class Counting(str):
    """Text that counts how often it is compared."""

    n_compared = 0
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self

    def __eq__(self, other: object) -> bool:
        Counting.n_compared += 1
        return str.__eq__(self, other)


def test_many_column_names_are_compared_a_few_times_each():
    names = [Counting(f"column {i}") for i in range(3000)]
    encoder = Thermometer(np.zeros((1, len(names))))
    Table((encoder,), (tuple(range(len(names))),), names=names)
    assert Counting.n_compared < 10 * len(names)


def test_integer_labels_are_distinct_without_being_hashed(monkeypatch):
    """A set or dict of integers, which have no keyed hash, can be made to take quadratic time."""
    monkeypatch.setattr("gategrad.model.labels.Counter", None)
    monkeypatch.setattr("gategrad.model.labels.set", _set_of_types, raising=False)
    assert argmax_model(labels=[2**40, -(2**63), 7]).labels == (2**40, -(2**63), 7)
    with pytest.raises(ModelError, match="label 7 occurs more than once"):
        argmax_model(labels=[7, 3, 7])


def _set_of_types(items):
    found = list(items)
    assert all(isinstance(item, type) for item in found)
    return frozenset(found)


@pytest.mark.parametrize("n", [10, 100_000])
def test_messages_quote_a_little_of_a_file(n, tmp_path):
    header, arrays = stored(argmax_model())
    for changed in (
        header | {"labels": list(range(n)) + ["x"] * 3},
        header | {"labels": {"x" * n: 1}},
        header | {"kind": "x" * n},
        header | {"x" * n: 1},
        header | {"encoder": {"kind": "x" * n}},
        header | {"encoder": {"kind": "thermometer", "x" * n: 1}},
        header | {"meta": {"x" * n: n}},
    ):
        assert len(refusal(sealed(changed, arrays), tmp_path)) < 1000
    extra = {"y" * n: np.zeros(1)}
    assert len(refusal(sealed(header, arrays | extra), tmp_path)) < 1000


@pytest.mark.parametrize("item", ["[]", "{}", '{"":1}', '"ab"', "1.5", "[[[[]]]]", "null", "12345"])
def test_headers_of_many_small_values(item, tmp_path):
    n = 200_000 // (len(item) + 1)
    text = f'{{"format":1,"x":[{",".join([item] * n)}]}}'
    data = save_safetensors({}, {"gategrad": text})
    with within(promised(data)):
        refusal(data, tmp_path)


def big_models() -> list[gg.Model]:
    """Files that are mostly of one kind of array."""
    n = 100_000
    wide = gg.Circuit(8, np.tile([2, 3, 4, 5, 6, 7], (n, 1)), np.full(n, 2**63), [10])
    narrow = gg.Circuit(8, np.tile([2, 3], (n, 1)), np.full(n, 6), np.arange(n) + 10)
    plain = gg.Circuit(n, [], [], np.arange(n) + 2)
    return [
        gg.Model(wide, gg.Readout.identity(1)),
        gg.Model(narrow, gg.Readout.group_sum(n, 10)),
        gg.Model(plain, gg.Readout.identity(n)),
        gg.Model(plain, gg.Readout.group_sum(n, 10), Thermometer(np.zeros((n // 100, 100)))),
        gg.Model(
            plain,
            gg.Readout.group_sum(n, 10),
            OneHot((tuple(float(i) for i in range(n // 2)), tuple(str(i) for i in range(n // 2)))),
        ),
    ]


@pytest.mark.parametrize("model", big_models(), ids=repr)
def test_loading_takes_what_the_page_says(model, tmp_path):
    data = saved(model, tmp_path)
    with within(promised(data)):
        gg.load(tmp_path / "saved.gg")


@pytest.mark.parametrize("n_inputs", [2**32 - 4, 2**32 - 5])
def test_inputs_that_nothing_reads_take_no_memory(n_inputs, tmp_path):
    header, arrays = stored(no_gates())
    data = sealed(header | {"n_inputs": n_inputs}, arrays)
    with within(promised(data)):
        model = gg.Model.from_bytes(data).optimize()
    assert model.circuit.n_inputs == n_inputs


def test_neurons_are_a_count_of_64_bits(tmp_path):
    header, arrays = stored(no_gates())
    assert "neurons does not fit 64 bits" in refusal(
        sealed(header | {"neurons": 2**63}, arrays), tmp_path
    )


def test_models_from_bytes(tmp_path):
    model = argmax_model(labels=["a", "b", "c"])
    assert gg.Model.from_bytes(model.to_bytes()) == model
    assert gg.Model.from_bytes(bytearray(saved(model, tmp_path))) == model
    with pytest.raises(ModelFileError) as caught:
        gg.Model.from_bytes(model.to_bytes()[:-1])
    assert str(caught.value) == (
        "can't read a model from bytes: it is cut off in array 'readout.offset'; "
        "copy or train it again"
    ) or "cut off" in str(caught.value)
    with pytest.raises(TypeError) as caught:
        gg.load(model.to_bytes())
    assert str(caught.value) == (
        "load takes the path of a file, got bytes; the content of one, such as Model.to_bytes "
        "gives it, is read by gategrad.Model.from_bytes"
    )
    with pytest.raises(TypeError, match=r"takes the content of a file, got str; .* gategrad\.load"):
        gg.Model.from_bytes("m.gg")


def test_paths_that_no_system_takes(tmp_path):
    with pytest.raises(ModelFileError, match="embedded null"):
        gg.load("a\0b")
    with pytest.raises(ModelFileError, match="embedded null"):
        argmax_model().save("a\0b")
    assert circuit().n_gates == 4
