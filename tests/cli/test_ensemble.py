"""`gategrad ensemble`."""

import numpy as np
import pytest

import gategrad as gg
from tests.random_circuits import random_circuit

BITS = np.random.default_rng(0).random((200, 12)) < 0.5


def _save(path, seed: int, meta=None) -> gg.Model:
    circuit = random_circuit(n_inputs=12, n_gates=80, n_outputs=24, seed=seed)
    model = gg.Model(circuit, gg.Readout.group_sum(24, 3, tau=2.0), meta=meta)
    model.save(path)
    return model


@pytest.fixture
def saved(tmp_path):
    metas = ({"data": "one", "seed": "0"}, {"data": "one", "seed": "1"})
    return [_save(tmp_path / f"{seed}.gg", seed, metas[seed]) for seed in (0, 1)]


def test_several_models_as_one(gategrad, saved, tmp_path):
    out = tmp_path / "both.gg"
    done = gategrad("ensemble", tmp_path / "0.gg", tmp_path / "1.gg", "-o", out, "--json").json
    made = gg.load(out)
    assert done["models"] == 2
    assert done["gates"] == gg.ensemble(saved).optimize().circuit.n_gates
    np.testing.assert_array_equal(made.sums(BITS), saved[0].sums(BITS) + saved[1].sums(BITS))
    assert (made.meta["data"], "seed" in made.meta) == ("one", False)


def test_weights(gategrad, saved, tmp_path):
    out = tmp_path / "both.gg"
    gategrad("ensemble", tmp_path / "0.gg", tmp_path / "1.gg", "--weights", "1,0.5", "-o", out)
    wanted = saved[0].scores(BITS) + 0.5 * saved[1].scores(BITS)
    np.testing.assert_allclose(gg.load(out).scores(BITS), wanted, atol=1e-3)


@pytest.mark.parametrize("weights", [None, "1,3"])
def test_a_mirror_beside_each(gategrad, saved, tmp_path, weights):
    out = tmp_path / "both.gg"
    more = [] if weights is None else ["--weights", weights]
    done = gategrad(
        *("ensemble", tmp_path / "0.gg", tmp_path / "1.gg"), "--mirror", "3x4", *more, "-o", out
    )
    assert "4, half of them in the mirror" in done.out
    reversed_bits = BITS.reshape(-1, 3, 4)[..., ::-1].reshape(-1, 12)
    means = [(m.scores(BITS) + m.scores(reversed_bits)) / 2 for m in saved]
    wanted = (means[0] + means[1]) / 2 if weights is None else means[0] + 3 * means[1]
    np.testing.assert_allclose(gg.load(out).scores(BITS), wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0.gg"], "alone is no ensemble; name another model, or use --mirror"),
        (["0.gg", "1.gg", "--weights", "1"], "--weights is '1'; expected 2 numbers, one a model"),
        (["0.gg", "1.gg", "--weights", "1,x"], "--weights is '1,x'; expected 2 numbers"),
        (["0.gg", "--mirror", "3"], "--mirror is '3'; expected such as 28x28 or 3x32x32"),
        (["0.gg", "--mirror", "5x5"], "image_shape is (5, 5)"),
        (["0.gg", "2.gg"], "2.gg does not exist"),
    ],
)
def test_message(gategrad, saved, tmp_path, arguments, message):
    words = [tmp_path / word if word.endswith(".gg") else word for word in arguments]
    gategrad("ensemble", *words, "-o", tmp_path / "out.gg").fails_with(message)
    assert not (tmp_path / "out.gg").exists()
