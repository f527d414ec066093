"""The study of light against raw (arXiv 2510.03250): equal networks, resumable. Imports torch."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import torch
from torch import nn

from gategrad.experiments.catalogue import EXPERIMENTS, Experiment
from gategrad.experiments.errors import ExperimentError
from gategrad.experiments.light_report import INITS, PARAMETRIZATIONS
from gategrad.experiments.network import make_network
from gategrad.experiments.options import ExperimentOptions
from gategrad.experiments.rows import Part, load_rows
from gategrad.experiments.run import batches, figures, held_back
from gategrad.nn import output_histogram
from gategrad.records.journal import append_line, read_lines
from gategrad.records.machine import machine_kind

DATA = {
    "mnist": EXPERIMENTS["mnist"],
    "cifar-10": EXPERIMENTS["cifar-10-3-thresholds"],
    "cifar-100": Experiment("cifar-100", "cifar-100", 3 * 3072, 100, {}, {}),
}
# Of the training rows, to follow accuracy by.
_HELD = 0.05
_BINS = 10
_ROUNDS = 60
_HISTOGRAM_ROWS = 256


@dataclass(frozen=True)
class Study:
    """Sizes of the study.

    Attributes:
        data: one of `DATA`.
        k: gates a layer.
        layers: of the network of depth 1.
        depths: multiples of `layers` to train at.
        steps: of each training.
        eval_freq: steps between two looks at the rows held back.
        batch_size: rows a step.
        lr: of Adam.
        tau: of the GroupSum.
        seed: of wiring, weights and order.
    """

    data: str = "mnist"
    k: int = 2000
    layers: int = 4
    depths: tuple[int, ...] = (1, 2, 5, 10, 20)
    steps: int = 4000
    eval_freq: int = 200
    batch_size: int = 128
    lr: float = 0.01
    tau: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be studied."""
        if self.data not in DATA:
            raise ExperimentError(f"unknown data {self.data!r}; known: {', '.join(DATA)}")
        if not self.depths or min(self.depths) < 1:
            raise ExperimentError(f"depths are {self.depths}; expected multiples such as 1,2,5")

    def runs(self) -> Iterator[dict[str, object]]:
        """What is measured: costs, outputs at the start, trainings; inits only at depth 1."""
        for one in PARAMETRIZATIONS:
            yield {"kind": "cost", "parametrization": one, "init": "residual", "depth": 1}
        for kind in ("start", "training"):
            for depth in self.depths:
                for init in INITS if depth == self.depths[0] or kind == "start" else ("residual",):
                    for one in PARAMETRIZATIONS:
                        yield {"kind": kind, "parametrization": one, "init": init, "depth": depth}


def run_study(
    study: Study, path: str | os.PathLike, tell: Callable[[str], None] = lambda line: None
) -> list[dict[str, object]]:
    """Measure what the file lacks, a line of JSON each; what it has by now.

    Raises:
        ExperimentError: unknown data, or depths that are none.
        DataError: the data can't be loaded.
        RecordError: the file holds something else.
    """
    sizes = asdict(study) | {"depths": list(study.depths), "threads": torch.get_num_threads()}
    known = [values for _, values in read_lines(path)] if Path(path).exists() else []
    parts: tuple[Part, Part] | None = None
    for wanted in study.runs():
        # One training is the same, whatever others there are.
        one = wanted | {name: value for name, value in sizes.items() if name != "depths"}
        if any(one.items() <= line.items() for line in known):
            continue
        parts = parts or load_rows(DATA[study.data])
        line = one | {"found": _measure(study, wanted, parts), "machine": machine_kind()}
        append_line(path, line)
        known.append(line)
        tell(" ".join(map(str, wanted.values())))
    return known


