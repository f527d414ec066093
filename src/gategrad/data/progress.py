"""The progress bar of a download, on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn


class Bar:
    """One file's bar, as its bytes arrive."""

    def __init__(self, progress: Progress, label: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(label, total=total or None)

    def update(self, n: int) -> None:
        """`n` more bytes are here."""
        self._progress.advance(self._task, n)

    def close(self) -> None:
        """The file is complete."""
        self._progress.update(self._task, completed=self._progress.tasks[self._task].total)

    def hide(self) -> None:
        """The file did not come."""
        self._progress.update(self._task, visible=False)


@contextmanager
def bars() -> Iterator[Progress]:
    """A display of bars on stderr while the context lasts."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress
