"""Layers of gates with more than two inputs, and rows for them."""

import torch

from gategrad import nn

IN_DIM, OUT_DIM = 10, 7
INPUTS = (3, 4, 5, 6)


def layer(in_dim=IN_DIM, out_dim=OUT_DIM, **options):
    defaults = {"inputs": 6, "parametrization": "light", "seed": 0, "dtype": torch.float64}
    return nn.LogicDense(in_dim, out_dim, **{**defaults, **options})


def rows(batch, in_dim=IN_DIM, *, bits=False):
    generator = torch.Generator().manual_seed(batch)
    x = torch.rand(batch, in_dim, dtype=torch.float64, generator=generator)
    return (x > 0.5).double() if bits else x
