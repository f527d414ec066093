"""What the rest of the library is told of these modules: they are gates and sums like its own."""

from gategrad.difflogic.layers import GroupSum, LogicLayer
from gategrad.harden import register as register_emitter
from gategrad.harden.emitters import group_sum
from gategrad.nn import LogicDense
from gategrad.nn.registry import register, registered


def join() -> None:
    """Let `discretize`, `expected_gates` and `training_backend` take them; once."""
    register(LogicLayer, registered()[LogicDense])
    register_emitter(GroupSum, group_sum)
