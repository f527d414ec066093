"""OpenMP's threads and `fork`: a child has none of them, and its first parallel loop would wait.

libgomp can end the pool of the thread that forks, in the parent and just before. Child and parent
then start their own when they need one. Torch's libgomp exports what does that; where there is none
such, `threads_lost` says in the child that several threads would hang.
"""

import ctypes
import os
from collections.abc import Callable
from contextlib import suppress

_MAPS = "/proc/self/maps"
# omp_pause_hard of OpenMP 5.0.
_HARD = 2


class _Workers:
    """Whether this process has lost threads to a fork."""

    def __init__(self) -> None:
        self.kept = False
        self.lost = False
        self.prepared = False
        self._pause: Callable[[int], int] | None = None

    def before_fork(self) -> None:
        """End the pool where that is possible, and note whether it was."""
        self._pause = self._pause or _pause()
        self.kept = self._pause is None or self._pause(_HARD) != 0

    def after_fork(self) -> None:
        """In the child."""
        self.lost |= self.kept


def _pause() -> Callable[[int], int] | None:
    """The function that ends the pool, of the one libgomp that is loaded."""
    with suppress(OSError, AttributeError, StopIteration):
        with open(_MAPS) as maps:
            path = next(line.split()[-1] for line in maps if "libgomp" in line)
        return ctypes.CDLL(path).omp_pause_resource_all
    return None


_workers = _Workers()


def prepare_for_forks() -> None:
    """Have the pool ended before every fork of this process from now on."""
    if not _workers.prepared and hasattr(os, "register_at_fork"):
        _workers.prepared = True
        os.register_at_fork(before=_workers.before_fork, after_in_child=_workers.after_fork)


def threads_lost() -> bool:
    """Whether a fork may have left this process without the threads that OpenMP counts on."""
    return _workers.lost
