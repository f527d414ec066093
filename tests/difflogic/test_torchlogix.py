"""Checkpoints of torchlogix's dense networks."""

import pytest
import torch

import gategrad as gg
from gategrad.difflogic import load_torchlogix

IN, OUT = 12, 20


def theirs(parametrization, inputs, seed=0):
    """A state_dict of two layers, and what the network gives on bits, by torchlogix's rules."""
    generator = torch.Generator().manual_seed(seed)
    widths = (IN, OUT, OUT)
    columns = 16 if parametrization == "raw" else 1 << inputs
    state = {}
    for i in range(2):
        state[f"{i + 1}.weight"] = torch.randn(OUT, columns, generator=generator)
        state[f"{i + 1}.connections.indices"] = torch.randint(
            widths[i], (inputs, OUT), generator=generator
        )
    return state


def tables(weight, parametrization):
    """Truth tables (gates, entries); the last input is the lowest bit of an entry's number."""
    if parametrization == "raw":
        ids = weight.argmax(1)
        return (ids[:, None] >> torch.arange(3, -1, -1)) & 1
    if parametrization == "light":
        return (weight > 0).long()
    n = weight.shape[1]
    place = torch.arange(n)
    odd = torch.tensor([[bin(i & j).count("1") % 2 for j in range(n)] for i in place.tolist()])
    return (weight @ (1.0 - 2 * odd) < 0).long()


def expected(state, x, parametrization, classes):
    for i in (1, 2):
        wires = state[f"{i}.connections.indices"]
        table = tables(state[f"{i}.weight"], parametrization)
        entry = torch.zeros(len(x), OUT, dtype=torch.long)
        for pin in wires:
            entry = 2 * entry + x[:, pin]
        x = table[torch.arange(OUT), entry]
    return x.view(len(x), classes, -1).sum(2)


@pytest.mark.parametrize(
    ("parametrization", "inputs"),
    [("raw", 2), ("light", 2), ("light", 4), ("warp", 2), ("warp", 4)],
)
def test_the_network_is_theirs(tmp_path, parametrization, inputs):
    state = theirs(parametrization, inputs)
    torch.save(state, tmp_path / "net.pt")
    net = load_torchlogix(
        tmp_path / "net.pt", IN, 4, tau=2.0, parametrization=parametrization
    ).eval()
    x = torch.randint(2, (200, IN), generator=torch.Generator().manual_seed(1))
    sums = expected(state, x, parametrization, 4)
    torch.testing.assert_close(net(x.float()), sums / 2.0)
    assert (gg.discretize(net).sums(x.bool().numpy()) == sums.numpy()).all()


def test_learned_wires_are_the_chosen_ones(tmp_path):
    state = theirs("raw", 2)
    chosen = state["2.connections.indices"]
    candidates = torch.stack([(chosen + 1) % OUT, chosen, (chosen + 2) % OUT])
    logits = torch.zeros(3, 2, OUT)
    logits[1] = 1
    learned = state | {"2.connections.indices": candidates, "2.connections.weights": logits}
    torch.save(learned | {"2.connections._export_indices": chosen}, tmp_path / "net.pt")
    net = load_torchlogix(tmp_path / "net.pt", IN, 4)
    assert torch.equal(net[1].indices, chosen)


def test_messages(tmp_path):
    path = tmp_path / "net.pt"

    def fails(text, state, **options):
        torch.save(state, path)
        with pytest.raises(ValueError, match=text):
            load_torchlogix(path, IN, options.pop("classes", 4), **options)

    good = theirs("raw", 2)
    fails("unknown parametrization 'walsh'; known: raw, light, warp", good, parametrization="walsh")
    fails(r"layer '1' has weights \(20, 16\) and wires \(2, 20\)", good, parametrization="light")
    fails("20 gates, which 3 classes can't share", good, classes=3)
    fails("layer '1' lacks weights or wires: it has weight", {"1.weight": good["1.weight"]})
    fails("3._indices_L0 is of no dense layer", good | {"3._indices_L0": torch.zeros(2)})
    fails("there are no layers in the state_dict", {})
    fails(r"is no state_dict; save it with torch.save\(model.state_dict\(\), path\)", [1])
    path.write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match=r"net\.pt can't be read as a state_dict"):
        load_torchlogix(path, IN, 4)
