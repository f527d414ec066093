"""The same seed and thread count give the same run, bit for bit."""

import numpy as np
import pytest
import torch

from gategrad import data, train


@pytest.mark.parametrize("threads", [1, 2])
def test_loss_curves_are_identical(threads: int) -> None:
    x, y, *_ = data.load("mnist-1bit")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        runs = []
        for _ in range(2):
            net = train.build_network(784, 10, layers="1000x2", estimator="soft", seed=5)
            result = train.fit(
                net, x[:3000], y[:3000], steps=20, eval_every=5, seed=5, progress=False
            )
            weights = [p.detach().numpy().copy() for p in net.parameters()]
            runs.append(([e.loss for e in result.history[1:]], weights))
    finally:
        torch.set_num_threads(before)
    (losses, weights), (other_losses, other_weights) = runs
    assert losses == other_losses
    assert len(losses) == 4
    assert all(np.array_equal(a, b) for a, b in zip(weights, other_weights, strict=True))
