"""lleaves for trees.py and tables.py, in an interpreter of its own: `trees_peer.py FOREST ROWS`.

Prints how long compiling took, then for each line "batch times" the seconds of the best call; for
"predict FILE" it writes what it predicts for all rows to FILE.
"""

import sys
from time import perf_counter

import lleaves
import numpy as np


def main(forest: str, rows: str) -> None:
    """Answer until the other side closes."""
    x = np.load(rows)
    start = perf_counter()
    model = lleaves.Model(model_file=forest)
    model.compile()
    print(perf_counter() - start, flush=True)
    for line in sys.stdin:
        first, second = line.split()
        if first == "predict":
            np.save(second, model.predict(x, n_jobs=1))
            print(flush=True)
            continue
        batch, times = int(first), int(second)
        some, best = x[:batch], np.inf
        for _ in range(times):
            start = perf_counter()
            model.predict(some, n_jobs=1)
            best = min(best, perf_counter() - start)
        print(best, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
