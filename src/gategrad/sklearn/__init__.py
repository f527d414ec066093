"""scikit-learn's face: estimators whose fitted form is a Boolean circuit, and their encoder.

classifier.py   `LogicClassifier`
regressor.py    `LogicRegressor`
encoder.py      `LogicEncoder`, a transformer
base.py         what both estimators do: encode, train, keep the model
fitting.py      rows to train on, as bits
members.py      forests and the linear model, which a circuit may have beside its network
columns.py      bits as the numbers that those read
choosing.py     recipes and members compared on rows that they were not trained on
stacking.py     how much each member counts
ensemble.py     which members a model is made of, put together
defaults.py     the recipe for a number of rows and bits
rows.py         rows and cells as scikit-learn hands them in, equal ones put together
importances.py  how much of the circuit hangs on each column
"""

from importlib.util import find_spec

_NEEDED = {"sklearn": "scikit-learn", "torch": "torch"}
_missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
if _missing:
    raise ImportError(
        f"gategrad.sklearn needs {' and '.join(_missing)}: pip install 'gategrad[train]'"
    )

from gategrad.sklearn.classifier import LogicClassifier  # noqa: E402
from gategrad.sklearn.encoder import LogicEncoder  # noqa: E402
from gategrad.sklearn.regressor import LogicRegressor  # noqa: E402

__all__ = ["LogicClassifier", "LogicEncoder", "LogicRegressor"]
