"""Records of one recipe on one set of data: its seeds together."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from gategrad.records.record import Record


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed alone; of two runs of a seed the later one counts."""

    records: tuple[Record, ...]

    @property
    def first(self) -> Record:
        """One of them, for what they have in common."""
        return self.records[0]

    @property
    def name(self) -> str:
        """The preset, and the options that took the place of its own, such as `small, lr 0.1`."""
        options = (
            f"{name.replace('_', '-')} {value}" for name, value in self.first.options.items()
        )
        return ", ".join([self.first.preset, *options])

    @property
    def seeds(self) -> list[int]:
        """In ascending order."""
        return [record.seed for record in self.records]

    def mean(self, name: str) -> float:
        """Of a field."""
        return mean(getattr(record, name) for record in self.records)

    @property
    def validation(self) -> float | None:
        """Mean of `validation_hard`; None where no rows were held back."""
        return None if self.first.validation_hard is None else self.mean("validation_hard")

    def spread(self, name: str) -> float:
        """The largest minus the smallest of a field."""
        values = [getattr(record, name) for record in self.records]
        return max(values) - min(values)


def grouped(records: Iterable[Record]) -> list[Group]:
    """Groups in the order of their first records; seeds ascend within."""
    found: dict[str, dict[int, Record]] = {}
    for record in records:
        found.setdefault(key(record), {})[record.seed] = record
    return [Group(_by_seed(list(runs.values()))) for runs in found.values()]


def key(record: Record) -> str:
    """What runs of one group share."""
    common = (record.data, record.preset, record.settings, record.machine, record.threads)
    return json.dumps(common, sort_keys=True)


def _by_seed(records: Sequence[Record]) -> tuple[Record, ...]:
    return tuple(sorted(records, key=lambda record: record.seed))
