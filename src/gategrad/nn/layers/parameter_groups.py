"""Parameter groups: a learning rate of its own for learned wiring."""

from torch import nn

from gategrad.nn.wiring.learned import LearnedWiring


def parameter_groups(
    net: nn.Module, *, lr: float, wiring_lr: float | None = None
) -> list[dict[str, object]]:
    """Groups for a torch optimizer: all other parameters, then the logits of learned wiring.

    Learned wiring wants 0.05 to 0.1 and collapses with depth at 0.01 (arXiv 2511.12340).

    Args:
        net: any module.
        lr: of gates and everything else.
        wiring_lr: of wiring; None: `lr`.

    Returns:
        `[{"params": [...], "lr": lr}, {"params": [...], "lr": wiring_lr}]`, without empty groups.

    Raises:
        ValueError: wiring_lr is given, and no layer of the network learns its wiring.

    Examples:
        >>> from gategrad.nn import LogicDense
        >>> layer = LogicDense(8, 4, connections="learned", candidates=4, seed=0)
        >>> [group["lr"] for group in parameter_groups(layer, lr=0.01, wiring_lr=0.1)]
        [0.01, 0.1]
    """
    wiring = [m.logits for m in net.modules() if isinstance(m, LearnedWiring)]
    if wiring_lr is not None and not wiring:
        raise ValueError(
            f"wiring_lr={wiring_lr!r} is for learned wiring, which no layer has; "
            'use connections="learned", or leave it out'
        )
    own = {id(p) for p in wiring}
    groups = [
        {"params": [p for p in net.parameters() if id(p) not in own], "lr": lr},
        {"params": wiring, "lr": lr if wiring_lr is None else wiring_lr},
    ]
    return [group for group in groups if group["params"]]
