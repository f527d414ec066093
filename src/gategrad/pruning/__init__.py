"""Pruning: fewer gates for a little accuracy, on circuits, without torch."""

from gategrad.pruning.prune import Pruned, Round, prune
from gategrad.pruning.rows import PruneError

__all__ = ["PruneError", "Pruned", "Round", "prune"]
