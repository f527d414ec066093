"""Requests that come within a window of time are answered by one call of the model."""

import asyncio

import numpy as np
from numpy.typing import NDArray

import gategrad as gg

Waiting = tuple[NDArray, asyncio.Future]


class Batcher:
    """Collects rows of requests; to be used from one event loop.

    Args:
        model: loaded and warm.
        window: seconds that the first request of a batch waits for others. 0: those that the loop
            has at hand already.
        most: rows at which a batch is answered at once.
    """

    def __init__(self, model: gg.Model, window: float = 0.0, most: int = 4096) -> None:
        self._model, self._window, self._most = model, window, most
        self._waiting: list[Waiting] = []
        self._rows = 0
        self.batches = 0

    async def predict(self, rows: NDArray) -> NDArray:
        """The labels (n,) of rows (n, features).

        Raises:
            ValueError: rows that the model refuses; other requests of the batch get their answers.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[NDArray] = loop.create_future()
        self._waiting.append((rows, future))
        self._rows += len(rows)
        if self._rows >= self._most:
            self._answer()
        elif len(self._waiting) == 1:
            loop.call_later(self._window, self._answer)
        return await future

    def _answer(self) -> None:
        waiting, self._waiting, self._rows = self._waiting, [], 0
        if not waiting:  # a full batch was answered before its time
            return
        self.batches += 1
        try:
            labels = self._model.predict(np.concatenate([rows for rows, _ in waiting]))
        except Exception:  # each of them is told
            for rows, future in waiting:
                self._answer_alone(rows, future)
            return
        ends = np.cumsum([len(rows) for rows, _ in waiting])[:-1]
        for (_, future), found in zip(waiting, np.split(labels, ends), strict=True):
            if not future.done():  # else its client has gone
                future.set_result(found)

    def _answer_alone(self, rows: NDArray, future: asyncio.Future) -> None:
        if future.done():
            return
        try:
            future.set_result(self._model.predict(rows))
        except Exception as error:
            future.set_exception(error)
