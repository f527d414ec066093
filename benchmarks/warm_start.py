"""Boosted trees as a circuit, and what training on makes of it. Imports torch.

    python -m benchmarks.warm_start [--sets wisconsin wine diabetes] [--folds 5]

The folds of benchmarks/estimators.py. Of the training rows a fifth is held back from the trees, and
chooses the best step. Accuracy, or R2, on the rows of the fold; live gates; means of the folds.
"""

import argparse
import warnings

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

import gategrad as gg
from benchmarks.estimator_sets import SETS, TableSet
from benchmarks.estimators import folds_of
from gategrad.circuit import live_gates
from gategrad.circuit.figures import figure
from gategrad.train.splitting import held_rows

# Numbers alone, since text would be encoded first.
TEXT = ("adult", "breast-cancer", "nsl-kdd", "nsl-kdd-kinds")
NUMBERS = [name for name in SETS if name not in TEXT]
TREES, LEAVES, HELD = 20, 15, 0.2


def main(arguments: list[str] | None = None) -> None:
    """Print a line of Markdown a set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sets", nargs="*", choices=NUMBERS, default=["wisconsin", "wine", "diabetes"]
    )
    parser.add_argument("--folds", type=int, default=5, help="so many of the five")
    options = parser.parse_args(arguments)
    print("| set | trees | gates | fine-tuned | gates |\n|---|---|---|---|---|")
    for name in options.sets:
        table = SETS[name]()
        found = [measure(table, *rows) for rows in folds_of(table)[: options.folds]]
        before, gates, after, left = np.mean(found, axis=0)
        print(f"| {name} | {before:.4f} | {gates:,.0f} | {after:.4f} | {left:,.0f} |", flush=True)


def measure(table: TableSet, here: np.ndarray, there: np.ndarray) -> tuple[float, int, float, int]:
    """Figure and live gates of the trees, and of what they become."""
    x, y = table.x.to_numpy(np.float64), table.y
    kind = HistGradientBoostingRegressor if table.numbers else HistGradientBoostingClassifier
    labels = np.zeros(len(here), np.int64) if table.numbers else y[here]
    held = held_rows(np.unique(labels, return_inverse=True)[1], HELD, 0)
    rest, kept = here[~held], here[held]
    trees = kind(max_iter=TREES, max_leaf_nodes=LEAVES, early_stopping=False, random_state=0)
    start = gg.from_trees(trees.fit(x[rest], y[rest]), bits=8).optimize()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = gg.train.fine_tune(
            start, x[rest], y[rest], validation=(x[kept], y[kept]), threads=1, progress=False
        )
    found: list[float] = []
    for model in (start, made):
        said, true = model.predict(x[there]), y[there]
        task = ("regression", said, true[:, None]) if table.numbers else ("argmax", said, true)
        found += [figure(*task), live_gates(model.circuit)]
    return found[0], int(found[1]), found[2], int(found[3])


if __name__ == "__main__":
    main()
