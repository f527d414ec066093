"""Forests of LightGBM, XGBoost, scikit-learn and treelite as circuits."""

from gategrad.trees.convert import Converted, convert, from_trees, to_model
from gategrad.trees.errors import TreesError
from gategrad.trees.forest import Forest
from gategrad.trees.read import read

__all__ = ["Converted", "Forest", "TreesError", "convert", "from_trees", "read", "to_model"]
