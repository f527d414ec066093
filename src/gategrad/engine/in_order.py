"""A bounded queue of work for several threads, whose results come back in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items that wait for a thread, so that none is idle while the next item is fetched.
AHEAD = 2


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int
) -> Iterator[Result]:
    """Apply `function` to each item on `threads` threads; the results come in the items' order.

    The calling thread draws the items, so the next one is fetched while `function` works on those
    before; at most `threads + 2` items and results are held at a time.

    Raises:
        Exception: the one of the first item for which `function` raises.
    """
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="gategrad") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                while waiting and (len(waiting) >= threads + AHEAD or waiting[0].done()):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
