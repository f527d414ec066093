"""Numbers from a circuit: hours of work a week from the other columns of the Adult census.

Trains for about a minute on two cores, prints the errors of the mean and of the circuit on the
published test part, and what the circuit is made of.
"""

import argparse

import numpy as np

import gategrad as gg
from gategrad import train
from gategrad.circuit import live_gates

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--steps", type=int, default=2_000)
steps = parser.parse_args().steps

x, income, x_test, income_test = gg.data.load("adult")
columns = list(gg.data.info("adult").columns)
hours = columns.index("hours-per-week")


def rows_and_hours(x, income):
    """All other columns with the income, and the hours."""
    others = np.delete(x, hours, axis=1).astype(object)
    return np.column_stack([others, income.astype(object)]), x[:, hours].astype(float)


rows, target = rows_and_hours(x, income)
rows_test, target_test = rows_and_hours(x_test, income_test)
encoder = gg.encoding.Table.fit(rows, 8)
net = train.build_network(encoder.n_inputs, 1, layers="2000x2", kind="regression", targets=target)
result = train.fit(net, rows, target, encoder=encoder, steps=steps)
model = gg.discretize(net, encoder=encoder, labels=["hours-per-week"]).optimize()

errors = model.predict(rows_test)[:, 0] - target_test
print(f"mean predictor   RMSE {np.sqrt(np.mean((target.mean() - target_test) ** 2)):.2f} hours")
print(f"circuit          RMSE {np.sqrt(np.mean(errors**2)):.2f} hours")
print(f"                 R2   {1 - np.mean(errors**2) / target_test.var():.3f}")
print(f"live gates       {live_gates(model.circuit)}")
