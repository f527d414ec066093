"""A script in the style of difflogic's users, with one import line of ours."""

import numpy as np
import pytest
import torch

from gategrad.difflogic import CompiledLogicNet, GroupSum, LogicLayer, PackBitsTensor


def make_rows(n, seed):
    """Nine bits; the class is whether exactly the first of two is 1."""
    x = (torch.rand(n, 1, 3, 3, generator=torch.Generator().manual_seed(seed)) < 0.5).float()
    flat = x.flatten(1)
    return torch.utils.data.TensorDataset(x, (flat[:, 0] > flat[:, 1]).long())


def accuracy(model, loader, mode):
    """Mean of the batches' accuracies, relaxed or hard."""
    before = model.training
    with torch.no_grad():
        model.train(mode=mode)
        found = [
            (model(x.to("cpu").round()).argmax(-1) == y).float().mean().item() for x, y in loader
        ]
        model.train(mode=before)
    return float(np.mean(found))


@pytest.fixture
def seeded():
    """The global generator, which such scripts seed, as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("connections", ["unique", "random"])
def test_a_script_trains_and_its_comparisons_hold(seeded, tmp_path, connections):
    train = torch.utils.data.DataLoader(make_rows(400, 0), batch_size=100, shuffle=True)
    test = torch.utils.data.DataLoader(make_rows(130, 1), batch_size=int(1e6))
    k, n_layers = 36, 3
    layers = [torch.nn.Flatten(), LogicLayer(in_dim=9, out_dim=k, connections=connections)]
    for _ in range(n_layers - 1):
        layers.append(LogicLayer(in_dim=k, out_dim=k, grad_factor=1.0, connections=connections))
    model = torch.nn.Sequential(*layers, GroupSum(2, 3)).to("cpu")
    assert sum(layer.num_neurons for layer in layers[1:]) == n_layers * k
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(30):
        for x, y in train:
            loss = torch.nn.CrossEntropyLoss()(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    hard = accuracy(model, test, mode=False)
    assert hard > 0.9
    assert accuracy(model, test, mode=True) > 0.9

    x, y = next(iter(test))
    with torch.no_grad():
        model.eval()
        counts = model(PackBitsTensor(x.reshape(len(x), -1).round().bool()))
    assert (counts.argmax(-1) == y).float().mean().item() == pytest.approx(hard)

    compiled = CompiledLogicNet(model=model, num_bits=64, cpu_compiler="gcc", verbose=True)
    compiled.compile(opt_level=1, save_lib_path=str(tmp_path / "00000000_64.so"), verbose=True)
    output = compiled(torch.nn.Flatten()(x).bool().numpy(), verbose=True)
    assert torch.equal(output, counts)
