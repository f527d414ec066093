"""The long runs behind docs/results.md: each a `gategrad train`, resumable, recorded.

    python -m benchmarks.recipes --list
    python -m benchmarks.recipes --runs fast:0,1,2 small:0 best    # seed 0 where none is named
    python -m benchmarks.recipes --report                          # writes docs/results.md

A run that is recorded with the settings that its preset has today is skipped; one that was
interrupted goes on from its checkpoint. So the same command again continues a series.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from gategrad import records, train
from gategrad.records import Record
from gategrad.train import Recipe

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "records" / "recipes.jsonl"
PAGE, PICTURE = ROOT / "docs" / "results.md", ROOT / "docs" / "results.svg"
WORK = ROOT / "build" / "recipes"
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Run:
    """What to train: a preset on a set of data, with other options than its own."""

    data: str
    preset: str
    options: dict[str, object] = field(default_factory=dict)
    seeds: tuple[int, ...] = SEEDS

    def recipe(self) -> Recipe:
        """The recipe as `gategrad train` will follow it."""
        return train.preset(self.preset, self.data, **self.options)

    def arguments(self) -> list[str]:
        """Of `gategrad train`."""
        words = [self.data, "--preset", self.preset]
        for name, value in self.options.items():
            said = "none" if value is None else str(value)
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [said])]
        return words

    def made(self, record: Record, seed: int) -> bool:
        """Whether the record is that of this run, however it was asked for."""
        held = self.options.get("validation")
        mine = (self.data, self.recipe().settings(), seed, held)
        theirs = (record.data, record.settings, record.seed, record.options.get("validation"))
        return json.dumps(mine, sort_keys=True) == json.dumps(theirs, sort_keys=True)

    def named(self, record: Record) -> Record:
        """The record as this run is asked for today."""
        return replace(record, preset=self.preset, options=self.options)


# Tables of light: the one parametrization that gates of any number of inputs have. Steps such that
# the three train for about the same time.
_TABLES = {"parametrization": "light", "connections": "local", "layers": "4000x2", "augment": 3}
# The same for accuracy.
_LARGE_TABLES = _TABLES | {"layers": "8000x2", "augment": "online", "inputs": 6, "tau": 20.0}
_FEW_TABLES = {
    "layers": "1000,600",
    "inputs": 6,
    "parametrization": "light",
    "tau": 5.0,
    "steps": 15_000,
}
# CIFAR-10 without convolutions.
DENSE_CIFAR = {
    "connections": "learned",
    "candidates": 16,
    "optimizer": "adamw",
    "layers": "32000x2",
    "tau": 60.0,
    "lr": 0.03,
    "wiring_lr": 0.03,
    "thermometer": 7,
    "radius": 5,
    "augment": "online",
    "flip": True,
    "rotation": 0.0,
    "shift": 2.0,
    "scale": 0.0,
    "shear": 0.0,
    "share": 0.5,
    "steps": 60_000,
}

# Convolutions of fixed wiring, and dense layers behind them that learn theirs: in one short run on
# digits they made half the errors of the papers' fixed wiring (docs/convolution.md). Steps for an
# hour of one core or less; those of CIFAR's nightly run for some eight.
_LEARNED = {
    "connections": "learned",
    "conv_connections": "random",
    "candidates": 16,
    "optimizer": "adamw",
}
# Gates of three inputs in the convolutions, and fewer candidates: four points more in short runs on
# CIFAR-10 (docs/convolution.md).
_THREES = _LEARNED | {"candidates": 8, "conv_inputs": 3, "freeze": None}
_RATES = {"lr": 0.03, "wiring_lr": 0.03}
_WIDE = {"layers": "32000x2", "tau": 60.0, **_RATES}
_CONV_MNIST = {
    "arch": "compact-128",
    **_THREES,
    "layers": "16000x2",
    "tau": 25.0,
    **_RATES,
    "share": 0.8,
    "rotation": 10.0,
    "shift": 1.5,
    "scale": 0.08,
    "shear": 0.1,
    "steps": 50_000,
}
# On edges, which digits have no need of.
_EDGES_MNIST = _CONV_MNIST | {"filters": "pixels,steps", "thermometer": 3, "steps": 24_000}
_CONV_FASHION = {
    "arch": "compact-64",
    **_THREES,
    "layers": "16000x2",
    "tau": 30.0,
    **_RATES,
    "flip": True,
    "steps": 30_000,
}
_CONV_PAIRS = {"arch": "compact-64", **_LEARNED, **_WIDE}
_SMALL_CIFAR = {
    "filters": "pixels,opponents,steps",
    "thermometer": 7,
    "arch": "compact-64",
    **_LEARNED,
    "candidates": 8,
    "freeze": None,
    "layers": "20000x2",
    "tau": 40.0,
    **_RATES,
    "steps": 30_000,
}
# Half as wide as CIFAR's best.
_HALF_CIFAR = {"arch": "compact-128", "layers": "32000x2", "tau": 60.0, "steps": 45_000}
# LogicTreeNet-S, whose dense layers are those of the paper.
_TREES = {
    "arch": "tree-S",
    "layers": "40960,20480,10240",
    "optimizer": "adamw",
    "weight_decay": 0.002,
    "steps": 36_000,
}

RUNS = {
    "fast": Run("mnist-1bit", "fast"),
    "small": Run("mnist-1bit", "small"),
    "best": Run("mnist-1bit", "best"),
    "best-6": Run("mnist-1bit", "best", _LARGE_TABLES | {"steps": 30_000}),
    "fashion": Run("fashion-mnist", "best"),
    "cifar": Run("cifar-10", "plain", DENSE_CIFAR, seeds=(0,)),
    "cifar-short": Run("cifar-10", "plain", DENSE_CIFAR | {"steps": 10_000}, seeds=(0,)),
    "cifar-long": Run("cifar-10", "plain", DENSE_CIFAR | {"steps": 240_000}, seeds=(0,)),
    "inputs-2": Run("mnist-1bit", "small", _TABLES | {"inputs": 2, "steps": 150_000}, seeds=(0,)),
    "inputs-4": Run("mnist-1bit", "small", _TABLES | {"inputs": 4, "steps": 36_000}, seeds=(0,)),
    "inputs-6": Run("mnist-1bit", "small", _TABLES | {"inputs": 6, "steps": 16_500}, seeds=(0,)),
    # For chips: a neuron is a table of six inputs, and its class's sum some one more.
    "lut6": Run("mnist-1bit", "small", _FEW_TABLES, seeds=(0,)),
    "lut6-wide": Run("mnist-1bit", "small", _FEW_TABLES | {"layers": "2000,1000"}, seeds=(0,)),
    **{
        f"{name}-fast": Run(name, "fast")
        for name in ("monks-1", "monks-2", "monks-3", "breast-cancer")
    },
    "breast-cancer-small": Run("breast-cancer", "small"),
    "conv-mnist": Run("mnist", "plain", _CONV_MNIST),
    "conv-mnist-edges": Run("mnist", "plain", _EDGES_MNIST, seeds=(0, 1)),
    "conv-fashion": Run("fashion-mnist", "plain", _CONV_FASHION),
    "conv-cifar-pairs": Run("cifar-10", "plain", _CONV_PAIRS | {"steps": 60_000}, seeds=(0,)),
    "conv-cifar": Run("cifar-10", "best", seeds=(0,)),
    "conv-cifar-small": Run("cifar-10", "plain", _SMALL_CIFAR, seeds=(0,)),
    "conv-cifar-half": Run("cifar-10", "best", _HALF_CIFAR, seeds=(0,)),
    "conv-cifar-night": Run("cifar-10", "best", {"steps": 300_000}, seeds=(0,)),
    "tree-s": Run("cifar-10", "plain", _TREES, seeds=(0,)),
    **{
        f"penalty-{penalty}": Run(
            "mnist-1bit", "small", {"gate_penalty": penalty, "steps": 40_000}, seeds=(0,)
        )
        for penalty in (0.05, 0.1, 0.2, 0.5)
    },
}


def main() -> None:
    """Do what the command line asks for."""
    options = _options()
    if options.list:
        for name, run in RUNS.items():
            print(f"{name}: gategrad train {' '.join(run.arguments())}")
    for text in options.runs:
        name, _, seeds = text.partition(":")
        if name not in RUNS:
            raise SystemExit(f"unknown run {name!r}; known: {', '.join(RUNS)}")
        for seed in map(int, seeds.split(",") if seeds else "0"):
            _make(name, RUNS[name], seed, options)
    if options.report:
        report(options.out)


def report(out: Path) -> None:
    """Write the table, with the runs that are missing, and the picture."""
    found = records.read(out) if out.exists() else []
    groups, missing = [], []
    for run in RUNS.values():
        mine = [run.named(r) for r in found if any(run.made(r, seed) for seed in run.seeds)]
        groups += records.grouped(mine)
        if not mine:
            name = ", ".join([run.preset, *(f"{k} {v}" for k, v in run.options.items())])
            missing.append((run.data, name))
    page = PAGE.read_text("utf-8")
    text = records.table(groups, missing)
    PAGE.write_text(records.between_markers(page, "records", text), "utf-8")
    if groups:
        records.picture(groups, PICTURE)


def _make(name: str, run: Run, seed: int, options: argparse.Namespace) -> None:
    found = records.read(options.out) if options.out.exists() else []
    if any(run.made(record, seed) for record in found):
        print(f"{name}, seed {seed}: recorded already", flush=True)
        return
    options.out.parent.mkdir(parents=True, exist_ok=True)
    model = options.work / f"{name}-{seed}.gg"
    train_model(name, seed, model, options.threads, "--record", str(options.out))


def train_model(name: str, seed: int, model: Path, threads: int | None, *more: str) -> None:
    """Make the model file of a run, by way of a checkpoint beside it."""
    checkpoint = model.with_suffix(".pt")
    model.parent.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, "-m", "gategrad", "train", *RUNS[name].arguments()),
        *("--seed", str(seed), *more, "--out", str(model)),
        *("--checkpoint", str(checkpoint)),
        *(["--resume"] if checkpoint.exists() else []),
        *(["--threads", str(threads)] if threads else []),
    ]
    print(f"{name}, seed {seed}: {' '.join(command[2:])}", flush=True)
    subprocess.run(command, check=True)
    # The next run of this name may have other settings.
    checkpoint.unlink()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", nargs="*", default=[], metavar="NAME[:SEED,SEED]")
    parser.add_argument("--list", action="store_true", help="print the runs there are")
    parser.add_argument(
        "--report", action="store_true", help="write docs/results.md and its picture"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="file of records")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for checkpoints")
    parser.add_argument("--threads", type=int, help="all cores by default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
