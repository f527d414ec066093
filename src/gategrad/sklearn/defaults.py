"""The recipe that suits a table: how many gates, what they choose from, how long.

Chosen by cross-validation on small tables; docs/sklearn.md has what they reach.
"""

from gategrad.train import Recipe

# Beyond so many bits a pin that looks at all of them costs more than it finds.
_ALL_BITS, _CANDIDATES = 256, 64
_WIDTH, _LARGE, _WIDE = 200, 5_000, 1_000


def table_recipe(n_rows: int, n_bits: int) -> Recipe:
    """Layers, wiring and steps for so many rows of so many bits."""
    width = _WIDTH if n_rows < _LARGE else _WIDE
    candidates = "all" if max(n_bits, width) <= _ALL_BITS else _CANDIDATES
    return Recipe(
        layers=f"{width}x2",
        connections="learned",
        candidates=candidates,
        lr=0.03,
        wiring_lr=0.1,
        steps=600 if n_rows < _LARGE else 3_000,
        rounds=True,
    )
