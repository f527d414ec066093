"""What a run shows while it trains: on stderr, or as curves in a notebook."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gategrad.train.notebook import LiveCurves, display_here
from gategrad.train.result import Evaluation

Choice = bool | Callable[[Evaluation], None]


def _nothing(_: object) -> None:
    pass


@dataclass(frozen=True)
class Reporter:
    """Functions to call: after every step, with the steps done, and after every evaluation.

    `note` takes what a user should know, or None.
    """

    step: Callable[[int], None] = _nothing
    evaluation: Callable[[Evaluation], None] = _nothing
    note: Callable[[str | None], None] = _nothing


@contextmanager
def reporter(
    progress: Choice, start: int, steps: int, chosen_on: str = "validation"
) -> Iterator[Reporter]:
    """The reporter that `fit(progress=...)` asks for: a bar, a function, or silence.

    In a notebook the bar is curves that grow. Where stderr is no terminal, it is a line for each
    evaluation. `chosen_on` says what rows the figures are of.
    """
    console = Console(stderr=True)
    if callable(progress):
        yield Reporter(evaluation=progress)
    elif not progress:
        yield Reporter()
    elif (display := display_here()) is not None:
        curves = LiveCurves(display, start, steps, lambda e: _text(e, chosen_on))
        yield Reporter(curves.step, curves.evaluation, lambda text: _note(console, text))
    elif not console.is_terminal:
        yield Reporter(
            evaluation=lambda e: console.print(
                f"step {e.step:,} of {steps:,}: {_text(e, chosen_on)}", soft_wrap=True
            ),
            note=lambda text: _note(console, text),
        )
    else:
        with _bar(console, start, steps, chosen_on) as bar:
            yield bar


def _note(console: Console, text: str | None) -> None:
    if text is not None:
        console.print(text, style="dim", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _bar(console: Console, start: int, steps: int, chosen_on: str) -> Iterator[Reporter]:
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

        yield Reporter(
            step,
            lambda e: progress.update(task, evaluation=_text(e, chosen_on)),
            lambda text: _note(console, text),
        )


def _text(evaluation: Evaluation, rows: str) -> str:
    soft, hard = evaluation.soft, evaluation.hard
    if "accuracy" not in evaluation.figure:
        name, gap = evaluation.figure, evaluation.gap
        figures = f"{name} soft {soft:.4f}  hard {hard:.4f}  gap {gap:+.4f} ({rows})"
    else:
        gap = 100 * evaluation.gap
        figures = f"soft {soft:.2%}  hard {hard:.2%}  gap {gap:+.2f} ({rows})"
    return figures if evaluation.step == 0 else f"loss {evaluation.loss:.4f}  {figures}"
