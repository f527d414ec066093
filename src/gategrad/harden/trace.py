"""Networks that are no chain: their forward pass on wires instead of values.

A network's own `forward` runs once on tensors of signal numbers. Modules with gates are not called:
each continues the circuit with the signals that it is given. All else may only move wires, which
`moves` sees to, so skips, splits, several heads and cells that are applied again and again become
wires of the circuit. Three rows go through at once; that shows a forward pass which mixes rows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import gategrad.nn
from gategrad.circuit import N_CONSTANTS, Readout
from gategrad.harden import plain
from gategrad.harden.draft import Draft
from gategrad.harden.emitters import OF_IMAGES
from gategrad.harden.errors import DiscretizeError
from gategrad.harden.heads import chosen, joined
from gategrad.harden.moves import NotAMove, Wires, constants

ROWS = 3
# A number is that of the row, times this, plus a signal, an input feature or a score.
ROW = 1 << 44
FEATURES = 1 << 40
SCORES = 1 << 41
_SCORES_A_HEAD = 1 << 20

# (module, its name, draft) -> the draft that continues with it; None for what runs on wires itself
Find = Callable[[nn.Module, str], Callable[[nn.Module, str, Draft], Draft] | None]


@dataclass
class Trace:
    """The circuit so far, the heads that were met, and where in the network the pass is.

    Attributes:
        draft: gates; its signals are those of the module that is being visited.
        n_features: numbers of a row that the network reads.
        heads: readouts with the signals (outputs,) that they read.
        path: names of the modules that are being called, the innermost last.
        encoder: the Thermometer that was visited.
    """

    draft: Draft
    n_features: int
    heads: list[tuple[Readout, NDArray[np.int64]]] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    encoder: nn.Module | None = None

    def visit(
        self, emit: Callable[[nn.Module, str, Draft], Draft], module: nn.Module, name: str, x: Any
    ) -> Wires:
        """What `module` gives for wires (..., width): (..., outputs), each row's alike."""
        if not isinstance(x, Tensor):
            raise DiscretizeError(f"{name} is called with a {type(x).__name__}; expected wires")
        numbers = x.numbers() if isinstance(x, Wires) else constants(x)
        image = isinstance(module, OF_IMAGES) and numbers.ndim > 3
        lead, own = numbers.shape[: -3 if image else -1], numbers.shape[-3 if image else -1 :]
        found = numbers.reshape(-1, own.numel()).numpy()
        places, codes = _by_row(found, name)
        shape = tuple(own) if image else None
        results = [self._emit(emit, module, name, code, shape) for code in codes]
        out = np.empty((len(found), *(results[0].shape if results else (0,))), np.int64)
        for row, at in enumerate(places):
            for place, result in zip(at, results, strict=True):
                out[place] = _in_row(result, row)
        return Wires.of(torch.from_numpy(out).reshape(*lead, *out.shape[1:]))

    def _emit(
        self,
        emit: Callable[[nn.Module, str, Draft], Draft],
        module: nn.Module,
        name: str,
        codes: NDArray[np.int64],
        image: tuple[int, ...] | None,
    ) -> NDArray[np.int64]:
        """What the module gives: signals in a row, or in the shape of the images that it gives."""
        if (codes >= SCORES).any():
            raise DiscretizeError(
                f"{name} comes after the module that makes the scores; expected nothing there: "
                "put the GroupSum last"
            )
        if isinstance(module, gategrad.nn.Thermometer):
            return self._encode(emit, module, name, codes)
        signals = self._signals(codes, name)
        draft = replace(self.draft, signals=signals, image=image)
        draft = emit(module, name, draft)
        self.draft = replace(draft, readout=None, image=None)
        if draft.readout is None:
            return draft.signals if draft.image is None else draft.signals.reshape(draft.image)
        self.heads.append((draft.readout, draft.signals))
        first = SCORES + (len(self.heads) - 1) * _SCORES_A_HEAD
        return first + np.arange(draft.readout.n_classes)

    def _encode(
        self,
        emit: Callable[[nn.Module, str, Draft], Draft],
        module: nn.Module,
        name: str,
        codes: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """The inputs of the circuit, which a Thermometer makes of all features in their order."""
        if not np.array_equal(codes, FEATURES + np.arange(self.n_features)):
            raise DiscretizeError(
                f"{name} reads wires or some of the features; expected all that the network is "
                "given, in their order"
            )
        if self.encoder is not module:
            self.draft, self.encoder = emit(module, name, self.draft), module
        return N_CONSTANTS + np.arange(self.draft.n_inputs)

    def _signals(self, codes: NDArray[np.int64], name: str) -> NDArray[np.int64]:
        """Signals of codes; the network's features become the circuit's inputs when first read."""
        features = codes >= FEATURES
        if features.any() and self.draft.n_inputs is None:
            self.draft = self.draft.reading(self.n_features, name)
        if features.any() and self.draft.encoder is not None:
            raise DiscretizeError(
                f"{name} reads features, which a Thermometer makes bits of elsewhere; let all read "
                "the Thermometer's bits"
            )
        return np.where(features, codes - FEATURES + N_CONSTANTS, codes)

    def output(self, out: Any, head: int | str | None) -> Draft:
        """The draft with what the network returns: scores, or bits.

        Raises:
            DiscretizeError: several outputs and no choice among them, or no outputs of a circuit.
        """
        out = chosen(out, head)
        if not isinstance(out, Wires):
            raise DiscretizeError(
                f"the network returns a {type(out).__name__} that is no wires; expected what its "
                "modules give"
            )
        numbers = out.numbers().reshape(len(out), -1).numpy()
        places, codes = _by_row(numbers, "the network's output")
        if len(out) != ROWS or [list(at) for at in places] != [[row] for row in range(ROWS)]:
            raise DiscretizeError(
                f"the network returns {len(out)} rows for {ROWS}, or in another order; expected "
                "one output for each row: keep the batch in front"
            )
        if not (codes[0] >= SCORES).any():
            signals = self._signals(codes[0], "the network's output")
            return replace(self.draft, signals=signals)
        return _read_out(self.draft, self.heads, codes[0])


@contextmanager
def wired(net: nn.Module, trace: Trace, find: Find) -> Iterator[None]:
    """Calls of the modules of `net` continue `trace` while the context lasts, all in `.eval()`."""
    modules = {module: path for path, module in net.named_modules()}
    kept = [(m, m.training, m.__dict__.get("_compiled_call_impl")) for m in modules]
    try:
        for module, path in modules.items():
            name = plain.named(module, path)
            module.training = False
            module.__dict__["_compiled_call_impl"] = None
            module.__dict__["_call_impl"] = _Call(trace, module, name, find(module, name))
        yield
    finally:
        for module, training, compiled in kept:
            module.training = training
            module.__dict__["_compiled_call_impl"] = compiled
            module.__dict__.pop("_call_impl", None)


@dataclass(frozen=True)
class _Call:
    """What a module does while it is traced, instead of its forward pass and hooks."""

    trace: Trace
    module: nn.Module
    name: str
    emit: Callable[[nn.Module, str, Draft], Draft] | None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.emit is not None:
            x = args[0] if args else next(iter(kwargs.values()), None)
            return self.trace.visit(self.emit, self.module, self.name, x)
        self.trace.path.append(self.name)
        out = self._forward(*args, **kwargs)
        self.trace.path.pop()
        return out

    def _forward(self, *args: Any, **kwargs: Any) -> Any:
        if type(self.module).forward is not gategrad.nn.Sequential.forward:
            return self.module.forward(*args, **kwargs)
        # Its own forward would compute several layers as one.
        return nn.Sequential.forward(self.module, *args, **kwargs)


def run(net: nn.Module, trace: Trace, shape: tuple[int, ...], find: Find) -> Any:
    """What the network returns for features (ROWS, *shape) as wires.

    Raises:
        DiscretizeError: an operation that computes; names it and the module that it is in.
    """
    features = torch.arange(trace.n_features, device="cpu") + FEATURES
    x = torch.stack([features + row * ROW for row in range(ROWS)]).reshape(ROWS, *shape)
    with wired(net, trace, find):
        try:
            return net(Wires.of(x))
        except NotAMove as error:
            where = trace.path[-1] if trace.path else type(net).__name__
            raise DiscretizeError(
                f"{where} applies {error} to wires, and a circuit can only move them: cat, stack, "
                "split, chunk, indexing, flatten, reshape, permute and their like. Compute with "
                "modules that have gates, or register the module with gategrad.nn.register"
            ) from None


def _by_row(
    found: NDArray[np.int64], name: str
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Where each row's wires are among found (places, width), and their codes in any row.

    Constants belong to any row.
    """
    rows, codes = found // ROW, found % ROW
    fixed = codes < N_CONSTANTS
    first = np.where(fixed, ROWS, rows).min(axis=1, initial=ROWS)
    last = np.where(fixed, -1, rows).max(axis=1, initial=-1)
    free = last < 0
    of_place = np.where(free, np.arange(len(found)) * ROWS // max(len(found), 1), first)
    places = [np.flatnonzero(of_place == row) for row in range(ROWS)]
    mixed = ((first != last) & ~free).any() or len({len(at) for at in places}) > 1
    if mixed or any((codes[at] != codes[places[0]]).any() for at in places[1:]):
        raise DiscretizeError(
            f"{name} reads wires of several rows at once; expected each row alone: keep the batch "
            "in front, as .flatten(1) does"
        )
    return places, codes[places[0]]


def _in_row(codes: NDArray[np.int64], row: int) -> NDArray[np.int64]:
    return np.where(codes < N_CONSTANTS, codes, codes + row * ROW)


def _read_out(
    draft: Draft, heads: list[tuple[Readout, NDArray[np.int64]]], codes: NDArray[np.int64]
) -> Draft:
    """The draft with the readout of whole heads, one after the other."""
    used = list(dict.fromkeys(((codes - SCORES) // _SCORES_A_HEAD).tolist()))
    whole = [SCORES + i * _SCORES_A_HEAD + np.arange(heads[i][0].n_classes) for i in used if i >= 0]
    if (codes < SCORES).any() or not np.array_equal(np.concatenate(whole), codes):
        raise DiscretizeError(
            "the network returns some of the scores, in another order, or with bits among them; "
            "expected the scores of whole heads as they are"
        )
    readouts = [heads[i][0] for i in used]
    signals = np.concatenate([heads[i][1] for i in used])
    widths = [len(heads[i][1]) for i in used]
    return replace(draft, signals=signals, readout=joined(readouts, widths))
