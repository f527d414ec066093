"""Files that earlier versions wrote load, and give the same bits."""

import numpy as np
import pytest
import torch

import gategrad as gg
from tests.fixtures.network_kinds import FOLDER, KINDS, PICKLED, inputs


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def _expected(kind: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / f"{kind}.npz") as arrays:
        return dict(arrays)


def test_a_saved_state_loads_and_gives_the_same_bits(kind: str) -> None:
    net, x, expected = KINDS[kind]().eval(), inputs(kind), _expected(kind)
    net.load_state_dict(torch.load(FOLDER / f"{kind}.pt", weights_only=True))
    gates = torch.nn.Sequential(*net[:-1])(x).detach().numpy()
    np.testing.assert_array_equal(np.packbits(gates > 0.5, axis=0), expected["gates"])
    np.testing.assert_allclose(net(x).detach().numpy(), expected["scores"], rtol=1e-6)
    model, saved = gg.discretize(net), gg.load(FOLDER / f"{kind}.gg")
    assert model.circuit == saved.circuit
    assert model.readout == saved.readout


def test_a_saved_state_has_the_names_of_today(kind: str) -> None:
    saved = torch.load(FOLDER / f"{kind}.pt", weights_only=True)
    own = KINDS[kind]().state_dict()
    assert {name: (t.shape, t.dtype) for name, t in saved.items()} == {
        name: (t.shape, t.dtype) for name, t in own.items()
    }


def test_a_saved_model_loads_and_gives_the_same_sums(kind: str) -> None:
    model, x, expected = gg.load(FOLDER / f"{kind}.gg"), inputs(kind).numpy(), _expected(kind)
    x = x if kind.startswith("thermometer") else x.astype(bool)
    np.testing.assert_array_equal(model.sums(x), expected["sums"])
    np.testing.assert_array_equal(model.scores(x), expected["scores"])


@pytest.mark.parametrize("kind", PICKLED)
def test_a_pickled_module_loads_and_gives_the_same_bits(kind: str) -> None:
    net = torch.load(FOLDER / "modules.pickle", weights_only=False)[kind].eval()
    assert gg.discretize(net).circuit == gg.load(FOLDER / f"{kind}.gg").circuit
    scores = net(inputs(kind)).detach().numpy()
    np.testing.assert_allclose(scores, _expected(kind)["scores"], rtol=1e-6)
