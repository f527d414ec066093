"""The model and its file."""

from gategrad.model.errors import ModelError, ModelFileError
from gategrad.model.model import Model, load
from gategrad.model.whole import WholeCount, whole_count

__all__ = ["Model", "ModelError", "ModelFileError", "WholeCount", "load", "whole_count"]