def _measure(study: Study, one: dict[str, object], parts: tuple[Part, Part]) -> dict[str, object]:
    options = ExperimentOptions(
        batch_size=study.batch_size,
        tau=study.tau,
        num_iterations=study.steps,
        num_neurons=study.k,
        num_layers=study.layers * one["depth"],
        learning_rate=study.lr,
        connections="random",
        parametrization=one["parametrization"],
        init=one["init"],
    )
    net = make_network(DATA[study.data], options, study.seed)
    measure = {"cost": _cost, "start": _start, "training": _training}[one["kind"]]
    return measure(net, parts, study)


def _cost(net: nn.Sequential, parts: tuple[Part, Part], study: Study) -> dict[str, object]:
    """Bytes of weights and of Adam's moments; milliseconds of the fastest step and backward."""
    optimizer = torch.optim.Adam(net.parameters(), study.lr, fused=True)
    rows = torch.arange(study.batch_size)
    x, y = parts[0].values(rows), parts[0].labels[rows]
    times = []
    for _ in range(_ROUNDS):
        start = perf_counter()
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        middle = perf_counter()
        loss.backward()
        after = perf_counter()
        optimizer.step()
        times.append((perf_counter() - start, after - middle))
    step, backward = (min(part) for part in zip(*times[3:], strict=True))
    moments = [v for state in optimizer.state.values() for v in state.values() if v.ndim]
    return {
        "weight_bytes": sum(p.nbytes for p in net.parameters()),
        "optimizer_bytes": sum(v.nbytes for v in moments),
        "step_ms": round(1e3 * step, 3),
        "backward_ms": round(1e3 * backward, 3),
    }


def _start(net: nn.Sequential, parts: tuple[Part, Part], study: Study) -> dict[str, object]:
    """How the outputs of the last layer are distributed before training."""
    rows = torch.arange(min(_HISTOGRAM_ROWS, len(parts[0])))
    found = output_histogram(nn.Sequential(*net), parts[0].values(rows), bins=_BINS)
    shares = found.counts[-1] / found.counts[-1].sum()
    return {
        "histogram": [round(float(share), 4) for share in shares],
        "signal": float(f"{found.signal[-1]:.3g}"),
    }


def _training(net: nn.Sequential, parts: tuple[Part, Part], study: Study) -> dict[str, object]:
    """Accuracies on rows held back as training goes on, and on the test rows at its end."""
    train, held = held_back(parts[0], _HELD, study.seed)
    optimizer = torch.optim.Adam(net.parameters(), study.lr, fused=True)
    stream = batches(train, study.batch_size, study.seed)
    curve = []
    for step in range(1, study.steps + 1):
        rows = next(stream)
        loss = nn.functional.cross_entropy(net(train.values(rows)), train.labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % study.eval_freq == 0 or step == study.steps:
            reached = figures(net, held)
            curve.append([step, round(reached.hard, 4), round(reached.soft, 4)])
    reached = figures(net, parts[1])
    return {"curve": curve, "test_hard": reached.hard, "test_soft": reached.soft}


def from_options(options: ExperimentOptions, data: str, depths: str | None, seed: int) -> Study:
    """A study with the sizes that are given.

    Raises:
        ExperimentError: an option that the study has no use for, or depths that can't be read.
    """
    names = {"num_neurons": "k", "num_layers": "layers", "num_iterations": "steps",
             "learning_rate": "lr", "eval_freq": "eval_freq", "batch_size": "batch_size",
             "tau": "tau"}  # fmt: skip
    plain = ExperimentOptions()
    for name, value in vars(options).items():
        if name not in names and value != getattr(plain, name):
            raise ExperimentError(f"--{name.replace('_', '-')} is not for light-study")
    given = {own: getattr(options, name) for name, own in names.items()}
    sizes = {own: value for own, value in given.items() if value is not None}
    study = replace(Study(), data=data, seed=seed, **sizes)
    if depths is None:
        return study
    try:
        wanted = tuple(int(part) for part in depths.split(","))
    except ValueError:
        raise ExperimentError(f"--depths is {depths!r}; expected multiples such as 1,2,5") from None
    return replace(study, depths=wanted)
