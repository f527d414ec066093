"""How work is cut into programs: fixed by shapes alone, so that nothing is tuned while it runs."""

# Values of a program, 16 a thread of four warps: four sums of them fit the registers.
_TILE = 2048
_MOST_SAMPLES = 256
# Programs that keep every multiprocessor of a large GPU busy, eight on each of 132.
_ENOUGH = 1056
WARPS = 4


def tile(n_rows: int, batch: int) -> tuple[int, int]:
    """Rows and samples of a program, powers of two; fewer rows where there would be few programs.

    Args:
        n_rows: gates or wires.
        batch: samples.
    """
    samples = min(_MOST_SAMPLES, max(16, power_of_two(batch)))
    rows = _TILE // samples
    while rows > 8 and blocks(n_rows, rows) * blocks(batch, samples) < _ENOUGH:
        rows //= 2
    return rows, samples


def splits(n_blocks: int, n_parts: int) -> int:
    """Into how many sums the samples are shared out where there are few blocks of gates."""
    return max(1, min(n_parts, _ENOUGH // max(1, n_blocks)))


def blocks(n: int, size: int) -> int:
    """How many blocks of `size` cover n."""
    return -(-n // size)


def power_of_two(n: int) -> int:
    """The smallest power of two that is at least n."""
    return 1 << max(0, n - 1).bit_length()
