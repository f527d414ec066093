"""The model and its file."""

from gategrad.model.errors import ModelError, ModelFileError
from gategrad.model.model import Model, load

__all__ = ["Model", "ModelError", "ModelFileError", "load"]
