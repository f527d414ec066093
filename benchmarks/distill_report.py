"""The tables of docs/distill.md, of the records of `benchmarks.distill`."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from benchmarks.distill_students import (
    ALONE,
    CIFAR_STEPS,
    LAYERED,
    NAMES,
    STUDENTS,
    TAUGHT,
    Student,
)
from benchmarks.distill_teachers import read_all
from gategrad import records

PAGE = Path(__file__).parents[1] / "docs" / "distill.md"


def report() -> None:
    """Write both tables."""
    page, found = PAGE.read_text("utf-8"), read_all()
    page = records.between_markers(page, "students", students_table(found))
    PAGE.write_text(records.between_markers(page, "stages", stages_table(found)), "utf-8")


def students_table(found: Sequence[dict]) -> str:
    """A row for each student of each teacher, its seeds together."""
    lines = [
        "| teacher | student | test accuracy | held back | live gates | steps | seeds | minutes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = [(teacher, student, NAMES) for teacher, student in STUDENTS.items()]
    for teacher, student, names in (*rows, ("cifar", Student(CIFAR_STEPS), (ALONE, TAUGHT))):
        for name in names:
            mine = _of(found, teacher, student, name)
            lines.append(_row(teacher, name, mine))
    return "\n".join(lines) + "\n"


def stages_table(found: Sequence[dict]) -> str:
    """A row for each stage of the first seed of each teacher."""
    lines = [
        "| teacher | stage | bits | agree | constants | on the teacher's bits | "
        "on the student's | live gates |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for teacher, student in STUDENTS.items():
        for one in _of(found, teacher, student, LAYERED)[:1]:
            for stage in one["stages"]:
                shares = [_share(stage[k]) for k in ("agreement", "constant", "coded", "accuracy")]
                lines.append(f"| {teacher} | {stage['name']} | {stage['bits']:,} | "
                             f"{' | '.join(shares)} | {stage['gates']:,} |")  # fmt: skip
    return "\n".join(lines) + "\n"


def _of(found: Sequence[dict], teacher: str, student: Student, name: str) -> list[dict]:
    """Records by seed; of two of a seed the later one."""
    mine = {"teacher": teacher, "name": name, "settings": student.settings()}
    by_seed = {r["seed"]: r for r in found if all(r.get(k) == v for k, v in mine.items())}
    return [by_seed[seed] for seed in sorted(by_seed)]


def _row(teacher: str, name: str, mine: Sequence[dict]) -> str:
    if not mine:
        return f"| {teacher} | {name} | not run yet | | | | | |"
    test = [r["test"] for r in mine]
    ends = f" ({min(test):.2%}-{max(test):.2%})" if len(test) > 1 else ""
    return (
        f"| {teacher}, {mine[0]['teacher_test']:.2%} | {name} | **{mean(test):.2%}**{ends} | "
        f"{mean(r['held'] for r in mine):.2%} | {mean(r['gates'] for r in mine):,.0f} | "
        f"{mine[0]['steps']:,} | {', '.join(str(r['seed']) for r in mine)} | "
        f"{mean(r['seconds'] for r in mine) / 60:.1f} |"
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
