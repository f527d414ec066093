"""What one training run was told and what it reached."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from gategrad.records.errors import RecordError

VERSION = 1


@dataclass(frozen=True)
class Record:
    """One training run.

    Attributes:
        data: name of the set, or of the file.
        preset: that the run started from.
        options: that took the place of the preset's; plain JSON values.
        settings: of the whole recipe, as far as they are no defaults.
        seed: of the run.
        validation_hard: accuracy of the circuit on the rows held back, of the best evaluation;
            None where none were.
        validation_soft: of the relaxed network, there.
        test_hard: accuracy of the circuit on the test rows.
        test_soft: of the relaxed network, there.
        neurons: gates before optimization.
        gates: live gates; 0 of a neural network.
        steps: steps done.
        best_step: the step that was chosen.
        seconds: of the training loop, over all its sittings.
        total_seconds: from the start of the command to the saved model; of a run that was resumed,
            of the command that ended it.
        resumed: whether it was.
        threads: that trained.
        machine: kind of processor, and cores.
        gategrad: version of this package.
        torch: version of torch.
        columns: what each column of a table was taken for; {} where rows are no table.
    """

    data: str
    preset: str
    options: dict[str, object]
    settings: dict[str, object]
    seed: int
    validation_hard: float | None
    validation_soft: float | None
    test_hard: float
    test_soft: float
    neurons: int
    gates: int
    steps: int
    best_step: int
    seconds: float
    total_seconds: float
    resumed: bool
    threads: int
    machine: str
    gategrad: str
    torch: str
    columns: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Plain values, the version of the form first."""
        values = {"version": VERSION} | asdict(self)
        return values if self.columns else {k: v for k, v in values.items() if k != "columns"}

    @classmethod
    def from_json(cls, values: object) -> "Record":
        """The record that `to_json` made.

        Raises:
            RecordError: another version, or keys that are missing or of another type.
        """
        if not isinstance(values, dict):
            raise RecordError(f"expected an object, got {type(values).__name__}")
        if values.get("version") != VERSION:
            raise RecordError(
                f"version is {values.get('version')!r}; this gategrad reads {VERSION}"
            )
        kinds: dict[str, Any] = {one.name: _KINDS[one.type] for one in fields(cls)}  # type: ignore[index]
        for name, kind in kinds.items():
            if name == "columns" and name not in values:
                continue
            if name not in values:
                raise RecordError(f"{name!r} is missing")
            if not isinstance(values[name], kind) or isinstance(values[name], bool) != (
                kind is bool
            ):
                raise RecordError(f"{name!r} is {values[name]!r}")
        if unknown := values.keys() - kinds.keys() - {"version"}:
            raise RecordError(f"unknown key {min(unknown)!r}")
        return cls(**{name: values[name] for name in kinds if name in values})


_KINDS = {
    str: str,
    bool: bool,
    int: int,
    float: (int, float),
    float | None: (int, float, type(None)),
    dict[str, object]: dict,
}
