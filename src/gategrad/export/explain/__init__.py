"""What a model decides by: cones of logic as text and picture, and the inputs that matter."""

from gategrad.export.explain.cone import Cone, class_cone, cone_text, row_cone
from gategrad.export.explain.influence import by_feature, influence
from gategrad.export.explain.report import explain

__all__ = ["Cone", "by_feature", "class_cone", "cone_text", "explain", "influence", "row_cone"]
