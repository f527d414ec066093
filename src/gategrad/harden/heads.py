"""What a network returns: one head of several, or several as one readout."""

from typing import Any

import numpy as np

from gategrad.circuit import Readout
from gategrad.harden.errors import DiscretizeError


def chosen(out: Any, head: int | str | None) -> Any:
    """The output called `head` of what a network returns, or its only one.

    Raises:
        DiscretizeError: there are several and none is named, or there is no such one.
    """
    several = isinstance(out, (tuple, list, dict))
    if not several:
        if head is not None:
            raise DiscretizeError(
                f"head={head!r} is for a network of several outputs; leave it out"
            )
        return out
    keys = list(out) if isinstance(out, dict) else list(range(len(out)))
    if head is None and len(keys) == 1:
        head = keys[0]
    if head not in keys:
        raise DiscretizeError(
            f"the network returns several outputs, and a model has one: pass head= to make a model "
            f"of each; known: {', '.join(map(repr, keys))}"
        )
    return chosen(out[head], None)


def joined(readouts: list[Readout], widths: list[int]) -> Readout:
    """One readout of heads side by side, which read so many outputs each.

    Raises:
        DiscretizeError: heads whose decisions are not made score by score.
    """
    if len(readouts) == 1:
        return readouts[0]
    kinds = {"multilabel" if readout.kind == "binary" else readout.kind for readout in readouts}
    if len(kinds) > 1 or kinds == {"argmax"}:
        raise DiscretizeError(
            f"the network's scores are those of {len(readouts)} heads of kind "
            f"{', '.join(readout.kind for readout in readouts)}, which are no one decision: return "
            "them as a tuple, and pass head= to make a model of each"
        )
    starts = np.cumsum([0, *widths[:-1]])
    ends = np.cumsum([0, *(len(readout.index) for readout in readouts[:-1])])
    parts = {
        name: np.concatenate([getattr(readout, name) for readout in readouts])
        for name in ("weight", "bias", "scale", "offset")
    }
    return Readout(
        kind=kinds.pop(),
        indptr=np.concatenate(
            [[0], *(readout.indptr[1:] + end for readout, end in zip(readouts, ends, strict=True))]
        ),
        index=np.concatenate(
            [readout.index + start for readout, start in zip(readouts, starts, strict=True)]
        ).astype(np.uint32),
        **parts,
    )
