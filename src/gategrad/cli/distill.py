"""`gategrad distill`: a trained torch network to gates, layer by layer."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gategrad.cli import report
from gategrad.cli import train_options as options
from gategrad.cli.encoders import choose_encoder
from gategrad.cli.errors import CommandError, require_torch, require_writable
from gategrad.cli.options import JsonOption, TargetOption
from gategrad.cli.sources import Source, check_name, load_source
from gategrad.files import table_meta

if TYPE_CHECKING:
    from gategrad.distill import Distilled, Stage
    from gategrad.train import Warp

_KEYS = ("name", "accuracy", "coded", "agreement", "bits", "gates", "seconds")


def run(
    teacher: Annotated[
        Path,
        typer.Argument(
            metavar="TEACHER.pt",
            help="A torch.nn.Sequential of plain layers that torch.save wrote whole; no code in it "
            "is run. It takes rows of DATA as float32.",
        ),
    ],
    name: options.DataArgument,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The model.")],
    cuts: Annotated[
        str | None,
        typer.Option(
            metavar="N,N",
            help="Modules of the teacher to cut in front of; those with weights by default.",
        ),
    ] = None,
    levels: Annotated[int, typer.Option(min=1, help="Bits a number at each cut.")] = 2,
    level_steps: Annotated[
        int, typer.Option(min=0, help="Steps in which levels learn; 0: they are quantiles.")
    ] = 0,
    trees: Annotated[
        int, typer.Option(min=1, help="Trees that vote on a bit; several are straight-through.")
    ] = 1,
    depth: Annotated[int, typer.Option(min=1, max=8, help="Of the tree of gates a bit.")] = 4,
    candidates: Annotated[int, typer.Option(min=1, help="Bits that a leaf chooses among.")] = 8,
    head: Annotated[int, typer.Option(min=2, help="Trees that the classes sum.")] = 4000,
    steps: Annotated[int, typer.Option(min=1, help="To train each block.")] = 2000,
    finetune: Annotated[
        int, typer.Option(min=0, help="Steps at the end, all layers together; 0 for none.")
    ] = 5000,
    lr: Annotated[float, typer.Option(min=0, help="Learning rate of the blocks.")] = 0.03,
    warp: Annotated[
        bool, typer.Option("--warp", help="Warp images of a known set at the end, as presets do.")
    ] = False,
    target: TargetOption = None,
    seed: options.SeedOption = 0,
    threads: options.TrainThreadsOption = None,
    json: JsonOption = False,
) -> None:
    """Convert TEACHER to gates, a layer at a time, then train all of it end to end.

    After each stage it says how many bits are the teacher's, and the accuracy where the teacher
    goes on from them, on a tenth of the training rows. The test rows are looked at once, at the
    end.
    """
    require_torch()
    require_writable(out)
    check_name(name)
    from gategrad.cli.fitting import save_and_test, threads_for
    from gategrad.distill import Gates, LayerOptions, layer_by_layer
    from gategrad.teachers import load_network

    source = load_source(name, target=target)
    if source.kind != "argmax" or not len(source.y_test):
        raise CommandError(f"{name} has no classes to tell apart, or no rows to test on")
    encoder = choose_encoder(source, bits=None, spacing=None, missing=None)
    gates = Gates(estimator="straight-through" if trees > 1 else "soft")
    asked = LayerOptions(
        levels=levels, level_steps=level_steps, trees=trees, depth=depth, candidates=candidates,
        head=head, steps=steps, finetune=finetune, lr=lr, seed=seed, gates=gates,
        transform=_warp(source) if warp else None, threads=threads_for(threads),
    )  # fmt: skip
    found = layer_by_layer(
        load_network(teacher),
        source.x_train,
        source.y_train,
        encoder=encoder,
        cuts=_cuts(cuts),
        options=asked,
        on_stage=_tell,
    )
    meta = {"data": source.name, "teacher": teacher.name, "seed": str(seed)}
    meta |= {} if target is None else {"target": target}
    meta |= table_meta(source.dates, None)
    outcome = save_and_test(found.net, source, out=out, encoder=encoder, meta=meta)
    _show(found, outcome.hard, outcome.gates, out, json=json)


def _cuts(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d+(,\d+)*", text, re.ASCII):
        raise CommandError(f"--cuts is {text!r}; expected places such as 4,8")
    return tuple(map(int, text.split(",")))


def _warp(source: Source) -> "Warp":
    """The warps of a set's preset."""
    from gategrad.train import preset

    if source.image_shape is None:
        raise CommandError(f"--warp is for images of a known set, and {source.name} is none")
    return preset("best", source.name, image_shape=source.image_shape).warp(source.image_shape)


def _tell(stage: "Stage") -> None:
    bits = "" if stage.agreement is None else f", {report.percent(stage.agreement)} of the bits"
    report.note(
        f"{stage.name}: {report.percent(stage.accuracy)} of the held-back rows{bits}, "
        f"{stage.gates:,} gates, {stage.seconds:.0f} s"
    )


def _show(found: "Distilled", accuracy: float, gates: int, out: Path, *, json: bool) -> None:
    if json:
        stages = [{key: getattr(stage, key) for key in _KEYS} for stage in found.stages]
        report.emit_json(
            {
                "hard_accuracy": accuracy,
                "gates": gates,
                "teacher_accuracy": found.teacher_accuracy,
                "stages": stages,
            }
        )
        return
    report.stdout().print(
        report.facts(
            {
                "accuracy": report.strong(report.percent(accuracy), " of the test rows"),
                "teacher": f"{report.percent(found.teacher_accuracy)} of the held-back rows",
                "live gates": f"{gates:,} after optimization",
                "saved": str(out),
            }
        )
    )
