"""Train a logic network: a short loop, and what it needs before and after.

    fit.py          `fit`: the loop's public face       (sitting.py, loop.py, plan.py, result.py)
    rows.py         rows and labels to tensors of bits             (splitting.py)
    targets.py      classes, labels and numbers, checked; losses.py: what fits each head
    teaching.py     what a teacher says of the rows of each step, and the loss against it
    staging.py      temperatures that fall, layers that freeze
    optimizers.py   optimizers and learning-rate schedules by name
    evaluate.py     `soft_accuracy`, and the circuit's figure
    checkpoint.py   save and resume
    interrupt.py    Ctrl-C; process.py: threads and randomness
    progress.py     the bar on stderr; notebook.py: curves that grow
    callbacks.py    what a run tells others; tensorboard.py: one of them
    network.py      `build_network`, `active_inputs`
    affine.py       `affine_copies`: warped copies of images, made once
    warp.py         `Warp`: warps images anew at every step
    online.py       rows that are made anew for every step
    recipe.py       `Recipe`: all that a run is told, the fields of `gategrad.options`
    presets.py      `preset`: recipes by name
    recipes.py      `fit_recipe`: follow one
    tuning.py       `fine_tune`: a model's gates go on learning

Any other torch loop works as well: nothing in a layer depends on this one.
"""

from gategrad.train.affine import affine_copies
from gategrad.train.callbacks import Callback
from gategrad.train.errors import CheckpointError, TrainError
from gategrad.train.evaluate import soft_accuracy
from gategrad.train.fit import fit
from gategrad.train.network import active_inputs, build_network
from gategrad.train.presets import preset
from gategrad.train.recipe import Recipe
from gategrad.train.recipes import fit_recipe
from gategrad.train.result import Evaluation, Result
from gategrad.train.tensorboard import TensorBoard
from gategrad.train.tuning import fine_tune
from gategrad.train.warp import Warp

__all__ = [
    "Callback",
    "CheckpointError",
    "Evaluation",
    "Recipe",
    "Result",
    "TensorBoard",
    "TrainError",
    "Warp",
    "active_inputs",
    "affine_copies",
    "build_network",
    "fine_tune",
    "fit",
    "fit_recipe",
    "preset",
    "soft_accuracy",
]
