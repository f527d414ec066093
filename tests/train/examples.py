"""Small problems and runs that the tests of training share; also the program that they kill."""

import sys

import numpy as np
import torch

from gategrad import train

STEPS = 240


def problem(n=600, seed=0):
    """Bits and three classes: (x0 xor x1) + (x2 and x3), among eight inputs."""
    x = np.random.default_rng(seed).random((n, 8)) < 0.5
    return x, (x[:, 0] ^ x[:, 1]).astype(int) + (x[:, 2] & x[:, 3])


def monks(n=400, seed=0):
    """The first MONK's problem: codes from 1, and whether a1 = a2 or a5 = 1."""
    rng = np.random.default_rng(seed)
    x = np.stack([rng.integers(1, n_codes + 1, n) for n_codes in (3, 3, 2, 3, 4, 2)], 1)
    return x.astype(np.uint8), ((x[:, 0] == x[:, 1]) | (x[:, 4] == 1)).astype(int)


def network(seed=0, layers="240x2", in_dim=8, classes=3):
    return train.build_network(in_dim, classes, layers=layers, seed=seed)


def fit(net, **options):
    """`train.fit` on `problem`, quiet and on one thread unless said otherwise."""
    settings = {"steps": STEPS, "validation": 150, "threads": 1, "progress": False}
    return train.fit(net, *problem(), **(settings | options))


def with_dropout(seed=0):
    first, second, head = network(seed)
    return torch.nn.Sequential(first, torch.nn.Dropout(0.1), second, head)


def weights(net):
    return [value.clone() for value in net.state_dict().values()]


def same_weights(a, b):
    return all(torch.equal(x, y) for x, y in zip(weights(a), weights(b), strict=True))


def main():
    """Train with a checkpoint, say each evaluation's step, and how it ended."""
    import signal

    # A process started in the background of a shell may ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    checkpoint, steps = sys.argv[1], int(sys.argv[2])
    net = with_dropout()
    result = fit(
        net,
        steps=steps,
        eval_every=10,
        checkpoint=checkpoint,
        progress=lambda evaluation: print(evaluation.step, flush=True),
    )
    print(result.stopped, result.steps, len(result.history))


if __name__ == "__main__":
    main()
