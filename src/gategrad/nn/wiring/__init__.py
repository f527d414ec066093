"""What gates read: fixed wires, drawn or given, and learned ones."""

from gategrad.nn.wiring.learned import LearnedWiring

__all__ = ["LearnedWiring"]
