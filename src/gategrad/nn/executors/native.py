"""The native core's executors: what each can compute, and the call that does it.

Those of whole layers come first, in the order in which they are asked; `PINS`, `TABLES` and
`SLOTS` compute parts of a layer on features-major rows.
"""

import torch
from torch import Tensor, nn

from gategrad.engine import isa
from gategrad.nn.checks import are_plain
from gategrad.nn.executors.cpu.conv import run_conv
from gategrad.nn.executors.cpu.native_learned import run_learned
from gategrad.nn.executors.cpu.native_maps import MOST_INPUTS, run_maps
from gategrad.nn.executors.cpu.native_slots import native_slots
from gategrad.nn.executors.cpu.stack import run_native
from gategrad.nn.executors.forks import prepare_for_forks
from gategrad.nn.executors.plan import Executor, Run
from gategrad.nn.executors.training_variable import VARIABLE, wanted_backend
from gategrad.nn.gates.parametrization import TableParametrization
from gategrad.nn.gates.weight_kind import WeightKind

DTYPES = (torch.float32, torch.float64)


class _Native(Executor):
    name = "native"

    def meant_for(self, device: torch.device) -> bool:
        return device.type == "cpu" and wanted_backend() != "triton"

    def label(self, device: torch.device) -> str:
        return f"native ({isa.choose()[0]}, torch's OpenMP threads)"


class _Tiles(_Native):
    """Layers with fixed wires, tile by tile of the samples; in `.eval()` too."""

    def reason(self, run: Run) -> str | None:
        for layer in run.layers:
            if layer.wiring is not None and run.trains(layer):
                return "a layer learns its wiring"
        return _why_not_core(run, tiles=True)

    def run(self, run: Run) -> Tensor:
        n_groups, scale, keep = run.n_groups, run.scale, run.keep
        return run_native(run.layers, run.x, n_groups=n_groups, scale=scale, keep=keep)


class _Windows(_Native):
    """Convolutions and pools, and dense layers behind them, tile by tile; in `.eval()` too."""

    def reason(self, run: Run) -> str | None:
        # Pools have no gates.
        layers = [layer for layer in run.layers if hasattr(layer, "bank")]
        for layer in layers:
            if layer.wiring is not None and run.trains(layer) and not layer.frozen:
                return "a layer learns its wiring"
            if isinstance(layer.kind, TableParametrization) and getattr(layer, "depth", 1) > 1:
                return "trees of more than one level are of interpolated tables"
        if not are_plain(run.x, *(layer.weight for layer in layers)):
            return "tensors are no plain ones"
        return _why_not_core(run._replace(layers=layers), tiles=True, traced=False)

    def run(self, run: Run) -> Tensor:
        n_groups, scale, keep = run.n_groups, run.scale, run.keep
        return run_conv(run.layers, run.x, n_groups=n_groups, scale=scale, keep=keep)


class _Maps(_Native):
    """Convolutions and pools that train with hard gates, on packed bits."""

    def reason(self, run: Run) -> str | None:
        layers = [layer for layer in run.layers if hasattr(layer, "bank")]
        for layer in layers:
            if reason := _why_no_maps(layer, run.trains(layer)):
                return reason
        if not are_plain(run.x, *(layer.weight for layer in layers)):
            return "tensors are no plain ones"
        return _why_not_core(run._replace(layers=layers), tiles=True, traced=False)

    def run(self, run: Run) -> Tensor | None:
        return run_maps(run.layers, run.x)


class _Bits(_Native):
    """Layers of which some learn their wires, on packed bits."""

    def reason(self, run: Run) -> str | None:
        learns = False
        for layer in run.layers:
            weight, wiring = layer.weight, layer.wiring
            if weight.dtype != torch.float32:
                return "values are not float32"
            if not are_plain(weight):
                return "tensors are no plain ones"
            if wiring is not None:
                learns = True
                if reason := _why_not_packed(wiring):
                    return reason
        if not learns:
            return "no layer learns its wiring"
        return _why_not_core(run) if are_plain(run.x) else "tensors are no plain ones"

    def run(self, run: Run) -> Tensor | None:
        return run_learned(run.layers, run.x, n_groups=run.n_groups, scale=run.scale)


class _Parts(_Native):
    """One layer in parts: what learned pins read, then gates; or tables."""

    def reason(self, run: Run) -> str | None:
        (layer,) = run.layers
        if layer.logic != "probabilistic":
            return f"logic={layer.logic!r} is no polynomial"
        tables = isinstance(layer.kind, TableParametrization)
        reason = TABLES.reason(run) if tables else None
        if layer.wiring is not None:
            reason = reason or PINS.reason(run._replace(layers=(layer.wiring,)))
        elif not tables:
            reason = _why_not_core(run)
        return reason

    def run(self, run: Run) -> Tensor:
        (layer,) = run.layers
        return layer.forward_parts(run.x)


class _Tables(_Native):
    """Tables on features-major rows, in `.eval()` too."""

    def reason(self, run: Run) -> str | None:
        if (backend := wanted_backend()) != "native":
            return f"{VARIABLE} is {backend}"
        (layer,) = run.layers
        for device in (run.x.device, layer.weight.device):
            if device.type != "cpu":
                return f"a tensor is on {device}"
        if layer.weight.dtype not in DTYPES:
            return f"the weights are {layer.weight.dtype}"
        return None if are_plain(run.x, layer.weight) else "tensors are no plain ones"


