"""Networks of papers, by name.

Each takes flat rows of bits, as an encoder gives them: `gategrad.encoding.Thermometer` lays images
out threshold by threshold, which `levels * colours` planes of the first convolution are.
"""

from gategrad.nn.zoo.compact import compact_net
from gategrad.nn.zoo.dense import difflogic
from gategrad.nn.zoo.trees import logic_tree_net

__all__ = ["compact_net", "difflogic", "logic_tree_net"]
