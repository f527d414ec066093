"""Pictures of models and of training runs; needs matplotlib, which loads when one is drawn.

    picture.py   `Picture`: what is drawn, for a notebook or a file
    model.py     `plot_model`: functions, wiring, and how good it is
    curves.py    `plot_curves`: a training run; live.py: the same as SVG, without matplotlib
    panels.py    the parts of these

`Model.plot`, `Result.plot` and `gategrad plot` are made of it.
"""

from gategrad.plots.curves import plot_curves
from gategrad.plots.model import plot_model
from gategrad.plots.picture import Picture, PlotError

__all__ = ["Picture", "PlotError", "plot_curves", "plot_model"]
