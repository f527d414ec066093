"""Predictions on many machines, with Ray Data.

    predictor.py   what a worker of Ray calls: `Predictor`
    predict.py     a data set of Ray with predictions: `predict`

What happens to a table is `gategrad.files.TablePredictor`'s. Ray is imported only here.
"""

from gategrad.ray.predict import predict
from gategrad.ray.predictor import Predictor

__all__ = ["Predictor", "predict"]
