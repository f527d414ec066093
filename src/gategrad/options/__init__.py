"""What a training run can be told, declared once: each option is a field of a frozen dataclass.

    option.py     `option`: a field with its help, its words on the command line, when it applies
    data.py       `DataOptions`: how rows become bits, and warps of images
    network.py    `NetworkOptions`: layers and head
    training.py   `TrainingOptions`: the loop
    words.py      values from words of the command line

`train.Recipe` has the fields of all three; `gategrad train`, records, checkpoints and sweeps are
made from them. A new option is a new field, and a keyword of `train.fit` or `train.build_network`.
"""

from gategrad.options.data import ONLINE, DataOptions
from gategrad.options.network import LEARNED, NetworkOptions
from gategrad.options.option import Option, Range, When, gathered, option_of, options_of
from gategrad.options.training import TrainingOptions

GROUPS = {"Data": DataOptions, "Network": NetworkOptions, "Training": TrainingOptions}

__all__ = [
    "GROUPS",
    "LEARNED",
    "ONLINE",
    "DataOptions",
    "NetworkOptions",
    "Option",
    "Range",
    "TrainingOptions",
    "When",
    "gathered",
    "option_of",
    "options_of",
]
