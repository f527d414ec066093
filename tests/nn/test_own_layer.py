"""A kind of layer that the library does not know joins by registering, in one place."""

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.harden import DiscretizeError
from gategrad.nn import registry
from gategrad.nn.executors.native import BITS, PINS, SLOTS, TABLES, TILES
from gategrad.nn.executors.plan import Executor, Plan, Run, plan
from gategrad.nn.executors.torch.polynomial import gate_polynomials
from gategrad.nn.executors.training_variable import VARIABLE
from gategrad.nn.gates.bank import GateBank
from gategrad.nn.gates.parametrization import RAW
from gategrad.nn.measures.operand_use import operand_use

IN_DIM = 13


class Tied(torch.nn.Module):
    """Neighbours are read by one gate, whose weights all positions share."""

    def __init__(self, in_dim: int, seed: int = 0) -> None:
        super().__init__()
        self.in_dim, self.out_dim = in_dim, in_dim - 1
        generator = torch.Generator().manual_seed(seed)
        self.weight = torch.nn.Parameter(RAW.gaussian(1, generator))
        wires = torch.arange(self.out_dim)
        self.register_buffer("wires", torch.stack([wires, wires + 1]))

    @property
    def bank(self) -> GateBank:
        return GateBank(RAW, self.weight, training=self.training)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        forward, soft = (c.expand(self.out_dim, -1) for c in self.bank.coefficients())
        return gate_polynomials(x.t(), self.wires, forward, soft).t()


class Own(Executor):
    name = "own"

    def reason(self, run: Run) -> str | None:
        return None if run.x.dtype == torch.float32 else f"values are {run.x.dtype}"

    def meant_for(self, device: torch.device) -> bool:
        return True

    def label(self, device: torch.device) -> str:
        return f"own ({device})"


def _circuit(layer: Tied) -> gg.Circuit:
    fanin = layer.wires.numpy().T + 2
    table = np.repeat(layer.bank.tables().numpy().astype(np.uint64), layer.out_dim)
    return gg.Circuit(layer.in_dim, fanin, table, np.arange(layer.out_dim) + 2 + layer.in_dim)


