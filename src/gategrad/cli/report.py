"""What the verbs print: facts and tables on stdout, notes on stderr, one JSON line for machines."""

import json
from collections.abc import Mapping
from math import isfinite

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

Facts = Mapping[str, RenderableType]


def stdout() -> Console:
    """Where results go."""
    return Console(highlight=False)


def stderr() -> Console:
    """Where progress and notes go."""
    return Console(stderr=True, highlight=False)


def shown(text: str) -> str:
    r"""Text that a terminal may have: control characters as in a Python string, such as \x1b.

    Labels and names come from files, and an escape sequence in one would reach the terminal.
    """
    return "".join(c if c == "\n" or c.isprintable() else repr(c)[1:-1] for c in text)


def note(text: str) -> None:
    """One line of progress; `text` is taken as it is."""
    stderr().print(shown(text), style="dim", markup=False, soft_wrap=True)


def emit_json(values: Mapping[str, object]) -> None:
    """One JSON object on one line of stdout; what is no finite number is null."""
    print(json.dumps(_finite(values), allow_nan=False), flush=True)


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def facts(rows: Facts) -> Table:
    """Names and values in two columns; text is taken as it is, without markup."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows.items():
        grid.add_row(name, Text(shown(value)) if isinstance(value, str) else value)
    return grid


def table(*columns: str, left: int = 1, gap: int = 3) -> Table:
    """An empty table without lines; all but the first `left` columns are aligned to the right."""
    made = Table(box=None, header_style="dim", pad_edge=False, padding=(0, gap, 0, 0))
    for i, name in enumerate(columns):
        made.add_column(name, justify="left" if i < left else "right")
    return made


def strong(text: str, rest: str = "", *, style: str = "bold") -> Text:
    """Text that stands out, and `rest` that doesn't."""
    return Text.assemble((text, style), rest)


def percent(fraction: float) -> str:
    """0.9761 as "97.61 %"."""
    return f"{100 * fraction:.2f} %"


def rate(per_second: float) -> str:
    """Rows a second with three digits and a unit, such as "6.42 million/s"."""
    for size, unit in ((1e9, " billion"), (1e6, " million"), (1e3, " thousand")):
        if per_second >= size:
            return f"{per_second / size:.3g}{unit}/s"
    return f"{per_second:.3g}/s"


def bytes_text(n: int) -> str:
    """A number of bytes with a unit, such as "1.4 MB"."""
    for size, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n} B"


def bar(share: float, *, width: int = 30) -> str:
    """A bar of blocks, `share` of `width` columns long."""
    eighths = round(8 * width * min(max(share, 0.0), 1.0))
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")
