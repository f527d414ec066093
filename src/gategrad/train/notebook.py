"""Curves of a run that grow in a notebook while it trains."""

import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

from gategrad.plots.live import curves_html
from gategrad.train.result import Evaluation

# Seconds between looks at the steps done; more often nobody reads them.
_PAUSE = 0.5
Display = Callable[..., Any]


def display_here() -> Display | None:
    """IPython's `display` in the kernel of a notebook; None anywhere else."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


class LiveCurves:
    """One output of a notebook: the curves so far, and below them how far the run is.

    Args:
        display: IPython's.
        start: steps done before.
        steps: to do.
        say: an evaluation in words.
    """

    def __init__(
        self, display: Display, start: int, steps: int, say: Callable[[Evaluation], str]
    ) -> None:
        self._display, self._steps, self._say = display, steps, say
        self._start, self._began, self._shown_at = start, monotonic(), 0.0
        self._history: list[Evaluation] = []
        self._handle: Any = None

    def step(self, done: int) -> None:
        """Say how far and how fast the run is, now and then."""
        now = monotonic()
        if self._history and now - self._shown_at > _PAUSE:
            speed = (done - self._start) / max(now - self._began, 1e-9)
            self._show(f"step {done:,} of {self._steps:,}, {speed:.0f} steps/s")

    def evaluation(self, found: Evaluation) -> None:
        """One more point of each curve."""
        self._history.append(found)
        self._show(f"step {found.step:,} of {self._steps:,}: {self._say(found)}")

    def _show(self, caption: str) -> None:
        self._shown_at = monotonic()
        html = curves_html(self._history, self._steps, caption)
        content = {"text/html": html, "text/plain": caption}
        if self._handle is None:
            self._handle = self._display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)
