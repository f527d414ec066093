"""Networks that are no chain: the circuit equals .eval(), bit for bit."""

import copy
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import gategrad as gg
from gategrad import nn, train
from gategrad.harden import DiscretizeError
from gategrad.nn import registry


def dense(in_dim, out_dim, seed=0):
    return nn.LogicDense(in_dim, out_dim, seed=seed)


def assert_same(net, width, shape=None, **options):
    bits = np.random.default_rng(0).random((200, width)) < 0.5
    x = torch.from_numpy(bits).float()
    with torch.no_grad():
        expected = copy.deepcopy(net).eval()(x if shape is None else x.reshape(-1, *shape))
    model = gg.discretize(net, input_shape=shape, **options)
    if options.get("head") is not None:
        expected = expected[options["head"]]
    np.testing.assert_array_equal(model.scores(bits), expected.numpy())
    return model


class Module(torch.nn.Module):
    """A network of named parts and a forward pass of one's own."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.own = forward
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x):
        return self.own(self, x)


def skip(self, x):
    h = self.a(x)
    return self.head(self.b(torch.cat([h, x], 1)))


def recurrent(self, x):
    state = torch.zeros(len(x), 12)
    for step in x.reshape(len(x), 3, 8).unbind(1):
        state = self.cell(torch.cat([step, state], dim=-1))
    return self.head(state)


def shared_over_places(self, x):
    h = self.a(x.view(x.shape[0], 4, 6).float())
    return self.head(self.b(h.transpose(1, 2).flatten(1)))


def shared_as_rows(self, x):
    h = self.a(x.view(-1, 6))
    return self.head(self.b(h.reshape(x.size(0), -1)))


def towers(self, x):
    left, right = x.chunk(2, dim=1)
    h = torch.stack([self.a(left), self.b(right)], 2).permute(0, 2, 1)
    return self.head(h.reshape(len(x), -1))


def padded(self, x):
    x = torch.nn.functional.pad(x.reshape(-1, 4, 4), (1, 1, 1, 1))
    h = self.a(x[:, ::2].flatten(1))
    return self.head(torch.cat([h[:, :4], h[:, [7, 5, 7, 5]], h.new_ones(len(h), 2)], 1))


NETS = {
    "a skip": (Module(skip, a=dense(8, 10), b=dense(18, 12), head=nn.GroupSum(3)), 8, None),
    "a cell three times": (
        Module(recurrent, cell=dense(20, 12), head=nn.GroupSum(4, tau=2.0)), 24, (24,),
    ),
    "shared over places": (
        Module(shared_over_places, a=dense(6, 5), b=dense(20, 9), head=nn.GroupSum(3)), 24, (24,),
    ),
    "shared as rows": (
        Module(shared_as_rows, a=dense(6, 5), b=dense(20, 9), head=nn.GroupSum(3)), 24, (24,),
    ),
    "towers": (Module(towers, a=dense(6, 8), b=dense(6, 8, 1), head=nn.GroupSum(2)), 12, (12,)),
    "padded images": (Module(padded, a=dense(18, 10), head=nn.GroupSum(2)), 16, (16,)),
    "bits without a head": (Module(lambda self, x: self.a(x)[:, ::2], a=dense(5, 8)), 5, None),
    "a chain of one's own": (
        torch.nn.Sequential(Module(skip, a=dense(8, 10), b=dense(18, 8), head=torch.nn.Identity()),
                            nn.Sequential(dense(8, 6), dense(6, 6), nn.GroupSum(2))), 8, None,
    ),
    "regressions side by side": (
        Module(
            lambda self, x: torch.cat([self.one(self.a(x)), self.two(self.a(x)[:, :4])], 1),
            a=dense(8, 12), one=nn.GroupSum(2, tau=3.0, kind="regression", offset=0.5),
            two=nn.GroupSum(1, kind="regression", bias=True),
        ), 8, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NETS)
def test_circuits_of_graphs_equal_the_hard_network(case):
    net, width, shape = NETS[case]
    for mode in (True, False):
        net.train(mode)
        assert_same(net, width, shape)
        assert all(module.training == mode for module in net.modules())
        assert not any("_call_impl" in vars(module) for module in net.modules())


def test_a_cell_gives_its_gates_each_time():
    net, _, shape = NETS["a cell three times"]
    assert gg.discretize(net, input_shape=shape).circuit.n_gates == 36


def test_several_heads_give_a_model_each():
    net = Module(
        lambda self, x: {"kind": self.kind(self.a(x)), "size": self.size(self.a(x))},
        a=dense(8, 12), kind=nn.GroupSum(3), size=nn.GroupSum(1, kind="regression"),
    )  # fmt: skip
    assert assert_same(net, 8, head="kind").readout.kind == "argmax"
    assert assert_same(net, 8, head="size").readout.kind == "regression"
    message = (
        "the network returns several outputs, and a model has one: pass head= to make a model of "
        "each; known: 'kind', 'size'"
    )
    with pytest.raises(DiscretizeError, match=f"^{re.escape(message)}"):
        gg.discretize(net)


def test_a_thermometer_of_the_network_is_the_models():
    rows = np.random.default_rng(0).random((60, 3))
    net = Module(
        lambda self, x: self.head(self.b(torch.cat([self.a(self.bits(x)), self.bits(x)], 1))),
        bits=nn.Thermometer.quantile(rows, 4), a=dense(12, 8), b=dense(20, 8),
        head=nn.GroupSum(2),
    ).eval()  # fmt: skip
    model = gg.discretize(net)
    assert model.encoder == net.bits.encoder()
    with torch.no_grad():
        expected = net(torch.from_numpy(rows)).numpy()
    np.testing.assert_array_equal(model.scores(rows), expected)


@st.composite
def graphs(draw):
    """Steps of a random network: each reads wires of earlier ones, moved about."""
    n_steps = draw(st.integers(1, 6))
    return [
        {
            "reads": draw(st.lists(st.integers(0, i), min_size=1, max_size=3)),
            "move": draw(st.sampled_from(["cat", "stack", "flip", "chunk", "index", "permute"])),
            "layer": draw(st.integers(0, 2)),
            "times": draw(st.integers(1, 2)),
        }
        for i in range(n_steps)
    ]


WIDTH = 6


def moved(parts, move):
    wide = torch.stack(parts, 2) if move == "stack" else torch.cat(parts, 1)
    if move == "flip":
        wide = wide.flip(1)
    elif move == "chunk":
        wide = torch.cat(wide.chunk(3, 1)[::-1], 1)
    elif move == "permute":
        wide = wide.reshape(len(wide), WIDTH, -1).permute(0, 2, 1)
    wide = wide.flatten(1)
    return wide[:, [3, 1, 4, 1, 5, 2]] if move == "index" else wide[:, -WIDTH:]


def stepwise(steps):
    def forward(self, x):
        values = [x]
        for step in steps:
            h = moved([values[i] for i in step["reads"]], step["move"])
            for _ in range(step["times"]):
                h = getattr(self, f"layer{step['layer']}")(h)
            values.append(h)
        return self.head(torch.cat(values[1:], 1))

    return forward


@given(steps=graphs(), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_random_graphs_equal_the_hard_network(steps, seed):
    layers = {f"layer{i}": dense(WIDTH, WIDTH, 3 * seed + i) for i in range(3)}
    net = Module(stepwise(steps), **layers, head=nn.GroupSum(2))
    model = assert_same(net, WIDTH)
    optimized = model.optimize()
    bits = np.random.default_rng(1).random((64, WIDTH)) < 0.5
    np.testing.assert_array_equal(optimized.sums(bits), model.sums(bits))


def test_fit_trains_graphs():
    net = Module(skip, a=dense(8, 30), b=dense(38, 30), head=nn.GroupSum(2))
    x = np.random.default_rng(0).random((300, 8)) < 0.5
    result = train.fit(net, x, x[:, 0] ^ x[:, 1], steps=150, progress=False, threads=1)
    assert result.hard > 0.6
    assert_same(net, 8)
    net = NETS["towers"][0]
    x = np.random.default_rng(0).random((100, 12)) < 0.5
    train.fit(net, x, x[:, 0], steps=5, progress=False, threads=1)


REFUSED = {
    "arithmetic": (
        lambda self, x: self.a(1 - x),
        "Module applies rsub to wires, and a circuit can only move them: cat, stack, split, chunk,",
    ),
    "in a part": (
        lambda self, x: self.a(self.b(x)),
        "module 'b' (Module) applies sigmoid to wires",
    ),
    "decisions by values": (
        lambda self, x: self.a(x) if x.sum() > 0 else x,
        "applies sum to wires",
    ),
    "other padding": (
        lambda self, x: self.a(torch.nn.functional.pad(x[:, 2:], (1, 1), value=0.5)),
        "pad puts 0.5 among wires; a circuit has only 0 and 1",
    ),
    "other filling": (
        lambda self, x: self.a(torch.cat([x[:, 1:], x.new_full((len(x), 1), 0.5)], 1)),
        "a tensor with values other than 0 and 1 is put beside wires",
    ),
    "rows": (
        lambda self, x: self.a(x.flip(0).roll(1, 0).reshape(8, -1).t()),
        "module 'a' (LogicDense) reads wires of several rows at once; expected each row alone",
    ),
    "order of rows": (
        lambda self, x: self.a(x).flip(0),
        "or in another order; expected one output",
    ),
    "other constants": (
        lambda self, x: self.a(torch.cat([x[:, :7], torch.full((len(x), 1), 0.5)], 1)),
        "a tensor with values other than 0 and 1 is put beside wires",
    ),
    "part of the scores": (
        lambda self, x: self.head(self.a(x))[:, :1],
        "returns some of the scores",
    ),
    "classes of two heads": (
        lambda self, x: torch.cat([self.head(self.a(x)), self.head(self.a(x))], 1),
        "scores are those of 2 heads of kind argmax, argmax, which are no one decision",
    ),
    "gates after scores": (
        lambda self, x: self.a(self.head(self.a(x)).repeat(1, 4)),
        "module 'a' (LogicDense) comes after the module that makes the scores",
    ),
    "widths": (
        lambda self, x: self.a(x[:, :4]),
        "module 'a' (LogicDense) reads 8 signals, but the module before it gives 4; make the two "
        "equal (rows were taken for 8 wide, as its first module reads; pass input_shape= if",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_circuit_cannot_do_is_named(case):
    forward, message = REFUSED[case]
    part = Module(lambda self, x: torch.sigmoid(x))
    net = Module(forward, a=dense(8, 8), b=part, head=nn.GroupSum(2))
    with pytest.raises(DiscretizeError, match=re.escape(message)):
        gg.discretize(net)
    assert not any("_call_impl" in vars(module) for module in net.modules())


class Not(torch.nn.Module):
    def forward(self, x):
        return 1 - x


def inverters(module, name, draft):
    pins = draft.signals[:, None]
    return draft.with_gates(
        pins, np.full(len(pins), 0b01), draft.next_signal + np.arange(len(pins))
    )


def test_modules_of_ones_own_are_registered(monkeypatch):
    monkeypatch.setattr(registry, "_KINDS", registry.registered())
    net = torch.nn.Sequential(dense(6, 8), Not(), nn.GroupSum(2))
    with pytest.raises(DiscretizeError, match=r"module '1' .Not. applies rsub to wires"):
        gg.discretize(net)
    nn.register(Not, nn.LayerKind(emit=inverters))
    assert_same(net, 6)
    assert_same(Module(lambda self, x: self.net(x), net=net), 6)
    assert nn.training_backend(net).startswith("native")
