"""How a teacher is converted, and what is told after each stage."""

from dataclasses import dataclass, field
from numbers import Integral

from torch import nn

from gategrad.distill.blocks import Gates
from gategrad.distill.errors import DistillError, check_whole
from gategrad.model import Model
from gategrad.train import Result
from gategrad.train.online import Transform


@dataclass(frozen=True)
class LayerOptions:
    """How a teacher is converted.

    Attributes:
        levels: bits a number at each cut.
        level_steps: in which levels learn, by what the teacher's rest makes of the bits; 0: levels
            are quantiles.
        trees: of gates for each bit, or a number for each cut. Where there are several, the bit is
            what most of them say, and what comes behind reads them all.
        depth: of each tree, which has `2**depth` pins at its leaves.
        candidates: bits that each of these pins chooses among.
        head: trees of the last block, whose outputs the classes sum; a multiple of the classes.
        tau: of these sums, see `nn.GroupSum`.
        steps: for each block.
        finetune: steps end to end at the end; 0 for none.
        batch_size: rows a step.
        lr: learning rate of the blocks.
        finetune_lr: of the end.
        distill_weight: the teacher's share of the loss of the head and of the end.
        distill_temperature: see `train.fit`.
        transform: of the rows of each step at the end, see `train.fit`; the teacher is asked about
            the rows as they are made.
        gates: what the layers are made with.
        validation: rows held back to report on and to choose by, see `train.fit`.
        seed: of rows, wiring and weights.
        threads: see `train.fit`; of all of the conversion.

    Raises:
        DistillError: an option that is none; says what was expected.
    """

    levels: int = 2
    level_steps: int = 0
    trees: int | tuple[int, ...] = 1
    depth: int = 3
    candidates: int = 8
    head: int = 4_000
    tau: float | str = "auto"
    steps: int = 1_000
    finetune: int = 2_000
    batch_size: int = 128
    lr: float = 0.03
    finetune_lr: float = 0.02
    distill_weight: float = 0.5
    distill_temperature: float = 2.0
    transform: Transform | None = None
    gates: Gates = field(default_factory=Gates)
    validation: int | float = 0.1
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        for name in ("levels", "depth", "candidates", "head", "steps", "batch_size"):
            check_whole(name, getattr(self, name))
        for name in ("finetune", "seed", "level_steps"):
            check_whole(name, getattr(self, name), least=0)
        for trees in self.trees if isinstance(self.trees, tuple) else (self.trees,):
            check_whole("trees", trees)
        if self.threads is not None:
            check_whole("threads", self.threads)
        if self.tau != "auto" and not _is_positive(self.tau):
            raise DistillError(f"tau is {self.tau!r}; expected a number above 0, or 'auto'")
        if self.transform is not None and not self.finetune:
            raise DistillError(
                "transform is for the steps at the end, and finetune=0 has none; leave one of them "
                "out"
            )
        if not _is_share_or_count(self.validation):
            raise DistillError(
                f"validation is {self.validation!r}; expected how many rows to hold back, or a "
                "fraction below 1"
            )

    def trees_at(self, cuts: int) -> tuple[int, ...]:
        """The trees for each bit at each of so many cuts.

        Raises:
            DistillError: another number of cuts.
        """
        found = self.trees if isinstance(self.trees, tuple) else (self.trees,) * cuts
        if len(found) != cuts:
            raise DistillError(f"trees are {found} and there are {cuts} cuts; give one for each")
        return found


def _is_positive(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 < value < float("inf")


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
        bits: at the cut, each of as many gates as there are trees for it.
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
