"""The tables of the study of light against raw, with the paper's ratios beside ours."""

from collections.abc import Iterable, Sequence
from itertools import groupby

PARAMETRIZATIONS = ("raw", "light")
INITS = ("gaussian", "residual", "heavy-tail")
SOURCE = "arXiv 2510.03250"
# Raw against light, as the paper has it.
PAPER = {"weights": 4.0, "optimizer": 4.0, "backward": 1.86, "steps": 8.5}
NOT_RUN = "not run"
COMMANDS = {
    data: f"gategrad experiment light-study --data {data}"
    for data in ("mnist", "cifar-10", "cifar-100")
}
_SIZES = ("data", "k", "layers", "steps", "batch_size", "lr", "tau", "seed", "threads")

Line = dict


def light_tables(lines: Iterable[Line]) -> str:
    """Markdown: for each size of the study its ratios, starts and trainings; then what is not run.

    A study's lines may be of several sizes; each has tables of its own.
    """
    lines, text = list(lines), ""
    order = sorted(lines, key=_size)
    for _, group in groupby(order, _size):
        text += _tables(list(group))
    ran = {line["data"] for line in lines}
    for data, command in COMMANDS.items():
        if data not in ran:
            text += f"**{data}**: {NOT_RUN}. `{command}`\n\n"
    return text.rstrip("\n") + "\n"


def _size(line: Line) -> tuple:
    return tuple(line[name] for name in _SIZES)


def command(line: Line) -> str:
    """What makes the tables of a line's size."""
    return (
        f"{COMMANDS[line['data']]} -k {line['k']} -l {line['layers']} -ni {line['steps']} "
        f"-ef {line['eval_freq']} -bs {line['batch_size']} -lr {line['lr']:g} -t {line['tau']:g} "
        f"--seed {line['seed']} --threads {line['threads']}"
    )


def _tables(lines: Sequence[Line]) -> str:
    depths = ",".join(map(str, sorted({line["depth"] for line in lines})))
    first = lines[0]
    text = (
        f"**{first['data']}**, {first['layers']} layers of {first['k']:,} gates at depth 1, "
        f"{first['steps']:,} steps, {first['machine']}: "
        f"`{command(first)} --depths {depths}`\n\n"
    )
    for table in (_ratios(lines), _starts(lines), _trainings(lines)):
        if table:
            text += table + "\n"
    return text


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    whole = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in whole) if rows else ""


def _one(lines: Sequence[Line], **about: object) -> Line | None:
    mine = [line["found"] for line in lines if about.items() <= line.items()]
    return mine[-1] if mine else None


def _ratios(lines: Sequence[Line]) -> str:
    raw, light = (_one(lines, kind="cost", parametrization=p) for p in PARAMETRIZATIONS)
    rows = []
    if raw and light:
        for name, key, unit in (
            ("weights", "weight_bytes", "bytes"),
            ("optimizer", "optimizer_bytes", "bytes"),
            ("step", "step_ms", "ms"),
            ("backward", "backward_ms", "ms"),
        ):
            theirs = f"{PAPER[name]:g}x" if name in PAPER else ""
            ratio = f"**{raw[key] / light[key]:.2f}x**"
            rows.append([f"{name}, {unit}", f"{raw[key]:,}", f"{light[key]:,}", ratio, theirs])
    rows += _steps(lines)
    return _rows(["raw against light", "raw", "light", "ratio", f"paper ({SOURCE})"], rows)


def _steps(lines: Sequence[Line]) -> list[list[str]]:
    """Steps until both have the accuracy that the worse one reaches, residual init, by depth."""
    rows = []
    for depth in sorted({line["depth"] for line in lines if line["kind"] == "training"}):
        about = {"kind": "training", "init": "residual", "depth": depth}
        raw, light = (_one(lines, parametrization=p, **about) for p in PARAMETRIZATIONS)
        if not (raw and light):
            continue
        goal = min(max(point[1] for point in one["curve"]) for one in (raw, light))
        a, b = (next(p[0] for p in one["curve"] if p[1] >= goal) for one in (raw, light))
        name = f"steps to {100 * goal:.1f} %, depth {depth}"
        rows.append([name, f"{a:,}", f"{b:,}", f"**{a / b:.2f}x**", f"{PAPER['steps']:g}x"])
    return rows


def _starts(lines: Sequence[Line]) -> str:
    rows = []
    for line in lines:
        if line["kind"] == "start":
            found = line["found"]
            shares = " ".join(f"{round(100 * share)}" for share in found["histogram"])
            name = [str(line["depth"]), line["parametrization"], line["init"]]
            rows.append([*name, shares, f"{found['signal']:.2g}"])
    header = ["depth", "start", "init", "last layer's outputs, % in tenths from 0 to 1", "signal"]
    return _rows(header, rows)


def _trainings(lines: Sequence[Line]) -> str:
    rows = []
    for line in lines:
        if line["kind"] == "training":
            hard, soft = (100 * line["found"][name] for name in ("test_hard", "test_soft"))
            name = [str(line["depth"]), line["parametrization"], line["init"]]
            rows.append([*name, f"**{hard:.2f} %**", f"{soft:.2f} %", f"{soft - hard:+.2f}"])
    header = ["depth", "trained", "init", "test accuracy", "soft", "soft minus hard"]
    return _rows(header, rows)
