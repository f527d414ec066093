"""What a run shows while it trains, on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gategrad.train.result import Evaluation

Choice = bool | Callable[[Evaluation], None]


def _nothing(_: object) -> None:
    pass


@dataclass(frozen=True)
class Reporter:
    """Functions to call after every step, with the steps done, and after every evaluation."""

    step: Callable[[int], None] = _nothing
    evaluation: Callable[[Evaluation], None] = _nothing


@contextmanager
def reporter(progress: Choice, *, start: int, steps: int) -> Iterator[Reporter]:
    """The reporter that `fit(progress=...)` asks for: a bar, a function, or silence.

    Where stderr is no terminal, the bar is a line for each evaluation.
    """
    console = Console(stderr=True)
    if callable(progress):
        yield Reporter(evaluation=progress)
    elif not progress:
        yield Reporter()
    elif not console.is_terminal:
        yield Reporter(
            evaluation=lambda e: console.print(f"step {e.step:,} of {steps:,}: {_text(e)}")
        )
    else:
        with _bar(console, start, steps) as bar:
            yield bar


@contextmanager
def _bar(console: Console, start: int, steps: int) -> Iterator[Reporter]:
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[evaluation]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=steps, completed=start, speed="", evaluation="")

        def step(done: int) -> None:
            speed = progress.tasks[0].speed
            text = f"{speed:.0f} steps/s" if speed else ""
            progress.update(task, completed=done, speed=text)

        yield Reporter(step, lambda e: progress.update(task, evaluation=_text(e)))


def _text(evaluation: Evaluation) -> str:
    soft, hard = evaluation.soft, evaluation.hard
    if evaluation.figure == "R2":
        figures = f"R2 soft {soft:.4f}  hard {hard:.4f}  gap {evaluation.gap:+.4f} (validation)"
    else:
        gap = 100 * evaluation.gap
        figures = f"soft {soft:.2%}  hard {hard:.2%}  gap {gap:+.2f} (validation)"
    return figures if evaluation.step == 0 else f"loss {evaluation.loss:.4f}  {figures}"
