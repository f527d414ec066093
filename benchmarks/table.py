"""Markdown tables, line by line, so that a long run shows what it has."""


def print_row(*cells: object) -> None:
    """Print one line of a table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def print_rule(n: int) -> None:
    """Print the line below the heading of `n` columns."""
    print("|" + "---|" * n, flush=True)
