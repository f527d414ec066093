"""Layer by layer: a teacher's activations as bits, and a block of gates for each cut's bits."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from gategrad.circuit import live_gates
from gategrad.distill.bit_fit import Bits, bits_after, fit_bits, votes
from gategrad.distill.blocks import (
    candidate_inputs,
    drawn_bits,
    inputs_a_pin,
    pin_bits,
    tree_block,
)
from gategrad.distill.coding import Coding
from gategrad.distill.cuts import Part, modules_of, parts_of
from gategrad.distill.errors import DistillError
from gategrad.distill.levels import learned_levels
from gategrad.distill.stages import Distilled, LayerOptions, Stage
from gategrad.encoding import Encoder
from gategrad.harden import discretize
from gategrad.nn import GroupSum, Sequential
from gategrad.teachers import Teacher
from gategrad.train import Result, fit
from gategrad.train.evaluate import modes_kept
from gategrad.train.online import Transform
from gategrad.train.process import torch_threads
from gategrad.train.splitting import held_rows
from gategrad.train.targets import class_indices

Floats = NDArray[np.float32]
# Rows that levels are fitted on.
_TO_FIT_LEVELS = 5_000
# Spread of the noise on the influence, by which trees of one class differ.
_HEAD_NOISE = 2.0


def layer_by_layer(
    teacher: nn.Module,
    x: ArrayLike,
    y: ArrayLike,
    *,
    encoder: Encoder | None = None,
    preprocess: Callable[[NDArray], Any] | None = None,
    shape: Sequence[int] | None = None,
    cuts: Sequence[int] | None = None,
    options: LayerOptions | None = None,
    on_stage: Callable[[Stage], None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Distilled:
    """Convert a classifier to gates, a layer at a time, then train all of it end to end.

    The teacher is cut. What it computes at each cut becomes bits, by thermometers at quantiles. A
    block of logic layers, a tree of gates for each bit, learns these bits from the student's own
    bits at the cut before; its pins choose among the bits that the teacher's weights say matter
    most. The last block learns the classes, of labels and of the teacher's scores.

    Args:
        teacher: a trained `torch.nn.Sequential` of plain layers that ends in a score a class.
        x: (n, features) rows, as the student's user has them: bits, or numbers with an encoder.
        y: (n,) class indices.
        encoder: to the student's bits, each of which compares one feature.
        preprocess: from rows to the teacher's input, number for number; None: float32.
        shape: of one row for the teacher; flat where None.
        cuts: see `cuts.parts_of`.
        options: how.
        on_stage: called with each stage as it ends.
        progress: called with a stage's name, a step and their number.

    Raises:
        DistillError: a teacher, rows or options that can't be distilled with.
        TrainError, InputError, EncodingError: rows or labels that can't be trained on.
    """
    options = LayerOptions() if options is None else options
    run = _Run(teacher, encoder, preprocess, shape, cuts, options)
    # Its parts share the teacher's modules, and are set to `.eval()`.
    shared = nn.Sequential(*modules_of(teacher))
    with torch_threads(options.threads), modes_kept(shared):
        return run.convert(np.asarray(x), np.asarray(y), on_stage or _silent, progress)


def _silent(stage: Stage) -> None:
    """For those who want no report on the way."""


class _Run:
    """One conversion on its way."""

    def __init__(
        self,
        teacher: nn.Module,
        encoder: Encoder | None,
        preprocess: Callable[[NDArray], Any] | None,
        shape: Sequence[int] | None,
        cuts: Sequence[int] | None,
        options: LayerOptions,
    ) -> None:
        self.teacher, self.encoder, self.preprocess = teacher, encoder, preprocess
        self.shape, self.cuts, self.options = shape, cuts, options
        self.generator = torch.Generator().manual_seed(options.seed)
        self.noise = np.random.default_rng(options.seed)
        self.parts: tuple[Part, ...] = ()
        self.layers: list[nn.Module] = []
        self.stages: list[Stage] = []

    def convert(
        self,
        x: NDArray,
        y: NDArray,
        on_stage: Callable[[Stage], None],
        progress: Callable[[str, int, int], None] | None,
    ) -> Distilled:
        bits = _bits(x, self.encoder)
        numbers = self._numbers(x)
        shape = (numbers.shape[1],) if self.shape is None else tuple(self.shape)
        parts = self.parts = parts_of(self.teacher, shape, self.cuts)
        said = np.concatenate(list(_through(parts, numbers)))
        classes = said.shape[1]
        y = class_indices(y, len(x), classes)
        _check_head(self.options.head, classes)
        held = held_rows(y, self.options.validation, self.options.seed)
        truth = Truth(y, held, said)
        now = _Now(bits, _bits_of(x.shape[1], self.encoder), numbers, numbers[~held].std(0))
        del numbers
        for i, trees in enumerate(self.options.trees_at(len(parts) - 1)):
            now = self._cut(now, parts[i], parts[i + 1 :], truth, trees, progress)
            on_stage(self.stages[-1])
        result = self._head(now, parts[-1], truth)
        on_stage(self.stages[-1])
        net = Sequential(*self.layers)
        if self.options.finetune:
            result = self._finetune(net, x, bits, truth)
            on_stage(self.stages[-1])
        model = discretize(net, encoder=self.encoder).optimize()
        return Distilled(model, net, tuple(self.stages), truth.accuracy(said), result)

    def _numbers(self, x: NDArray) -> Floats:
        """Rows as the teacher takes them, flat."""
        made = x if self.preprocess is None else self.preprocess(x)
        made = made.detach().cpu().numpy() if isinstance(made, torch.Tensor) else np.asarray(made)
        flat = np.ascontiguousarray(made.reshape(len(x), -1), np.float32)
        if flat.shape != x.shape:
            raise DistillError(
                f"the teacher's rows have {flat.shape[1]} numbers and x has {x.shape[1]} features; "
                "expected a number for each feature, in their order"
            )
        return flat

    def _cut(
        self,
        now: "_Now",
        part: Part,
        rest: Sequence[Part],
        truth: "Truth",
        trees: int,
        progress: Callable[[str, int, int], None] | None,
    ) -> "_Now":
        """One more block; what the teacher has at its cut, and the student."""
        started, options = perf_counter(), self.options
        train = ~truth.held
        numbers = np.concatenate(list(part.run(now.numbers)))
        some = np.flatnonzero(train)[:_TO_FIT_LEVELS]
        coding = Coding.fitted(numbers[some], options.levels)
        if options.level_steps:
            coding = learned_levels(
                coding, numbers[some], truth.said[some], rest,
                steps=options.level_steps, seed=options.seed,
            )  # fmt: skip
        wanted = np.concatenate([coding.encode(numbers[i : i + 4096]) for i in
                                 range(0, len(numbers), 4096)])  # fmt: skip
        influence = part.influence() * now.deviations[:, None]
        wide = np.repeat(np.tile(influence, options.levels), trees, 1)
        pins = self._pins(now, wide, noisy=trees > 1)
        block = tree_block(now.bits.shape[1], pins, self.generator, options.gates)
        name = f"modules {part.name}"
        fit_bits(
            block,
            now.bits[train],
            wanted[train],
            steps=options.steps,
            batch_size=options.batch_size,
            lr=options.lr,
            seed=options.seed,
            on_step=None if progress is None else lambda s: progress(name, s, options.steps),
        )
        bits = bits_after(block, now.bits)
        self.layers += list(block)
        mine, theirs = votes(bits[truth.held], trees), wanted[truth.held]
        share = theirs.mean(0)
        self.stages.append(
            Stage(
                name,
                accuracy=truth.continued(rest, coding.decode(mine)),
                coded=truth.continued(rest, coding.decode(theirs)),
                agreement=float((mine == theirs).mean()),
                constant=float(np.maximum(share, 1 - share).mean()),
                bits=coding.n_bits,
                gates=self._gates(),
                seconds=perf_counter() - started,
            )
        )
        of_levels = np.arange(bits.shape[1]).reshape(options.levels, -1)
        bits_of = np.concatenate([level.reshape(-1, trees) for level in of_levels], axis=1)
        return _Now(bits, bits_of, numbers, coding.deviations, trees)

    def _pins(self, now: "_Now", influence: Floats, *, noisy: bool) -> NDArray[np.int64]:
        """Bits that the leaves of a tree for each column of `influence` choose among."""
        options, leaves = self.options, 2**self.options.depth
        noise = None
        if noisy:
            noise = _HEAD_NOISE * self.noise.gumbel(size=influence.shape).astype(np.float32)
        if now.trees > 1:
            inputs = candidate_inputs(influence, leaves, options.candidates, noise)
            return drawn_bits(inputs, now.bits_of, self.noise)
        many = inputs_a_pin(options.candidates, now.bits_of.shape[1])
        inputs = candidate_inputs(influence, leaves, many, noise)
        return pin_bits(inputs, now.bits_of, options.candidates)

    def _head(self, now: "_Now", part: Part, truth: "Truth") -> Result:
        """The last block: trees for the classes, from labels and the teacher's scores."""
        started, options = perf_counter(), self.options
        classes = truth.said.shape[1]
        influence = part.influence() * now.deviations[:, None]
        wide = np.repeat(influence, options.head // classes, 1)
        pins = self._pins(now, wide, noisy=True)
        block = tree_block(now.bits.shape[1], pins, self.generator, options.gates)
        head = Sequential(*block, GroupSum(classes, options.tau))
        teacher = Teacher(truth.said[~truth.held])
        result = self._fit(
            head, now.bits.view(bool), truth, teacher, steps=options.steps, lr=options.lr
        )
        self.layers += list(head)
        self._last_stage("head", result, perf_counter() - started)
        return result

    def _finetune(self, net: nn.Module, x: NDArray, bits: Bits, truth: "Truth") -> Result:
        started, options = perf_counter(), self.options
        if options.transform is None:
            given, more = bits.view(bool), {}
            teacher = Teacher(truth.said[~truth.held])
        else:
            given, teacher = x, Teacher(self._scores)
            more = {"encoder": self.encoder, "transform": options.transform}
        result = self._fit(
            net, given, truth, teacher, steps=options.finetune, lr=options.finetune_lr, **more
        )
        self._last_stage("fine-tuned", result, perf_counter() - started)
        return result

    def _scores(self, x: NDArray) -> Floats:
        """What the teacher says of rows as the user has them."""
        return np.concatenate(list(_through(self.parts, self._numbers(x))))

    def _fit(
        self,
        net: nn.Module,
        x: NDArray,
        truth: "Truth",
        teacher: Teacher,
        *,
        steps: int,
        lr: float,
        encoder: Encoder | None = None,
        transform: Transform | None = None,
    ) -> Result:
        options, train = self.options, ~truth.held
        return fit(
            net,
            x[train],
            truth.y[train],
            encoder=encoder,
            validation=(x[truth.held], truth.y[truth.held]),
            teacher=teacher,
            distill_weight=options.distill_weight,
            distill_temperature=options.distill_temperature,
            transform=transform,
            steps=steps,
            lr=lr,
            batch_size=options.batch_size,
            seed=options.seed,
            threads=options.threads,
            progress=False,
        )

    def _last_stage(self, name: str, result: Result, seconds: float) -> None:
        n = self.options.head
        self.stages.append(Stage(name, result.hard, None, None, None, n, self._gates(), seconds))

    def _gates(self) -> int:
        made = discretize(Sequential(*self.layers), ignore_hooks=True).optimize()
        return live_gates(made.circuit)


@dataclass(frozen=True, eq=False)
class _Now:
    """Where a conversion is.

    Attributes:
        bits: (n, B), the student's.
        bits_of: (F, T), the bits that stand for each of the teacher's numbers.
        numbers: (n, F), the teacher's at this cut.
        deviations: (F,), of these numbers.
        trees: of the student for each bit.
    """

    bits: Bits
    bits_of: NDArray[np.int64]
    numbers: Floats
    deviations: Floats
    trees: int = 1


@dataclass(frozen=True, eq=False)
class Truth:
    """Labels (n,), which rows are held back (n,), and what the teacher says of all (n, classes)."""

    y: NDArray[np.int64]
    held: NDArray[np.bool_]
    said: Floats

    def accuracy(self, said: Floats) -> float:
        """Of scores of all rows, on those held back."""
        return float((said[self.held].argmax(1) == self.y[self.held]).mean())

    def continued(self, parts: Sequence[Part], numbers: Floats) -> float:
        """Where the teacher's rest goes on from numbers of the rows held back."""
        said = np.concatenate(list(_through(parts, numbers)))
        return float((said.argmax(1) == self.y[self.held]).mean())


def _through(parts: Sequence[Part], numbers: Floats) -> Iterator[Floats]:
    whole = Part(nn.Sequential(*(m for p in parts for m in p.modules)), parts[0].shape, "all")
    return whole.run(numbers)


def _bits(x: NDArray, encoder: Encoder | None) -> Bits:
    if encoder is not None:
        return np.ascontiguousarray(encoder.encode(x)).view(np.uint8)
    if x.ndim != 2 or not np.isin(x, (0, 1)).all():
        raise DistillError("x holds other values than 0 and 1; give an encoder= for numbers")
    return np.ascontiguousarray(x.astype(np.uint8))


def _bits_of(n_features: int, encoder: Encoder | None) -> NDArray[np.int64]:
    """The bits (features, T) of each feature; of features with fewer than T the last one again."""
    if encoder is None:
        return np.arange(n_features)[:, None]
    found = encoder.thresholds()
    if found is None:
        raise DistillError(
            f"the encoder is a {type(encoder).__name__}, whose bits are no comparisons of single "
            "features; give a Thermometer"
        )
    feature = found[0].astype(np.int64)
    most = np.bincount(feature, minlength=n_features).max()
    rows = [np.flatnonzero(feature == f) for f in range(n_features)]
    return np.array([np.pad(r, (0, most - len(r)), "edge") for r in rows])


def _check_head(head: int, classes: int) -> None:
    if head < classes or head % classes:
        raise DistillError(
            f"the head has {head} trees, which {classes} classes can't share equally; use "
            f"{-(-head // classes) * classes}"
        )
