"""Locks that a child process finds open, whoever held them in its parent when it forked."""

import os
import threading
from types import TracebackType
from weakref import WeakSet

_locks: "WeakSet[ForkLock]" = WeakSet()


class ForkLock:
    """A lock to be used in `with`; taken anew in a child process.

    Only the thread that forks goes on in the child: what another one was doing under a lock is
    never finished there, so that a lock must guard what is set in one step, when it is ready.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Forget who held it."""
        self._lock = threading.Lock()


def _renew_all() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
