"""Curves of a training run as a piece of HTML, in a millisecond and without matplotlib."""

from collections.abc import Callable, Sequence
from html import escape

from gategrad.plots.curves import HARD, SOFT, Look

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 340, 150, 44, 24, 18


def curves_html(history: Sequence[Look], steps: int, caption: str = "") -> str:
    """Figures of network and circuit beside the training loss.

    Args:
        history: evaluations so far, at least one.
        steps: at the right end.
        caption: a line of text below.
    """
    after = [look for look in history if look.loss == look.loss]
    panels = [
        _panel(
            history[0].figure,
            [
                ("soft", SOFT, [(look.step, look.soft) for look in history]),
                ("hard", HARD, [(look.step, look.hard) for look in history]),
            ],
            steps,
        ),
        _panel("training loss", [("", "currentColor", [(k.step, k.loss) for k in after])], steps),
    ]
    below = f'<div style="font-size:12px;opacity:.75">{escape(caption)}</div>' if caption else ""
    return f'<div style="font-family:sans-serif">{"".join(panels)}{below}</div>'


Line = tuple[str, str, list[tuple[int, float]]]


def _panel(title: str, lines: list[Line], steps: int) -> str:
    values = [value for _, _, points in lines for _, value in points]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    spread = (high - low) or 1.0

    def x(step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 8) * step / max(steps, 1)

    def y(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / spread

    parts = [_text(_LEFT, 14, title)]
    for place, (name, color, points) in enumerate(lines):
        parts.append(_line(points, color, x, y))
        if name:
            last = f" {points[-1][1]:.4g}" if points else ""
            parts.append(_text(_LEFT + 110 + 100 * place, 14, name + last, color))
    for value in (low, high):
        parts.append(_text(_LEFT - 5, y(value) + 4, f"{value:.3g}", anchor="end"))
    parts.append(_text(_WIDTH - 8, _HEIGHT - 4, f"{steps:,} steps", anchor="end"))
    box = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">{"".join(parts)}</svg>'


def _line(
    points: list[tuple[int, float]],
    color: str,
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> str:
    placed = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in points)
    dots = "".join(
        f'<circle cx="{x(s):.1f}" cy="{y(v):.1f}" r="1.6" fill="{color}"/>' for s, v in points
    )
    return f'<polyline points="{placed}" fill="none" stroke="{color}" stroke-width="1.5"/>{dots}'


def _text(x: float, y: float, text: str, color: str = "currentColor", anchor: str = "start") -> str:
    style = f'font-size="11" fill="{color}" text-anchor="{anchor}"'
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(text)}</text>'
