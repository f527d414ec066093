"""The table of experiments: our records beside the published figures."""

from collections.abc import Iterable, Sequence

from gategrad.experiments.catalogue import ROWS, Row
from gategrad.records import Group, Record, grouped

COLUMNS = (
    *("command", "neurons", "live gates", "test accuracy", "soft", "published", "seeds"),
    "minutes a run",
)
NOT_RUN = "not run"


def table(records: Iterable[Record], rows: Sequence[Row] = ROWS) -> str:
    """A line of markdown a row, each with the command that makes it; those not run say so.

    Accuracies are means over the seeds, of the circuit, with the lowest and the highest.
    """
    groups = grouped(records)
    lines = [COLUMNS, ("---",) * len(COLUMNS)]
    lines += [_line(row, group_of(row, groups)) for row in rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def figures(records: Iterable[Record]) -> list[dict[str, object]]:
    """The same as plain values."""
    groups, made = grouped(records), []
    for row in ROWS:
        group = group_of(row, groups)
        made.append(
            {
                "command": row.command,
                "published": row.published,
                "hard_accuracy": group and group.mean("test_hard"),
                "seeds": group.seeds if group else [],
            }
        )
    return made


def group_of(row: Row, groups: Sequence[Group]) -> Group | None:
    """The last one recorded of the row's runs."""
    mine = [g for g in groups if g.first.data == row.name and g.first.options == row.options]
    return mine[-1] if mine else None


def _line(row: Row, group: Group | None) -> tuple[str, ...]:
    published = "" if row.published is None else f"{100 * row.published:.2f} %"
    command = f"`{row.command}`" + (f" (our recipe, {row.ours})" if row.ours else "")
    if group is None:
        return (command, "", "", NOT_RUN, "", published, "", "")
    live = f"{group.mean('gates'):,.0f}" if group.mean("gates") else ""
    return (
        command,
        f"{group.first.neurons:,}",
        live,
        _accuracy(group),
        f"{100 * group.mean('test_soft'):.2f} %",
        published,
        ", ".join(map(str, group.seeds)),
        f"{group.mean('seconds') / 60:.1f}",
    )


def _accuracy(group: Group) -> str:
    reached = [100 * record.test_hard for record in group.records]
    middle = f"**{100 * group.mean('test_hard'):.2f} %**"
    if len(reached) == 1:
        return middle
    return f"{middle} ({min(reached):.2f}-{max(reached):.2f})"
