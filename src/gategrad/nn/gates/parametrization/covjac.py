"""covjac: learned coefficients with the covariance Jacobian (CovJac, arXiv 2605.08657).

Weights and hard gates are those of `multilinear`. The soft gate is the soft vector quantization of
the weights c: `sum_k p_k g_k` over the 16 functions' coefficient vectors g_k, with
p = softmax(-|c - g_k|^2 / temperature). Its Jacobian with respect to c is
`2 / temperature * Cov_p(g)`, the covariance of the vectors under p, by which the coefficient of ab
gets a gradient through the constant where its own is starved. Straight-through: the nearest vector
forward, this Jacobian backward. Inputs get the gradient of the soft gate, as everywhere here.
"""

from gategrad.nn.gates.parametrization.logits import from_logits
from gategrad.nn.gates.parametrization.multilinear import (
    N_COEFFICIENTS,
    gaussian,
    minus_distances,
    towards,
    weights_from_tables,
)

# At 1 the soft gate of a function's own vector is far from it, and deep networks lose their signal.
TEMPERATURE = 0.5

COVJAC = from_logits(
    "covjac",
    N_COEFFICIENTS,
    minus_distances,
    gaussian=gaussian,
    towards=towards,
    weights_from_tables=weights_from_tables,
    temperature=TEMPERATURE,
)
"""`"covjac"`: four coefficients, mixed by their distance to the functions (arXiv 2605.08657)."""