def _expected(layer: Tied, need: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    both, either = operand_use(layer.bank)
    need = both.new_ones(layer.out_dim) if need is None else need
    unread = torch.log1p(-(need * either.expand(2, layer.out_dim)).clamp(max=1 - 1e-6))
    sums = both.new_zeros(layer.in_dim).index_add(0, layer.wires.flatten(), unread.flatten())
    return (need * both).sum(), -torch.expm1(sums)


def _kind(**options: object) -> nn.LayerKind:
    return nn.LayerKind(_circuit, lambda layer: layer.out_dim, _expected, **options)


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_KINDS", registry.registered())
    monkeypatch.setattr(registry, "_TAKEN_FOR", registry.alike())


def _net() -> nn.Sequential:
    return nn.Sequential(
        nn.LogicDense(8, IN_DIM, seed=0), Tied(IN_DIM), Tied(IN_DIM - 1, 1), nn.GroupSum(1)
    )


def _rows() -> torch.Tensor:
    return (torch.rand(50, 8, generator=torch.Generator().manual_seed(0)) > 0.5).float()


def test_it_trains_and_discretizes() -> None:
    net, x = _net(), _rows()
    with pytest.raises(DiscretizeError, match=r"'1' \(Tied\) .*register the module"):
        gg.discretize(net)
    nn.register(Tied, _kind())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    losses = []
    for _ in range(30):
        loss = ((net.train()(x)[:, 0] - 8 * x[:, 0]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    model = gg.discretize(net)
    sums = model.sums(x.numpy().astype(bool))
    np.testing.assert_array_equal(sums, net.eval()(x).detach().numpy())
    assert len(np.unique(sums)) > 1
    np.testing.assert_array_equal(model.optimize().sums(x.numpy().astype(bool)), sums)


def test_it_is_counted_by_expected_gates() -> None:
    nn.register(Tied, _kind())
    layer = Tied(3)
    with torch.no_grad():
        layer.weight.fill_(0.0)[0, 1] = 50.0  # AND
    expected = nn.expected_gates(layer)
    assert expected.item() == pytest.approx(2.0)
    expected.backward()
    assert layer.weight.grad.isfinite().all()
    with torch.no_grad():
        layer.weight.fill_(0.0)[0, 3] = 50.0  # its first input
    assert nn.expected_gates(layer).item() == pytest.approx(0.0, abs=1e-4)
    dense = nn.LogicDense(8, IN_DIM, seed=0)
    alone, both = nn.expected_gates(dense), nn.expected_gates(nn.Sequential(dense, Tied(IN_DIM)))
    assert 0 < both < alone + IN_DIM - 1


def test_its_executors_are_asked() -> None:
    nn.register(Tied, _kind())
    assert nn.training_backend(_net()) == "torch (Tied has no kernels of its own)"
    nn.register(Tied, _kind(executors=(Own(),)))
    assert nn.training_backend(Tied(IN_DIM)) == "own (cpu)"
    assert nn.training_backend(Tied(IN_DIM).double()) == "torch (values are torch.float64)"


def test_what_is_no_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="register takes a class of modules, got"):
        nn.register(Tied(4), _kind())
    with pytest.raises(TypeError, match="the kind of Tied must be a LayerKind, got 'gates'"):
        nn.register(Tied, "gates")
    with pytest.raises(TypeError, match="must be a LayerKind without like=, got LayerKind"):
        nn.register(Tied, _kind(), like=torch.nn.Module)
    with pytest.raises(TypeError, match=r"Tied is like a base of it, which .*LogicDense.* is not"):
        nn.register(Tied, like=nn.LogicDense)
    for half in ({"circuit": _circuit}, {"emit": _circuit, "n_gates": len}, {}):
        with pytest.raises(TypeError, match="has circuit= and n_gates=, or emit= in their place"):
            nn.LayerKind(**half)


class Renamed(nn.LogicDense):
    """What `LogicDense` is, with a forward pass that says so."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x)


def test_a_subclass_that_is_like_its_base_is_that_to_everybody() -> None:
    x = (torch.rand(40, 8, generator=torch.Generator().manual_seed(3)) < 0.5).float()
    net = nn.Sequential(Renamed(8, 12, seed=0), Renamed(12, 10, seed=1), nn.GroupSum(2))
    with pytest.raises(DiscretizeError, match="Renamed"):
        gg.discretize(net)
    alone = _nodes(net(x))
    nn.register(Renamed, like=nn.LogicDense)
    assert _nodes(net(x)) < alone
    assert nn.expected_gates(net) > 0
    np.testing.assert_array_equal(gg.discretize(net).sums(x.bool().numpy()), net.eval()(x).detach())


def _nodes(y: torch.Tensor) -> int:
    """Operations of the graph behind y, weights apart."""
    todo, seen = [y.grad_fn], set()
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [before for before, _ in node.next_functions]
    return sum("Accumulate" not in type(node).__name__ for node in seen)


def test_asking_touches_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    learned = nn.LogicDense(8, 6, connections="learned", candidates=3, seed=1)
    net = nn.Sequential(nn.LogicDense(8, 8, seed=0), learned, nn.SlotDense(6, 4, seed=2)).eval()

    def refuse(self: torch.nn.Module, name: str, value: object) -> None:
        raise AssertionError(f"{name} was set")

    monkeypatch.setattr(torch.nn.Module, "__setattr__", refuse)
    assert nn.training_backend(net).startswith("native")


@pytest.mark.parametrize("backend", ["torch", "triton"])
def test_the_reason_names_the_backend_that_was_asked_for(monkeypatch, backend) -> None:
    monkeypatch.setenv(VARIABLE, backend)
    plain = nn.LogicDense(8, 6, seed=0)
    tables = nn.LogicDense(8, 6, seed=0, parametrization="light", inputs=3)
    learned = nn.LogicDense(8, 6, connections="learned", candidates=3, seed=1)
    slots = nn.SlotDense(8, 6, seed=2)
    for executor, layer in ((TILES, plain), (TABLES, tables), (PINS, learned.wiring),
                            (SLOTS, slots)):  # fmt: skip
        assert executor.reason(Run((layer,), torch.zeros(2, 8))) == f"{VARIABLE} is {backend}"
    assert nn.training_backend(slots) == f"torch ({VARIABLE} is {backend})"


def test_a_plan_has_an_executor_or_a_reason() -> None:
    learned = nn.LogicDense(8, 6, connections="learned", candidates=3, seed=0).eval()
    run = Run((learned,), torch.zeros(2, 8))
    assert plan(run, (BITS,)) == Plan(None, "a layer is in .eval()")
    assert plan(run._replace(training=True), (BITS,)) == Plan(BITS, None)
    assert plan(run, (BITS, TILES)) == Plan(TILES, None)
