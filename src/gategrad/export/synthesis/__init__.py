"""How large a model is on a programmable chip, counted by yosys."""

from gategrad.export.synthesis.count import PARTS, TARGETS, Size, synthesize
from gategrad.export.synthesis.field import FIELD, Published

__all__ = ["FIELD", "PARTS", "TARGETS", "Published", "Size", "synthesize"]
