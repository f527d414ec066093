"""difflogic's names and semantics, on our kernels."""

from itertools import pairwise

import pytest
import torch

from gategrad import difflogic
from gategrad.difflogic import GroupSum, LogicLayer, PackBitsTensor


def network(seed=0, widths=(20, 60, 60), k=3, tau=2.0):
    torch.manual_seed(seed)
    layers = [LogicLayer(a, b, device="cpu") for a, b in pairwise(widths)]
    return torch.nn.Sequential(torch.nn.Flatten(), *layers, GroupSum(k, tau))


def bits(n, width=20, seed=1):
    return torch.randint(2, (n, width), generator=torch.Generator().manual_seed(seed)).bool()


BATCHES = (1, 10, 31, 32, 63, 64, 65, 1000)


def in_layouts(x):
    """The same rows as they come, column by column, and with other rows or columns between."""
    yield from (x, x.t().contiguous().t())
    between = torch.ones(2 * len(x), 2 * x.shape[1], dtype=torch.bool)
    for some in (between[::2, : x.shape[1]], between[: len(x), 1::2]):
        yield some.copy_(x)


def defined(layer, x):
    """What the paper's equation 1 says, by operators one after the other."""
    a, b = x[:, layer.indices[0]], x[:, layer.indices[1]]
    if layer.training:
        shares = torch.softmax(layer.weights, -1)
    else:
        shares = torch.nn.functional.one_hot(layer.weights.argmax(-1), 16).float()
    return sum(shares[:, i] * difflogic.bin_op(a, b, i) for i in range(16))


@pytest.mark.parametrize("train", [True, False])
def test_a_layer_is_the_mixture_of_operators(train) -> None:
    torch.manual_seed(3)
    layer = LogicLayer(20, 40, device="cpu", grad_factor=2.0).train(train)
    x = torch.rand(33, 20) if train else bits(33).float()
    torch.testing.assert_close(layer(x), defined(layer, x))


def test_gradients_are_those_of_the_mixture_times_the_factor() -> None:
    torch.manual_seed(3)
    layer = LogicLayer(20, 40, device="cpu", grad_factor=2.0)
    x = torch.rand(33, 20, requires_grad=True)
    weights = torch.rand(33, 40)
    grads = torch.autograd.grad((layer(x) * weights).sum(), [x, layer.weights])
    y = defined(layer, difflogic.GradFactor.apply(x, 2.0))
    torch.testing.assert_close(grads, torch.autograd.grad((y * weights).sum(), [x, layer.weights]))


def test_bin_op_s_is_the_sum_of_all() -> None:
    a, b = torch.rand(5, 7), torch.rand(5, 7)
    shares = torch.softmax(torch.randn(7, 16), -1)
    expected = sum(shares[:, i] * difflogic.bin_op(a, b, i) for i in range(16))
    torch.testing.assert_close(difflogic.bin_op_s(a, b, shares), expected)


def test_operators_by_id_on_bits() -> None:
    a = torch.tensor([0.0, 0.0, 1.0, 1.0])
    b = torch.tensor([0.0, 1.0, 0.0, 1.0])
    for i, _name in enumerate(difflogic.ALL_OPERATIONS):
        value = difflogic.bin_op(a, b, i)
        assert "".join(str(int(v)) for v in value) == f"{i:04b}"


def test_the_seed_of_torch_is_the_seed() -> None:
    first, second, other = network(5), network(5), network(6)
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first[1].weights, other[1].weights)


def test_it_learns_with_adam() -> None:
    net = network(widths=(20, 210, 210))
    x = bits(400).float()
    y = (x[:, :3].sum(1) > 1).long()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("bit_count", [8, 16, 32, 64])
@pytest.mark.parametrize("widths", [(20, 60), (20, 60, 60, 90)])
def test_packed_rows_count_what_the_network_sums(bit_count, widths) -> None:
    net = network(widths=widths).eval()
    for n in BATCHES:
        expected = net(bits(n).float())
        for rows in in_layouts(bits(n)) if n == 65 else [bits(n)]:
            packed = net(PackBitsTensor(rows, bit_count, device="cpu"))
            assert packed.dtype == torch.int32
            torch.testing.assert_close(packed / 2.0, expected)


@pytest.mark.parametrize("bit_count", [8, 16, 32, 64])
def test_packed_words(bit_count) -> None:
    x = bits(70)
    packed = PackBitsTensor(x, bit_count, device="cpu")
    assert packed.t.shape == (20, -(-70 // bit_count))
    assert packed.pad_len == packed.t.shape[1] * bit_count - 70
    words = packed.t.long()
    for row in (0, 1, 7, 8, 63, 69):
        word = words[:, row // bit_count] >> row % bit_count & 1
        assert torch.equal(word.bool(), x[row])


def test_packed_layers_one_by_one() -> None:
    net, x = network().eval(), bits(70)
    packed = net[1](PackBitsTensor(x, 64, device="cpu"))
    hard = net[1](x.float()).bool()
    assert repr(packed) == "PackBitsTensor(rows=70, features=60, bit_count=64)"
    assert torch.equal((packed.t[:, 0] >> 5 & 1).bool(), hard[5])


def test_packed_rows_have_no_gradient() -> None:
    with pytest.raises(RuntimeError, match=r"call \.eval\(\) first"):
        network()(PackBitsTensor(bits(5), device="cpu"))


def test_a_gpu_that_is_not_there_is_one_sentence() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(RuntimeError, match="device='cuda' needs a GPU, and torch sees none here"):
        LogicLayer(4, 4, device="cuda")
    with pytest.raises(RuntimeError, match="implementation='cuda' needs device='cuda'"):
        LogicLayer(4, 4, implementation="cuda")
    assert LogicLayer(4, 4).implementation == "python"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"out_dim": 9}, "9 gates can't read 20 inputs, two each; expected at least 10"),
        ({"connections": "local"}, "local"),
        ({"implementation": "fast"}, "unknown implementation 'fast'; known: cuda, python"),
    ],
)
def test_messages(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        LogicLayer(**{"in_dim": 20, "out_dim": 30, "device": "cpu"} | arguments)


def test_unique_connections_reach_the_greatest_number() -> None:
    a, b = difflogic.get_unique_connections(6, 15, device="cpu")
    pairs = {frozenset(pair) for pair in zip(a.tolist(), b.tolist(), strict=True)}
    assert len(pairs) == 15
