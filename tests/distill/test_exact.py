"""A sparse quantized network and its circuit agree on every row, and tables split as they are."""

import numpy as np
import pytest
import torch

from gategrad.circuit import Circuit, all_patterns, evaluate
from gategrad.distill import DistillError, Sizes, SparseQuantized, exact, sparse_mlp
from gategrad.distill.tables import Builder
from gategrad.encoding import Thermometer
from gategrad.train import TrainError

RNG = np.random.default_rng(0)
X2, Y2 = np.eye(2), np.arange(2)


def wide():
    return SparseQuantized(70, 3, Sizes())


def sparse():
    net = wide()
    net.keep(1.0)
    return net


def problem(n=900):
    x = RNG.normal(size=(n, 4)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0.3).astype(int) + (x[:, 3] > 1)
    return x, y


@pytest.fixture(scope="module")
def trained():
    x, y = problem()
    encoder = Thermometer.quantile(x, 3)
    sizes = Sizes(widths=(10, 6), fan_in=4, bits=2, out_bits=3, first_fan_in=7)
    return sparse_mlp(x, y, encoder=encoder, sizes=sizes, steps=150, seed=0)


def sums(net, bits):
    with torch.no_grad():
        return net.codes(torch.from_numpy(bits))[-1].long().numpy()


@pytest.mark.parametrize("n", [0, 1, 5, 6, 7, 8, 11, 13])
def test_a_table_of_any_width_becomes_gates_of_up_to_six(n):
    values = np.random.default_rng(n).random(1 << n) < 0.4
    builder = Builder(n)
    out = builder.function(values, list(range(2, 2 + n)))
    circuit = Circuit(n, *builder.arrays(), [out])
    assert circuit.width <= 6
    np.testing.assert_array_equal(evaluate(circuit, all_patterns(n))[:, 0], values)


def test_functions_of_few_operands_are_found_in_wide_tables():
    rows = all_patterns(12)
    builder = Builder(12)
    out = builder.function(rows[:, 3] & rows[:, 9], list(range(2, 14)))
    assert (builder.fanin, builder.table, out) == ([(5, 11)], [8], 14)
    assert builder.function(rows[:, 4], list(range(2, 14))) == 6
    assert builder.function(np.ones(1 << 12, bool), list(range(2, 14))) == 1


def test_dont_cares_make_it_smaller_and_are_all_that_may_differ():
    rng = np.random.default_rng(1)
    values, care = rng.random(1 << 11) < 0.5, rng.random(1 << 11) < 0.05
    plain, free = Builder(11), Builder(11)
    plain.function(values, list(range(2, 13)))
    out = free.function(values, list(range(2, 13)), care)
    assert len(free.table) < len(plain.table) / 2
    found = evaluate(Circuit(11, *free.arrays(), [out]), all_patterns(11))[:, 0]
    np.testing.assert_array_equal(found[care], values[care])
    assert (found != values).any()


def test_a_trained_network_is_sparse_and_better_than_luck(trained):
    assert trained.accuracy > 0.7
    for layer, most in zip(trained.net.layers, (7, 4, 4), strict=True):
        assert int((layer.weights() * layer.mask != 0).sum(1).max()) <= most
        assert trained.net.training is False


def test_the_circuit_is_the_network_on_rows_of_all_kinds(trained):
    found = exact(trained.net, encoder=trained.encoder, labels=("a", "b", "c"))
    bits = np.random.default_rng(2).integers(0, 2, (3000, 12)).astype(np.uint8)
    circuit = found.model.circuit, found.model.readout
    bare = type(found.model)(*circuit)
    np.testing.assert_array_equal(bare.sums(bits), sums(trained.net, bits))
    x, _ = problem(200)
    coded = trained.encoder.encode(x).view(np.uint8)
    np.testing.assert_array_equal(found.model.sums(x), sums(trained.net, coded))
    with torch.no_grad():
        scores = trained.net(torch.from_numpy(coded)).numpy()
    np.testing.assert_allclose(found.model.scores(x), scores, rtol=1e-6)
    assert set(found.model.predict(x)) <= {"a", "b", "c"}
    assert found.neurons == 19
    assert found.model.circuit.width <= 6
    assert 0 < found.luts <= found.gates


def test_with_dont_cares_it_is_the_network_on_the_rows_that_were_given(trained):
    x, _ = problem(300)
    found = exact(trained.net, encoder=trained.encoder, rows=x)
    coded = trained.encoder.encode(x).view(np.uint8)
    np.testing.assert_array_equal(found.model.sums(x), sums(trained.net, coded))
    assert found.gates < exact(trained.net, encoder=trained.encoder).gates


def test_the_same_seed_gives_the_same_circuit(trained):
    x, y = problem(200)
    options = {"encoder": trained.encoder, "sizes": Sizes((4,)), "steps": 20, "classes": 3}
    first, again = (exact(sparse_mlp(x, y, **options).net).model.to_bytes() for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: exact(wide()), DistillError, "of layer 0 read up to 70 bits; .*net.keep"),
        (lambda: exact(sparse(), rows=np.zeros((3, 9))), DistillError, "have 9 bits and the .* 70"),
        (
            lambda: sparse_mlp(np.zeros(5), [0]),
            DistillError,
            r"x has shape \(5,\); expected \(rows",
        ),
        (lambda: sparse_mlp(np.eye(2), ["a", "b"]), TrainError, "y has dtype <U1; expected integ"),
        (lambda: sparse_mlp(np.eye(2), []), TrainError, r"y has shape \(0,\); expected \(2,\)"),
        (lambda: sparse_mlp(X2, Y2, batch_size=0), DistillError, "batch_size is 0; expected a who"),
        (lambda: sparse_mlp(X2, Y2, steps=0), DistillError, "steps is 0; expected a whole number"),
    ],
)
def test_messages_of_networks_and_rows(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"fan_in": 9, "bits": 2}, "a neuron would read 18 bits; expected 1 to 16: lower fan_in"),
        ({"first_fan_in": 17}, "a neuron would read 17 bits"),
        ({"bits": 0}, "bits is 0; expected a whole number from 1"),
        ({"widths": ()}, r"widths are \(\); expected neurons a layer"),
        ({"out_bits": 17}, "out_bits is 17; expected 1 to 16"),
    ],
)
def test_messages(sizes, message):
    with pytest.raises(DistillError, match=message):
        Sizes(**sizes)
