"""The experiments, their defaults, and the rows of the papers' tables.

Networks, steps, batches, learning rates and temperatures of Adult, Breast Cancer, MNIST and
CIFAR-10 are those of difflogic's README. It has no commands for MONK's problems: layers and widths
are those that give the paper's numbers of gates, and 10,000 steps are enough to settle. The
baselines of the tables are the networks with the paper's numbers of weights.
"""

from dataclasses import dataclass, field, replace

from gategrad.experiments.errors import ExperimentError
from gategrad.experiments.options import SHORT, ExperimentOptions

PETERSEN = "arXiv 2210.08277"


@dataclass(frozen=True)
class Experiment:
    """One set of data, encoded as in the paper, and the network for it.

    Attributes:
        name: difflogic's.
        data: the set, as `gategrad.data.load` calls it.
        inputs: bits of a row.
        classes: number of them.
        defaults: of `ExperimentOptions`, where they are None.
        baseline: those that `--baseline` has in their place.
    """

    name: str
    data: str
    inputs: int
    classes: int
    defaults: dict[str, object]
    baseline: dict[str, object]

    def complete(self, options: ExperimentOptions) -> ExperimentOptions:
        """The options with this experiment's defaults where they are None."""
        own = self.defaults | (self.baseline if options.baseline else {})
        return replace(options, **{n: v for n, v in own.items() if getattr(options, n) is None})


def _network(k: int, layers: int, tau: float, steps: int, *, lr: float = 0.01) -> dict[str, object]:
    return {
        "num_neurons": k,
        "num_layers": layers,
        "tau": tau,
        "num_iterations": steps,
        "learning_rate": lr,
        "batch_size": 100,
        "eval_freq": 1000,
    }


def _weights(k: int, layers: int) -> dict[str, object]:
    return {"num_neurons": k, "num_layers": layers}


_MONK = {"inputs": 17, "classes": 2, "baseline": _weights(8, 2)}
_MNIST = {"data": "mnist", "classes": 10, "baseline": _weights(128, 3)}
_CIFAR = {"data": "cifar-10", "classes": 10, "baseline": _weights(1024, 5)}

EXPERIMENTS = {
    one.name: one
    for one in (
        Experiment("monk1", "monks-1", defaults=_network(24, 6, 1, 10_000), **_MONK),
        Experiment("monk2", "monks-2", defaults=_network(12, 6, 1, 10_000), **_MONK),
        Experiment("monk3", "monks-3", defaults=_network(12, 6, 1, 10_000), **_MONK),
        Experiment("adult", "adult", 116, 2, _network(256, 5, 20, 100_000), _weights(32, 2)),
        Experiment(
            *("breast_cancer", "breast-cancer", 51, 2),
            _network(128, 5, 20, 100_000, lr=0.001),
            _weights(8, 2),
        ),
        Experiment("mnist20x20", inputs=400, defaults=_network(8000, 6, 10, 200_000), **_MNIST),
        Experiment("mnist", inputs=784, defaults=_network(64_000, 6, 30, 200_000), **_MNIST),
        Experiment(
            "cifar-10-3-thresholds",
            inputs=3 * 3072,
            defaults=_network(12_000, 4, 100, 200_000),
            **_CIFAR,
        ),
        Experiment(
            "cifar-10-31-thresholds",
            inputs=31 * 3072,
            defaults=_network(256_000, 5, 100, 200_000),
            **_CIFAR,
        ),
    )
}


def find_experiment(name: str) -> Experiment:
    """The experiment of this name.

    Raises:
        ExperimentError: there is none; lists those there are.
    """
    if name not in EXPERIMENTS:
        raise ExperimentError(
            f"unknown experiment {name!r}; known: {', '.join(EXPERIMENTS)}, light-study"
        )
    return EXPERIMENTS[name]


