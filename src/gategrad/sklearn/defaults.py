"""The recipes that suit a table: what gates are, how many, and how long they learn.

Chosen by three-fold cross-validation over small tables; docs/sklearn.md has the figures.
"""

from gategrad.train import Recipe, preset

# With few bits, tables of four inputs find what pairs of bits do not tell.
_FEW_BITS = 64
# Beyond so many bits a pin that looks at all of them costs more than it finds.
_ALL_BITS, _CANDIDATES = 256, 64
_MANY_ROWS = 5_000


def table_recipe(n_rows: int, n_bits: int, *, kind: str, gate_penalty: float) -> Recipe:
    """The recipe for so many rows of so many bits.

    Args:
        n_rows: different ones.
        n_bits: of a row.
        kind: of the head; sums that are numbers want many small steps, so gates of two inputs.
        gate_penalty: counts gates of two inputs, so others are no choice with it.
    """
    four = n_bits <= _FEW_BITS and kind != "regression" and not gate_penalty
    recipe = preset("fast" if four else "small")
    return _for_bits(recipe, n_bits).but(steps=600 if n_rows < _MANY_ROWS else 3_000)


def recipes_to_compare(n_bits: int, kind: str) -> dict[str, Recipe]:
    """Those to choose from by cross-validation where rows are few, by name, the smallest first.

    "short" stops before it knows noisy rows by heart, and decays what they taught; "pairs" are
    gates of two inputs, and "tables" of four, which learn functions of many bits.

    Args:
        n_bits: of a row.
        kind: of the head; numbers are not learned by tables.
    """
    pairs, tables = _for_bits(preset("small"), n_bits), preset("fast")
    short = pairs.but(layers="100x2", optimizer="adamw", lr=0.02, weight_decay=0.3, steps=200)
    found = {"short": short, "pairs": pairs.but(steps=600)}
    if n_bits <= _FEW_BITS and kind != "regression":
        found["tables"] = tables.but(steps=600)
    return found


def _for_bits(recipe: Recipe, n_bits: int) -> Recipe:
    return recipe.but(candidates=_CANDIDATES) if n_bits > _ALL_BITS else recipe
