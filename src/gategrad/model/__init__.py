"""The model and its file."""

from gategrad.model.calibration import calibrated
from gategrad.model.ensemble import ensemble, linear_model
from gategrad.model.errors import ModelError, ModelFileError
from gategrad.model.mirror import mirrored
from gategrad.model.model import Model, load
from gategrad.model.threshold import THRESHOLD_METRICS, chosen_threshold, with_threshold
from gategrad.model.whole import WholeCount, whole_count

__all__ = [
    "THRESHOLD_METRICS",
    "Model",
    "ModelError",
    "ModelFileError",
    "WholeCount",
    "calibrated",
    "chosen_threshold",
    "ensemble",
    "linear_model",
    "load",
    "mirrored",
    "whole_count",
    "with_threshold",
]