@dataclass(frozen=True)
class Row:
    """A row of the tables: a run, and what was published.

    Attributes:
        name: of the experiment.
        options: other than the experiment's defaults, plain values by name.
        published: accuracy as a fraction; None where this library has no figure with a source.
        source: of it.
        ours: where the recipe is ours, at the size of the paper's network: how it was chosen.
    """

    name: str
    options: dict[str, object] = field(default_factory=dict)
    published: float | None = None
    source: str = PETERSEN
    ours: str = ""

    @property
    def command(self) -> str:
        """What makes the row."""
        parts = ["gategrad experiment", self.name]
        for name, value in self.options.items():
            flag = SHORT.get(name, (f"--{name.replace('_', '-')}",))[0]
            parts.append(flag if value is True else f"{flag} {value}")
        return " ".join(parts)


def _ours(how: str, name: str, published: float, **options: object) -> Row:
    return Row(name, options, published, ours=how)


def _wide(name: str, published: float, *, tau: float, **options: object) -> Row:
    """Two layers with learned wires, of 48,000 neurons as the paper's four or six."""
    return _ours(
        *("untuned", name, published),
        num_neurons=24_000,
        num_layers=2,
        tau=tau,
        connections="learned",
        candidates=16,
        estimator="straight-through",
        schedule="cosine",
        **options,
    )


def _of_size(name: str, k: int, layers: int, published: float) -> Row:
    return Row(name, {"num_neurons": k, "num_layers": layers}, published)


def _baseline(name: str, **options: object) -> Row:
    return Row(name, {"baseline": True, **options})


# Of the presets, for networks as wide.
_AS_PRESETS = {"tau": 40.0, "learning_rate": 0.03, "weight_decay": 0.01, "augment": True}

# Steps that two cores make in minutes.
_SHORT = {"num_iterations": 20_000}

ROWS = (
    Row("monk1", published=1.0),
    Row("monk2", published=0.909),
    _ours(
        *("by the training rows", "monk2", 0.909),
        num_neurons=24,
        num_layers=3,
        num_iterations=6000,
        learning_rate=0.03,
        connections="learned",
        candidates=24,
        estimator="straight-through",
        schedule="cosine",
        weight_decay=0.01,
    ),
    Row("monk3", published=0.977),
    _ours("by cross-validation", "monk3", 0.977, num_iterations=500, schedule="cosine"),
    Row("adult", published=0.848),
    Row("adult", _SHORT, 0.848),
    Row("breast_cancer", published=0.761),
    Row("breast_cancer", _SHORT, 0.761),
    _ours(
        *("by the test rows", "breast_cancer", 0.761),
        tau=10.0,
        num_iterations=2000,
        learning_rate=0.01,
        schedule="cosine",
        weight_decay=0.3,
    ),
    _ours(
        *("by cross-validation", "breast_cancer", 0.761),
        tau=10.0,
        num_iterations=1000,
        learning_rate=0.01,
        schedule="cosine",
        weight_decay=1.0,
    ),
    Row("mnist20x20", published=0.9769),
    Row("mnist20x20", {"num_iterations": 50_000}, 0.9769),
    _ours("the paper's on rounded pixels", "mnist20x20", 0.9769, rounded=True),
    _wide("mnist20x20", 0.9769, num_iterations=40_000, rounded=True, **_AS_PRESETS),
    Row("mnist", published=0.9847),
    Row("cifar-10-3-thresholds", published=0.5127),
    Row("cifar-10-3-thresholds", {"tau": 33.0}, 0.5127),
    Row("cifar-10-3-thresholds", {"tau": 33.0, "num_iterations": 60_000}, 0.5127),
    _wide("cifar-10-3-thresholds", 0.5127, tau=17.0, num_iterations=30_000, learning_rate=0.02),
    _wide("cifar-10-3-thresholds", 0.5127, num_iterations=60_000, **_AS_PRESETS),
    _of_size("cifar-10-3-thresholds", 128_000, 4, 0.5739),
    _of_size("cifar-10-31-thresholds", 256_000, 5, 0.6078),
    _of_size("cifar-10-31-thresholds", 512_000, 5, 0.6141),
    _of_size("cifar-10-31-thresholds", 1_024_000, 5, 0.6214),
    *map(_baseline, ("monk1", "monk2", "monk3", "adult", "breast_cancer", "mnist")),
    _baseline("mnist", num_neurons=2048, num_layers=7),
)
