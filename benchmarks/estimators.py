"""Estimators for tables: ours by their defaults, scikit-learn's and LightGBM's. Imports torch.

    python -m benchmarks.estimators [--sets iris wine] [--estimators gategrad] [--again]
    python -m benchmarks.estimators --report

Five folds, the same for all, one seed a fold, one thread. A record is one set and one estimator,
appended to docs/studies/estimators.jsonl when it is done; what is there already is not measured
again. The report prints the tables and writes them into docs/tables.md. Rows a second are of
`predict` on the raw columns, text included, by the processor time of this process.
"""

import argparse
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.base import BaseEstimator
from sklearn.model_selection import KFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from benchmarks.estimator_makers import ESTIMATORS
from benchmarks.estimator_report import tables
from benchmarks.estimator_sets import SETS, TableSet
from gategrad import records
from gategrad.records.journal import append_line, read_lines

ROOT = Path(__file__).parents[1]
PAGE, OUT = ROOT / "docs" / "tables.md", ROOT / "docs" / "studies" / "estimators.jsonl"
FOLDS, SPEED_ROWS, ROUNDS = 5, 4_096, 3


@dataclass(frozen=True)
class Measured:
    """One estimator on one set.

    Attributes:
        set: its name.
        estimator: its name.
        figure: "accuracy", or "R2".
        scores: that of each fold.
        balanced: balanced accuracy of each fold, none of numbers.
        gates: live gates of ours, the mean of the folds.
        rows_a_second: of `predict`, by processor time.
        fit_seconds: of processor time, the mean of the folds.
        rows: of the set.
        columns: of the set.
    """

    set: str
    estimator: str
    figure: str
    scores: list[float]
    balanced: list[float]
    gates: float | None
    rows_a_second: float
    fit_seconds: float
    rows: int
    columns: int


def main(arguments: list[str] | None = None) -> None:
    """Measure what is asked for and not recorded yet, or report."""
    options = _options(arguments)
    if not options.report:
        for name in options.sets:
            table = SETS[name]()
            for estimator in options.estimators:
                with threadpool_limits(1):
                    _measure(name, estimator, table, options)
    report(options.out, options.page)


def read(path: Path) -> dict[tuple[str, str], Measured]:
    """The last record of each set and estimator."""
    if not path.exists():
        return {}
    found = [Measured(**values) for _, values in read_lines(path)]
    return {(one.set, one.estimator): one for one in found}


def report(path: Path, page: Path) -> None:
    """Print the tables of the records, and write them into the page."""
    text = tables(list(read(path).values()), list(SETS), list(ESTIMATORS))
    print(text)
    page.write_text(records.between_markers(page.read_text("utf-8"), "records", text), "utf-8")


def _measure(name: str, estimator: str, table: TableSet, options: argparse.Namespace) -> None:
    if (name, estimator) in read(options.out) and not options.again:
        print(f"{name}, {estimator}: recorded already", file=sys.stderr)
        return
    made = measure(name, estimator, table, ESTIMATORS[estimator])
    append_line(options.out, asdict(made))
    print(f"{name}, {estimator}: {np.mean(made.scores):.4f}, fit in {made.fit_seconds:.1f} s",
          file=sys.stderr, flush=True)  # fmt: skip


def measure(
    name: str, estimator: str, table: TableSet, make: Callable[[TableSet, int], BaseEstimator]
) -> Measured:
    """Fit and test on each fold."""
    scores, balanced, gates, seconds = [], [], [], []
    for fold, (here, there) in enumerate(folds_of(table)):
        model = make(table, fold)
        start = process_time()
        with warnings.catch_warnings():
            # Of those that run out of iterations, or lack a category; the score says how it went.
            warnings.simplefilter("ignore")
            model.fit(table.x.iloc[here], table.y[here])
            seconds.append(process_time() - start)
            said = model.predict(table.x.iloc[there])
        true = table.y[there]
        if table.numbers:
            scores.append(float(metrics.r2_score(true, said)))
        else:
            scores.append(float(metrics.accuracy_score(true, said)))
            balanced.append(_balanced(true, said))
        if hasattr(model, "to_model"):
            gates.append(_live_gates(model.to_model()))
    return Measured(
        name,
        estimator,
        "R2" if table.numbers else "accuracy",
        [round(score, 5) for score in scores],
        [round(score, 5) for score in balanced],
        float(np.mean(gates)) if gates else None,
        float(f"{_rate(model, table.x.iloc[there]):.3g}"),
        float(f"{np.mean(seconds):.3g}"),
        *table.x.shape,
    )


def folds_of(table: TableSet) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rows to train on and to test on of each fold."""
    kind = KFold if table.numbers else StratifiedKFold
    return list(kind(FOLDS, shuffle=True, random_state=0).split(table.x, table.y))


def _balanced(true: np.ndarray, said: np.ndarray) -> float:
    return float(np.mean([np.mean(said[true == c] == c) for c in np.unique(true)]))


def _live_gates(model: object) -> int:
    from gategrad.circuit import live_gates

    return live_gates(model.circuit)


def _rate(model: BaseEstimator, x: pd.DataFrame) -> float:
    """Rows a second of processor time."""
    many = pd.concat([x] * -(-SPEED_ROWS // len(x)), ignore_index=True)
    times = []
    for _ in range(ROUNDS):
        start = process_time()
        model.predict(many)
        times.append(process_time() - start)
    return len(many) / max(min(times), 1e-6)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument(
        "--estimators", nargs="*", choices=list(ESTIMATORS), default=list(ESTIMATORS)
    )
    parser.add_argument("--again", action="store_true", help="measure what is recorded too")
    parser.add_argument("--report", action="store_true", help="only make the tables")
    parser.add_argument("--out", type=Path, default=OUT, help="file of records")
    parser.add_argument("--page", type=Path, default=PAGE, help="page with the tables")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
