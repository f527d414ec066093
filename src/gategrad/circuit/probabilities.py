"""Scores as probabilities."""

import numpy as np
from numpy.typing import NDArray


def probabilities(kind: str, scores: NDArray, link: str | None = None) -> NDArray[np.float64]:
    """What scores say as probabilities, (n, classes) float64.

    Args:
        kind: of the head; not "regression", whose scores are no logits.
        scores: (n, classes) numbers.
        link: of scores that are none of these: "share", probabilities already, of a binary head
            less one half; "logistic", a logit for each class of several.

    Returns:
        argmax: the softmax of the scores. binary, of class 1, and multilabel, of each label: the
        logistic function of the score, above one half where the decision is 1.
    """
    scores = scores.astype(np.float64)
    if link == "share":
        return np.clip(scores + 0.5 * (kind == "binary"), 0.0, 1.0)
    if kind != "argmax" or link == "logistic":
        # By the hyperbolic tangent, which never overflows.
        return 0.5 + 0.5 * np.tanh(0.5 * scores)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
