"""The table of what runs reached, in markdown."""

from collections.abc import Sequence

from gategrad.records.groups import Group

COLUMNS = (
    *("data", "recipe", "neurons", "live gates", "test accuracy", "soft", "validation", "seeds"),
    *("training, minutes", "command, minutes", "threads, machine"),
)
NOT_RUN = "not run yet"


def table(groups: Sequence[Group], not_run: Sequence[tuple[str, str]] = ()) -> str:
    """Rows for groups, then rows that say so for the runs (data, recipe) that nobody made yet.

    Accuracies are means over the seeds, the test accuracy with the lowest and the highest.
    """
    rows = [COLUMNS, ("---",) * len(COLUMNS), *map(_row, groups)]
    blank = ("",) * (len(COLUMNS) - 3)
    rows += [(data, recipe, NOT_RUN, *blank) for data, recipe in not_run]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(group: Group) -> tuple[str, ...]:
    first = group.first
    return (
        first.data,
        group.name,
        f"{first.neurons:,}",
        f"{group.mean('gates'):,.0f}",
        _with_spread(group),
        _percent(group.mean("test_soft")),
        _percent(group.validation),
        ", ".join(map(str, group.seeds)),
        f"{group.mean('seconds') / 60:.1f}",
        f"{group.mean('total_seconds') / 60:.1f}" + (", resumed" if first.resumed else ""),
        f"{first.threads}, {first.machine}",
    )


def _with_spread(group: Group) -> str:
    reached = [record.test_hard for record in group.records]
    middle = f"**{_percent(group.mean('test_hard'))}**"
    if len(reached) == 1:
        return middle
    return f"{middle} ({100 * min(reached):.2f}-{100 * max(reached):.2f})"


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.2f} %"
