"""How a teacher is converted, and what is told after each stage."""

from dataclasses import dataclass, field
from numbers import Integral

from torch import nn

from gategrad.distill.blocks import Gates
from gategrad.distill.errors import DistillError, check_whole
from gategrad.model import Model
from gategrad.train import Result


@dataclass(frozen=True)
class LayerOptions:
    """How a teacher is converted.

    Attributes:
        levels: bits a number at each cut.
        depth: of the tree of gates for each bit, which has `2**depth` pins at its leaves.
        candidates: bits that each of these pins chooses among.
        head: trees of the last block, whose outputs the classes sum; a multiple of the classes.
        steps: for each block.
        finetune: steps end to end at the end; 0 for none.
        batch_size: rows a step.
        lr: learning rate of the blocks.
        finetune_lr: of the end.
        distill_weight: the teacher's share of the loss of the head and of the end.
        distill_temperature: see `train.fit`.
        gates: what the layers are made with.
        validation: rows held back to report on and to choose by, see `train.fit`.
        seed: of rows, wiring and weights.
        threads: see `train.fit`; of all of the conversion.

    Raises:
        DistillError: an option that is none; says what was expected.
    """

    levels: int = 2
    depth: int = 3
    candidates: int = 8
    head: int = 4_000
    steps: int = 1_000
    finetune: int = 2_000
    batch_size: int = 128
    lr: float = 0.03
    finetune_lr: float = 0.02
    distill_weight: float = 0.5
    distill_temperature: float = 2.0
    gates: Gates = field(default_factory=Gates)
    validation: int | float = 0.1
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        for name in ("levels", "depth", "candidates", "head", "steps", "batch_size"):
            check_whole(name, getattr(self, name))
        for name in ("finetune", "seed"):
            check_whole(name, getattr(self, name), least=0)
        if self.threads is not None:
            check_whole("threads", self.threads)
        if not _is_share_or_count(self.validation):
            raise DistillError(
                f"validation is {self.validation!r}; expected how many rows to hold back, or a "
                "fraction below 1"
            )


def _is_share_or_count(value: object) -> bool:
    if isinstance(value, float):
        return 0 < value < 1
    return isinstance(value, Integral) and not isinstance(value, bool) and value > 0


@dataclass(frozen=True)
class Stage:
    """What is known after a stage, of the rows held back.

    Attributes:
        name: the teacher's modules that are gates now, "head", or "fine-tuned".
        accuracy: of the teacher where it goes on from the student's bits; of the student itself
            once all of it is gates.
        coded: accuracy where the teacher goes on from its own bits: what coding alone costs; None
            of the last stages.
        agreement: share of the student's bits that are the teacher's; None of the last stages.
        constant: the same share of bits that never change, each being what it mostly is.
        bits: at the cut.
        gates: live ones, of the student so far.
        seconds: of this stage.
    """

    name: str
    accuracy: float
    coded: float | None
    agreement: float | None
    constant: float | None
    bits: int
    gates: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Distilled:
    """A student, and how it came to be.

    Attributes:
        model: optimized.
        net: the same as a torch module, of bits.
        stages: the report.
        teacher_accuracy: on the rows held back.
        result: of the last training, the head's or the end's.
    """

    model: Model
    net: nn.Module
    stages: tuple[Stage, ...]
    teacher_accuracy: float
    result: Result
