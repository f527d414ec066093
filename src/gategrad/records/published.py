"""What others published: accuracy against size, with the source of each point."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# The published figures are for images of any number of levels; experiments have difflogic's names.
_SAME_TASK = {
    "mnist-1bit": "mnist",
    "mnist20x20": "mnist",
    "cifar-10-3-thresholds": "cifar-10",
    "cifar-10-31-thresholds": "cifar-10",
    "breast_cancer": "breast-cancer",
    **{f"monk{i}": f"monks-{i}" for i in (1, 2, 3)},
}


@dataclass(frozen=True)
class Point:
    """One published network.

    Attributes:
        data: name of the set.
        gates: the size that the source gives.
        accuracy: of the discretized network, a fraction, on the test part.
        name: of the method.
        source: where it is published.
        kind: what the source counts: neurons, gates or Boolean operations.
    """

    data: str
    gates: int
    accuracy: float
    name: str
    source: str
    kind: str


def published(data: str) -> tuple[Point, ...]:
    """The points for a set, () where there are none.

    Examples:
        >>> point = published("mnist-1bit")[1]
        >>> point.name, point.gates, point.accuracy, point.source
        ('LILogicNet', 8000, 0.9845, 'arXiv 2511.12340')
    """
    task = _SAME_TASK.get(data, data)
    return tuple(point for point in _all() if point.data == task)


@cache
def _all() -> tuple[Point, ...]:
    text = files("gategrad.records").joinpath("published.json").read_text("utf-8")
    return tuple(Point(**point) for point in json.loads(text)["points"])
