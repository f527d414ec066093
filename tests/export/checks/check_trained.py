"""Trained networks of every kind, optimized and not: every format is the model.

Outside the suite, as it trains and proves: `.ci/exports` runs it.
"""

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import export, nn
from gategrad.export.verify import verify

FORMATS = {
    "c": export.c,
    "c of tables": lambda m: export.c(m, style="tables", word="vector32"),
    "c for microcontrollers": lambda m: export.c(m, profile="mcu", rows="uint8"),
    "blif": lambda m: export.blif(m, outputs="sums"),
    "aiger": lambda m: export.aiger(m, outputs="sums"),
    "json": export.json,
    "verilog": lambda m: export.verilog(m, max_levels=6),
    "verilog of wide gates": lambda m: export.verilog(m, stages=1, lut6=True),
}


def _trained(layers, loss, y) -> gg.Model:
    """A network on 16 bits after some steps; it need not be good, only not random."""
    torch.manual_seed(0)
    x = torch.randint(0, 2, (512, 16), generator=torch.Generator().manual_seed(0)).float()
    net = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    target = y(x)
    for _ in range(60):
        optimizer.zero_grad()
        loss(net(x), target).backward()
        optimizer.step()
    return gg.discretize(net.eval())


def _classes(x):
    return (x[:, 0] + x[:, 3] * x[:, 5] + x[:, 7]).clamp(max=2).long()


def _layers(inputs=2, **head):
    parametrization = "raw" if inputs == 2 else "light"
    dense = [
        nn.LogicDense(a, b, inputs=inputs, parametrization=parametrization, seed=i)
        for i, (a, b) in enumerate(((16, 48), (48, 48)))
    ]
    return [*dense, nn.GroupSum(**head)]


def _squares(scores, y):
    return torch.nn.functional.mse_loss(scores[:, 0], y)


CROSS = torch.nn.functional.cross_entropy
LOGITS = torch.nn.functional.binary_cross_entropy_with_logits
# What is trained, by what loss, on what.
NETWORKS = {
    "tables of 4": (lambda: _layers(4, k=3, tau=3.0), CROSS, _classes),
    "tables of 6": (lambda: _layers(6, k=3, tau=3.0), CROSS, _classes),
    "a bias": (lambda: _layers(k=3, tau=3.0, bias=True), CROSS, _classes),
    "negative weights": (
        lambda: [*_layers(k=3)[:2], nn.WeightedSum(_signed_readout(), 48)], CROSS, _classes,
    ),
    "binary": (
        lambda: _layers(k=1, tau=3.0, kind="binary"), LOGITS, lambda x: x[:, :1] * x[:, 4:5],
    ),
    "multilabel": (
        lambda: _layers(k=4, tau=3.0, kind="multilabel"), LOGITS, lambda x: x[:, 2:6],
    ),
    "regression": (
        lambda: _layers(k=1, tau=3.0, kind="regression", offset=-2.0), _squares, lambda x: x.sum(1),
    ),
}  # fmt: skip


def _signed_readout() -> gg.Readout:
    rng = np.random.default_rng(0)
    return gg.Readout(
        "argmax", np.arange(4) * 16, np.arange(48), rng.choice([-3, -1, 1, 2], 48), [4, -7, 0],
        np.full(3, 0.25), np.zeros(3),
    )  # fmt: skip


@pytest.fixture(scope="module", params=NETWORKS)
def network(request) -> gg.Model:
    layers, loss, y = NETWORKS[request.param]
    return _trained(layers(), loss, y)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("optimized", [False, True])
def test_every_format_is_the_trained_model(tmp_path, network, form, optimized) -> None:
    model = network.optimize() if optimized else network
    written = FORMATS[form](model).write(tmp_path)
    path = next(p for p in written if p.suffix in (".c", ".v", ".blif", ".aig", ".json"))
    verdict = verify(model, path)
    assert verdict.proven, verdict
    assert not verdict.failed
    assert bool(verdict.tested) == form.startswith("verilog")  # whose pipelines are simulated, too
