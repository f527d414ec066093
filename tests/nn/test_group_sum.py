"""GroupSum: groups, temperature, dtypes, messages."""

import math

import pytest
import torch

from gategrad import nn


def test_groups_are_contiguous_and_divided_by_tau():
    x = torch.arange(12.0).view(2, 6)
    assert nn.GroupSum(3)(x).tolist() == [[1.0, 5.0, 9.0], [13.0, 17.0, 21.0]]
    torch.testing.assert_close(nn.GroupSum(3, tau=4.0)(x), nn.GroupSum(3)(x) / 4)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float16, torch.bfloat16])
def test_counts_are_exact_for_narrow_types(dtype):
    x = torch.ones(1, 4000, dtype=dtype)
    x[0, 0] = 0
    scores = nn.GroupSum(1)(x)
    assert scores.dtype == torch.float32
    assert scores.item() == 3999


def test_gradient():
    x = torch.rand(3, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.autograd.gradcheck(nn.GroupSum(2, tau=1.7), x.requires_grad_())


@pytest.mark.parametrize("shape", [(6,), (0, 6), (2, 3, 6)])
def test_leading_dimensions_are_kept(shape):
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([x[..., :3].sum(-1), x[..., 3:].sum(-1)], -1)
    torch.testing.assert_close(nn.GroupSum(2)(x), expected)


def test_messages():
    with pytest.raises(ValueError, match=r"\(4, 7\), which does not split into 3 equal groups"):
        nn.GroupSum(3)(torch.zeros(4, 7))
    with pytest.raises(ValueError, match="k must be an integer of at least 1, got 0"):
        nn.GroupSum(0)
    for tau in (0.0, -1.0, math.nan, math.inf, None):
        with pytest.raises(ValueError, match=f"tau must be a finite number above 0, got {tau}"):
            nn.GroupSum(2, tau=tau)
