"""What a model predicts, refuses and remembers."""

import copy
import pickle
import threading

import numpy as np
import pytest

import gategrad as gg
from gategrad import InputError, Model, Readout
from gategrad.circuit import all_patterns, decide, difference, evaluate_sums, live_gates
from gategrad.encoding import Thermometer
from gategrad.model import ModelError
from gategrad.model import model as model_module
from tests.model.examples import (
    ROWS,
    all_models,
    argmax_model,
    binary_model,
    circuit,
    encoded_model,
    table_model,
)

BACKENDS = [None, "native", "numpy"]
BITS = all_patterns(3)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("threads", [None, 1, 2])
def test_argmax(backend, threads):
    model = argmax_model()
    expected = evaluate_sums(model.circuit, model.readout, BITS)
    options = {"backend": backend, "threads": threads}
    sums, scores = model.sums(BITS, **options), model.scores(BITS, **options)
    labels = model.predict(BITS, **options)
    assert (sums.dtype, scores.dtype, labels.dtype) == (np.int32, np.float32, np.int64)
    np.testing.assert_array_equal(sums, expected)
    np.testing.assert_array_equal(scores, expected.astype(np.float32) / 2)
    np.testing.assert_array_equal(labels, decide(model.readout, expected))


def test_ties_go_to_the_lowest_class():
    tied = Model(gg.Circuit(1, [], [], [2, 2]), Readout.group_sum(2, 2))
    for backend in BACKENDS:
        assert tied.predict([[0], [1]], backend=backend).tolist() == [0, 0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_labels_name_classes(backend):
    plain, indices = argmax_model(), argmax_model().predict(BITS)
    named = argmax_model(labels=["a", "bb", "c"]).predict(BITS, backend=backend)
    numbered = argmax_model(labels=[30, 10, -5]).predict(BITS, backend=backend)
    assert plain.labels is None
    assert len(set(indices)) > 1
    assert named.tolist() == [["a", "bb", "c"][i] for i in indices]
    assert numbered.dtype == np.int64
    assert numbered.tolist() == [[30, 10, -5][i] for i in indices]


@pytest.mark.parametrize("backend", BACKENDS)
def test_binary(backend):
    sums = binary_model().sums(BITS, backend=backend)[:, 0]
    assert set(sums) == {-1, 0, 1}
    assert binary_model().predict(BITS, backend=backend).tolist() == (sums > 0).tolist()
    assert binary_model(labels=["n", "y"]).predict(BITS, backend=backend).tolist() == [
        "y" if s > 0 else "n" for s in sums
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_multilabel_and_regression(backend):
    multilabel = Model(circuit(), Readout.identity(6), labels=list("abcdef"))
    predicted = multilabel.predict(BITS, backend=backend)
    assert (predicted.dtype, predicted.shape) == (np.int64, (8, 6))
    np.testing.assert_array_equal(predicted, multilabel.sums(BITS))
    regression = Model(circuit(), Readout.identity(6, kind="regression"))
    predicted = regression.predict(BITS, backend=backend)
    assert predicted.dtype == np.float32
    np.testing.assert_array_equal(predicted, regression.scores(BITS))


@pytest.mark.parametrize("backend", BACKENDS)
def test_encoder(backend):
    model = encoded_model()
    expected = evaluate_sums(model.circuit, model.readout, model.encoder.encode(ROWS))
    np.testing.assert_array_equal(model.sums(ROWS, backend=backend), expected)
    assert set(model.predict(ROWS, backend=backend)) <= {"cat", "dog", "emu"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_tables_of_text(backend):
    rows = [[1.5, "red"], [9.0, "blé"], [2.0, "new"]]
    model = table_model()
    expected = evaluate_sums(model.circuit, model.readout, model.encoder.encode(rows))
    np.testing.assert_array_equal(model.sums(rows, backend=backend), expected)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [0, 1, 64, 65])
def test_packed_bits_pass_through(backend, n):
    bits = np.random.default_rng(n).random((n, 3)) < 0.5
    model = argmax_model()
    packed = model.sums(gg.pack(bits), backend=backend)
    np.testing.assert_array_equal(packed, model.sums(bits, backend=backend))
    assert model.predict(gg.pack(bits), backend=backend).shape == (n,)


@pytest.mark.parametrize("backend", BACKENDS)
def test_bad_rows_are_named(backend):
    for method in (argmax_model().predict, argmax_model().scores, argmax_model().sums):
        with pytest.raises(InputError, match=r"row 1, column 2\) is 0\.5; expected bits"):
            method([[0.0, 0, 1], [1, 0, 0.5]], backend=backend)
        with pytest.raises(InputError, match=r"expected \(rows, 3\)"):
            method(np.zeros((2, 4)), backend=backend)
        with pytest.raises(InputError, match="threads is 0"):
            method(BITS, threads=0, backend=backend)


def test_unknown_backends_are_refused():
    with pytest.raises(ValueError, match="unknown backend 'cuda'; known: native, numpy"):
        argmax_model().predict(BITS, backend="cuda")


def test_optimize_keeps_the_function_and_the_neurons():
    model = encoded_model(neurons=1000)
    small = model.optimize()
    assert small.circuit.n_gates < model.circuit.n_gates
    assert live_gates(small.circuit) <= live_gates(model.circuit)
    pairs = [(m.circuit, m.readout) for m in (model, small)]
    assert difference(*pairs) is None
    assert (small.encoder, small.labels, small.neurons) == (model.encoder, model.labels, 1000)
    assert small.meta == {"data": "made up"}


def test_neurons_are_the_gates_before_optimization():
    model = argmax_model()
    assert (model.neurons, model.optimize().neurons) == (4, 4)


def test_lowering_happens_once_a_backend(monkeypatch):
    calls = []

    def counted(*arguments, backend):
        calls.append(backend)
        return lower(*arguments, backend=backend)

    lower = model_module.lower
    monkeypatch.setattr(model_module, "lower", counted)
    model = argmax_model()
    start = threading.Barrier(8)

    def work():
        start.wait()
        for backend in ("numpy", None):
            model.predict(BITS, backend=backend)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(calls, key=str) == [None, "numpy"]
    assert model.program("numpy") is model.program("numpy")
    assert model.program("numpy").backend == "numpy"


@pytest.mark.parametrize("model", all_models(), ids=repr)
def test_copies_and_pickles_are_equal_and_work(model):
    rows = np.zeros((2, model.circuit.n_inputs)) if model.encoder is None else None
    if rows is not None:
        model.predict(rows)
    for other in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other == model
        assert other is not model
        if rows is not None:
            np.testing.assert_array_equal(other.sums(rows), model.sums(rows))


def test_equality_sees_every_part():
    models = [
        argmax_model(),
        argmax_model(labels=[1, 2, 3]),
        argmax_model(labels=["1", "2", "3"]),
        argmax_model(neurons=5),
        argmax_model(meta={"a": "b"}),
        Model(circuit(), Readout.group_sum(6, 2)),
        Model(gg.Circuit(3, [], [], [2] * 6), Readout.group_sum(6, 3, tau=2.0)),
        Model(circuit(), Readout.group_sum(6, 3, tau=2.0), Thermometer.fixed(0.5, 3)),
        Model(circuit(), Readout.group_sum(6, 3, tau=2.0), Thermometer.fixed(0.25, 3)),
    ]
    for i, a in enumerate(models):
        assert [a == b for b in models] == [i == j for j in range(len(models))]
    assert argmax_model() != "model"
    with pytest.raises(TypeError, match="unhashable"):
        hash(argmax_model())


def test_a_model_is_frozen():
    model = argmax_model(meta={"a": "b"}, labels=[1, 2, 3])
    with pytest.raises(AttributeError):
        model.neurons = 3
    with pytest.raises(TypeError):
        model.meta["a"] = "c"
    assert model.labels == (1, 2, 3)


def test_the_given_meta_may_change_later():
    meta = {"a": "b"}
    model = argmax_model(meta=meta)
    meta["a"] = "c"
    assert model.meta == {"a": "b"}


def test_repr_is_short():
    assert repr(encoded_model()) == (
        "Model(inputs=6, gates=4, classes=3, kind='argmax', encoder=Thermometer)"
    )
    assert repr(binary_model()) == "Model(inputs=3, gates=4, classes=1, kind='binary')"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"encoder": Thermometer.fixed(0.5, 4)},
            "the encoder gives 4 bits, but the circuit takes 3; use the encoder that the network "
            "was trained with",
        ),
        (
            {"encoder": "thermometer"},
            "encoder is a str; expected one of gategrad.encoding, or None",
        ),
        (
            {"labels": ["a", "b"]},
            "got 2 labels, but the argmax readout of 3 sum(s) needs 3",
        ),
        ({"labels": "abc"}, "labels is 'abc'; expected a list of a name for each class"),
        ({"labels": 3}, "labels is 3; expected a list of a name for each class"),
        (
            {"labels": ["a", 1, "b"]},
            "labels are ('a', 1, 'b'); expected only text or only integers",
        ),
        (
            {"labels": [0.5, 1.5, 2.5]},
            "labels are (0.5, 1.5, 2.5); expected only text or only integers",
        ),
        (
            {"labels": [True, False, True]},
            "labels are (True, False, True); expected only text or only integers",
        ),
        (
            {"labels": ["a", "b", "a"]},
            "label 'a' occurs more than once; expected distinct labels",
        ),
        (
            {"labels": [1, 2, 2**63]},
            "label 9223372036854775808 does not fit 64 bits; use text instead",
        ),
        ({"neurons": -1}, "neurons is -1; expected an integer of at least 0"),
        ({"neurons": 1.5}, "neurons is 1.5; expected an integer of at least 0"),
        ({"neurons": True}, "neurons is True; expected an integer of at least 0"),
        ({"meta": {"a": 1}}, "meta has 'a': 1; expected text for text: use str(...)"),
        ({"meta": {1: "a"}}, "meta has 1: 'a'; expected text for text: use str(...)"),
        ({"meta": ["a"]}, "meta is ['a']; expected a dict of text, or None"),
    ],
)
def test_parts_that_do_not_fit(options, message):
    with pytest.raises(ModelError) as caught:
        argmax_model(**options)
    assert str(caught.value) == message


def test_binary_needs_two_labels():
    with pytest.raises(ModelError, match=r"the binary readout of 1 sum\(s\) needs 2"):
        binary_model(labels=["yes"])


def test_circuit_and_readout_must_be_such():
    with pytest.raises(ModelError, match=r"^circuit is a int; expected a gategrad\.Circuit$"):
        Model(3, Readout.identity(1))
    with pytest.raises(ModelError, match=r"^readout is a NoneType; expected a gategrad\.Readout$"):
        Model(circuit(), None)


def test_readout_must_fit_the_circuit():
    with pytest.raises(gg.CircuitError, match="the circuit has 6 outputs"):
        Model(circuit(), Readout.identity(7))


def test_numpy_labels_become_plain():
    model = argmax_model(labels=np.array([3, 1, 2], np.int8))
    assert model.labels == (3, 1, 2)
    assert {type(v) for v in model.labels} == {int}
