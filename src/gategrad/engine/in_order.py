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
            yield from _submitted(pool, function, items, waiting, threads + AHEAD)
        finally:
            for future in waiting:
                future.cancel()


def _submitted(
    pool: ThreadPoolExecutor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    waiting: deque[Future[Result]],
    most: int,
) -> Iterator[Result]:
    """The results; `waiting` holds at most `most` of those that are still to come."""
    failure = None
    items = iter(items)
    while True:
        try:
            item = next(items)
        except StopIteration:
            break
        except Exception as error:
            # Items before the one that can't be drawn come first, be it with errors of their own.
            failure = error
            break
        waiting.append(pool.submit(function, item))
        while waiting and (len(waiting) >= most or waiting[0].done()):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
    if failure is not None:
        raise failure
