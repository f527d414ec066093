"""Ctrl-C as a request that the loop answers when its step is done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Interrupt:
    """Whether Ctrl-C came."""

    requested: bool = False


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Note the first Ctrl-C; a second one is a KeyboardInterrupt as usual.

    Outside the main thread, and where the process ignores Ctrl-C, nothing is changed.
    """
    interrupt = Interrupt()

    def note(number: int, frame: FrameType | None) -> None:
        if interrupt.requested:
            raise KeyboardInterrupt
        interrupt.requested = True

    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield interrupt
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
