"""The pruning behind docs/pruning.md: presets of MNIST and CIFAR-10, with training and without.

    python -m benchmarks.pruning --list
    python -m benchmarks.pruning --runs small best small-trained    # trains the models, if missing
    python -m benchmarks.pruning --report                           # the page's table and picture

A run that is recorded is skipped. The budget is spent on the rows that training held back, so on
rows that the network never saw; the test rows are looked at once. The same run gives the same
record, but for its seconds, also after it was killed.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

import gategrad as gg
from benchmarks import recipes
from gategrad import records
from gategrad.circuit import live_gates
from gategrad.distill import Retraining
from gategrad.pruning import Round
from gategrad.records import Frontier, machine_kind
from gategrad.train.splitting import held_rows

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "studies" / "pruning.jsonl"
PAGE, PICTURE = ROOT / "docs" / "pruning.md", ROOT / "docs" / "pruning.svg"
HELD, SEED = 5_000, 0


@dataclass(frozen=True)
class Case:
    """A model of `benchmarks.recipes`, a budget in points, and steps after each round."""

    model: str
    budget: float
    finetune: int = 0


CASES = {
    "small": Case("small", 0.2),
    "best": Case("best", 0.2),
    "small-trained": Case("small", 0.2, 1500),
    "best-trained": Case("best", 0.2, 1000),
    "penalty": Case("penalty-0.05", 0.1),
    "penalty-trained": Case("penalty-0.05", 0.1, 1500),
    "cifar": Case("cifar-short", 0.5),
    "cifar-trained": Case("cifar-short", 0.5, 500),
}


def main() -> None:
    """Do what the command line asks for."""
    options = _options()
    if options.list:
        for name, case in CASES.items():
            print(name, case)
    for name in options.runs:
        if name not in CASES:
            raise SystemExit(f"unknown run {name!r}; known: {', '.join(CASES)}")
        _run(name, options)
    if options.report:
        report(options.out)


def report(out: Path) -> None:
    """Write the table and the picture."""
    found = _by_name(out)
    page = records.between_markers(PAGE.read_text("utf-8"), "records", _table(found))
    PAGE.write_text(page, "utf-8")
    if found:
        records.frontier_picture(list(found.values()), PICTURE)


def _run(name: str, options: argparse.Namespace) -> None:
    case = CASES[name]
    if name in _by_name(options.out):
        print(f"{name}: recorded already", flush=True)
        return
    path = options.work / f"{case.model}-{SEED}.gg"
    if not path.exists():
        recipes.train_model(case.model, SEED, path, options.threads)
    made = pruned(gg.load(path), case, recipes.RUNS[case.model], options.threads)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    records.append_frontier(options.out, made)


def pruned(model: gg.Model, case: Case, run: recipes.Run, threads: int) -> Frontier:
    """Prune a model of a run as the case says."""
    started = process_time()
    x, y, x_test, y_test = gg.data.load(run.data)
    held = held_rows(y, HELD, SEED)
    training = None
    if case.finetune:
        shape = gg.data.info(run.data).shape
        warp = run.recipe().warp(shape) if run.recipe().augment else None
        training = Retraining(case.finetune, transform=warp, teacher=model, threads=threads)
    found = gg.prune(
        model, x[~held], _labels(model, y[~held]), budget=case.budget, x_held=x[held],
        y_held=_labels(model, y[held]), seed=SEED, on_round=_tell, retrain=training,
    )  # fmt: skip
    seconds = process_time() - started
    before, after = (float((m.program().labels(x_test) == y_test).mean())
                     for m in (model, found.model))  # fmt: skip
    made = Frontier(
        model=case.model, data=run.data, figure=found.figure, budget=case.budget,
        finetune=case.finetune, seed=SEED, held_rows=found.rows,
        gates=tuple(r.gates for r in found.rounds), held=tuple(r.figure for r in found.rounds),
        kept=found.rounds.index(found.kept), test_before=before, test=after,
        seconds=round(seconds, 1), machine=machine_kind(), gategrad=gg.__version__,
    )  # fmt: skip
    assert live_gates(found.model.circuit) == made.gates[made.kept]
    print(_row(made), flush=True)
    return made


def _labels(model: gg.Model, y: NDArray) -> NDArray:
    return y if model.labels is None else np.array(model.labels)[y]


def _tell(found: Round) -> None:
    print(f"{found.gates:,} gates: {found.figure:.2%} of the held-back rows", flush=True)


def _by_name(out: Path) -> dict[str, Frontier]:
    """The last record of each case; others belong to settings that are no more."""
    found = records.read_frontiers(out) if out.exists() else []
    cases = {case: name for name, case in CASES.items()}
    mine = {Case(f.model, f.budget, f.finetune): f for f in found}
    return {name: mine[case] for case, name in cases.items() if case in mine}


def _table(found: dict[str, Frontier]) -> str:
    lines = [
        "| model | points to lose | steps a round | gates | fewer | held back | test | "
        "processor minutes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, case in CASES.items():
        if name in found:
            lines.append(_row(found[name]))
        else:
            lines.append(
                f"| {case.model} | {case.budget} | {case.finetune} | not run yet | | | | |"
            )
    return "\n".join(lines) + "\n"


def _row(f: Frontier) -> str:
    def both(values: Sequence[float]) -> str:
        return f"{values[0]:.2%} to {values[1]:.2%}"

    return (
        f"| {f.data}, {f.model} | {f.budget} | {f.finetune} | {f.gates[0]:,} to "
        f"{f.gates[f.kept]:,} | **{f.saved:.1%}** | {both((f.held[0], f.held[f.kept]))} | "
        f"{both((f.test_before, f.test))} | {f.seconds / 60:.1f} |"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--list", action="store_true", help="print the runs there are")
    parser.add_argument("--report", action="store_true", help="write docs/pruning.md's table")
    parser.add_argument("--out", type=Path, default=OUT, help="file of records")
    parser.add_argument("--work", type=Path, default=recipes.WORK, help="folder of models")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
