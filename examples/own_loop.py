"""A training loop of one's own: nothing in gategrad's modules asks for `train.fit`.

python examples/own_loop.py [--steps 1000]
"""

import argparse

import torch

import gategrad as gg
from gategrad import nn


def main() -> None:
    """Train two layers on 1-bit MNIST, and compare the network with its circuit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    steps = parser.parse_args().steps
    x_train, y_train, x_test, y_test = map(torch.from_numpy, gg.data.load("mnist-1bit"))

    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(
        nn.LogicDense(784, 4000, connections="local", image_shape=(28, 28), generator=generator),
        nn.LogicDense(4000, 4000, generator=generator),
        nn.GroupSum(10, tau=7.0),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    print(f"training runs on {nn.training_backend(net)}")
    for step in range(steps):
        batch = torch.randint(len(x_train), (128,), generator=generator)
        loss = torch.nn.functional.cross_entropy(net(x_train[batch]), y_train[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 200 == 0:
            print(f"step {step}: loss {loss.item():.3f}")

    model = gg.discretize(net).optimize()
    with torch.no_grad():
        hard = net.eval()(x_test.float())
    assert (torch.from_numpy(model.scores(x_test.numpy())) == hard).all()
    accuracy = (model.predict(x_test.numpy()) == y_test.numpy()).mean()
    print(f"{accuracy:.2%} of the test images, {gg.circuit.live_gates(model.circuit):,} gates")


if __name__ == "__main__":
    main()