class _Pins(_Native):
    """What the pins of a `LearnedWiring` read, of rows in its logits' dtype."""

    def reason(self, run: Run) -> str | None:
        (wiring,) = run.layers
        return _why_not_choice(run.x, wiring.logits, wiring.candidates, "the wiring's")


class _Slots(_Native):
    """A `SlotDense` in training, on rows in its dtype."""

    def reason(self, run: Run) -> str | None:
        (layer,) = run.layers
        if not run.trains(layer):
            return "a layer is in .eval()"
        return _why_not_choice(run.x, layer.logits, layer.slot_wires, "the layer's")

    def run(self, run: Run) -> Tensor:
        (layer,) = run.layers
        return native_slots(layer, run.x)


class _HardSlots(_Native):
    """A `SlotDense` in `.eval()`, on rows as they come: polynomials with fixed wires."""

    def reason(self, run: Run) -> str | None:
        (layer,) = run.layers
        if (backend := wanted_backend()) != "native":
            return f"{VARIABLE} is {backend}"
        if run.trains(layer):
            return "the layer trains"
        for device in (run.x.device, layer.logits.device, layer.slot_wires.device):
            if device.type != "cpu":
                return f"a tensor is on {device}"
        dtype = layer.logits.dtype
        return None if dtype in DTYPES else f"the layer's logits are {dtype}"

    def run(self, run: Run) -> Tensor:
        return run_native(run.layers, run.x, keep=run.keep)


TILES, BITS, PARTS, CONV, MAPS = _Tiles(), _Bits(), _Parts(), _Windows(), _Maps()
TABLES, PINS, SLOTS, HARD_SLOTS = _Tables(), _Pins(), _Slots(), _HardSlots()


prepare_for_forks()


def _why_not_core(run: Run, *, tiles: bool = False, traced: bool = True) -> str | None:
    """What keeps layers from the core, wiring apart; `tiles`: it takes tables and `.eval()`.

    `traced`: what torch.compile compiles is traced through the run.
    """
    if (backend := wanted_backend()) != "native":
        return f"{VARIABLE} is {backend}"
    # One pass: this runs before every operation, when little of it is in a cache.
    device, dtype = run.x.device, run.layers[0].weight.dtype
    if device.type != "cpu":
        return f"a tensor is on {device}"
    for layer in run.layers:
        weight = layer.weight
        of_tables = isinstance(layer.kind, TableParametrization)
        if of_tables and not tiles:
            return "gates are interpolated tables"
        if not weight.is_cpu:
            return f"a tensor is on {weight.device}"
        if weight.dtype != dtype or dtype not in DTYPES:
            return f"the weights are {' and '.join(sorted({str(dtype), str(weight.dtype)}))}"
        if getattr(layer, "logic", "probabilistic") != "probabilistic":
            return f"logic={layer.logic!r} is no polynomial"
        if of_tables:
            # Entries are made by functions of all kinds, of which dynamo can't trace some.
            compiling = traced and torch.compiler.is_compiling()
            if compiling and layer.bank.weight_kind is WeightKind.ENTRIES:
                return "entries of tables are made outside of torch.compile"
            continue
        if not (tiles or run.trains(layer)):
            return "a layer is in .eval()"
        if not weight.is_contiguous():
            return "weights are not contiguous"
    return None


def _why_no_maps(layer: nn.Module, trains: bool) -> str | None:
    """What keeps a convolution from packed bits, or a layer that is none."""
    if not hasattr(layer, "kernel_size"):
        return "a layer is no convolution"
    if layer.wiring is not None and trains and not layer.frozen:
        return "a layer learns its wiring"
    bank = layer.bank
    if not (trains and bank.hard_forward):
        return "gates are not hard in training"
    if layer.inputs > MOST_INPUTS:
        return f"gates have more than {MOST_INPUTS} inputs"
    if bank.of_tables and layer.depth > 1:
        return "trees of more than one level are of interpolated tables"
    if bank.smoothing:
        return "operands are smoothed in the gradient"
    return None if layer.weight.dtype == torch.float32 else "values are not float32"


def _why_not_packed(wiring: nn.Module) -> str | None:
    if wiring.estimator != "straight-through":
        return "wires are mixed"
    candidates, logits = wiring.candidates, wiring.logits
    if candidates.shape[0] != 2:
        return "gates have more than two inputs"
    if not (logits.is_cpu and candidates.is_cpu):
        return "a tensor is not on the CPU"
    if not (logits.is_contiguous() and are_plain(logits)):
        return "logits are not contiguous"
    return None if logits.dtype == torch.float32 else "values are not float32"


def _why_not_choice(rows: Tensor, logits: Tensor, wires: Tensor, whose: str) -> str | None:
    """What keeps a choice among wires by logits from the core."""
    if (backend := wanted_backend()) != "native":
        return f"{VARIABLE} is {backend}"
    for device in (rows.device, logits.device, wires.device):
        if device.type != "cpu":
            return f"a tensor is on {device}"
    if logits.dtype not in DTYPES:
        return f"{whose} logits are {logits.dtype}"
    if rows.dtype != logits.dtype:
        return f"values are {rows.dtype} and {whose} logits {logits.dtype}"
    return None if are_plain(rows, logits) else "tensors are no plain ones"
