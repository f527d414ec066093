"""The GPU engine: a circuit's plan on a device, rows in, sums and labels out."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import triton
from torch import Tensor

from gategrad.circuit import Circuit, Readout, check_pair, decide, scores
from gategrad.encoding import Encoder
from gategrad.engine.errors import BackendError
from gategrad.engine.gpu import kernels
from gategrad.engine.gpu.keys import double_keys, integer_keys, single_keys
from gategrad.engine.gpu.plan import LANES, make_plan
from gategrad.engine.packing import Packed, check_packed, pack
from gategrad.engine.routes import Route
from gategrad.engine.rows import LARGEST_EXACT, InputError, check_rows, check_threads, check_values

WORD = 32
# Words of a block: a slot is one sector of 32 bytes, and the slots of a program stay near L1.
BLOCK_W = 8
BLOCK_G = 256
BLOCK_J = 128
WARPS = 16
PROGRAMS_A_PROCESSOR = 2
# Rows are numbered in 32 bits.
MOST_ROWS = (1 << 31) - WORD * BLOCK_W - 1
_SINGLE = (torch.float16, torch.bfloat16, torch.int8, torch.int16)


@dataclass(frozen=True, eq=False)
class _OnDevice:
    feature: Tensor
    keys: dict[int, Tensor]
    gates: Tensor
    level_starts: Tensor
    outputs: Tensor
    groups: Tensor
    group_ends: Tensor
    bias: Tensor


class GpuProgram:
    """A circuit, its readout and its encoder, ready to run on a GPU.

    Torch tensors on a GPU stay there, and so does the result; numpy arrays come back as numpy
    arrays. Rows of bool, or of uint8 behind an encoder, need no check of their values, so that
    nothing waits for the device; for others one flag is read, unless a CUDA graph is captured.

    Args:
        circuit: any circuit; gates wider than two operands are decomposed.
        readout: sums over the outputs of `circuit`.
        encoder: from rows to the circuit's inputs; None where rows are bits.

    Raises:
        CircuitError: `readout` reads an output that `circuit` lacks.
        BackendError: there is no GPU, and Triton's interpreter was not asked for.
    """

    backend = "gpu"

    def __init__(self, circuit: Circuit, readout: Readout, encoder: Encoder | None = None) -> None:
        check_pair(circuit, readout)
        self.interpreted = os.environ.get("TRITON_INTERPRET") == "1"
        if not self.interpreted and not torch.cuda.is_available():
            raise BackendError(
                'backend="gpu" needs an NVIDIA GPU that torch can use: torch.cuda.is_available() '
                f"is False with torch {torch.__version__}"
            )
        self.isa = "triton"
        self.reason = "Triton's interpreter" if self.interpreted else "Triton kernels"
        self._readout, self._n_inputs = readout, circuit.n_inputs
        thresholds = None if encoder is None else encoder.thresholds()
        # An encoder that is more than thresholds turns rows into bits on the host.
        self._encoder = encoder if thresholds is None else None
        self._bits = thresholds is None
        self._n_features = circuit.n_inputs if self._bits else encoder.n_features
        self._plan = make_plan(circuit, readout)
        used = self._plan.inputs
        feature, threshold = (
            (used, np.full(len(used), 0.5))
            if self._bits
            else (thresholds[0][used], thresholds[1][used])
        )
        self._feature, self._threshold = feature.astype(np.int32), threshold.astype(np.float64)
        self._devices: dict[torch.device, _OnDevice] = {}

    @property
    def n_gates(self) -> int:
        """Gates that are evaluated."""
        return self._plan.gates.shape[1]

    @property
    def n_slots(self) -> int:
        """Signals that are held at a time, 4 bytes for 32 rows each."""
        return self._plan.n_slots

    def sums(self, x: Any, *, threads: int | None = None) -> Any:
        """Integer sums of each class, (n, C) int32: a tensor where x is one, else numpy.

        Args:
            x: (n, features) torch tensor or array, or packed bits.
            threads: of the host, for which there is no use here; checked only.

        Raises:
            InputError: rows or `threads` of a wrong type, shape or value.
            EncodingError: rows that an encoder of categories can't take.
        """
        check_threads(threads)
        sums = self._sums(x)
        return sums.to(x.device) if isinstance(x, Tensor) else sums.cpu().numpy()

    def labels(self, x: Any, *, threads: int | None = None) -> Any:
        """The decision on the sums, as `gategrad.circuit.decide` gives it."""
        sums = self.sums(x, threads=threads)
        if not isinstance(sums, Tensor):
            return decide(self._readout, sums)
        if self._readout.kind == "regression":
            return self._scores_of(sums)
        if self._readout.kind == "argmax":
            return sums.argmax(1)
        positive = (sums > 0).long()
        return positive[:, 0] if self._readout.kind == "binary" else positive

    def scores(self, x: Any, *, threads: int | None = None) -> Any:
        """Scores (n, C) float32 of the sums: a tensor where x is one, else numpy."""
        return self._scores_of(self.sums(x, threads=threads))

    def named(self, decided: Any, names: np.ndarray) -> Any:
        """The name of each class index: on its device, or in numpy where names are text."""
        if not isinstance(decided, Tensor):
            return names[decided]
        if names.dtype.kind == "U":
            return names[decided.cpu().numpy()]
        return decided.new_tensor(names)[decided]

    def route(self, x: Any) -> Route:
        """The same for all rows."""
        return Route.GPU

    def warm_up(self) -> None:
        """Compile the kernels, and bring the circuit to the current device."""
        rows = np.zeros((1, self._n_features), bool)
        # What an encoder takes of rows is no matter here: behind it are bits.
        self.sums(rows if self._encoder is None else pack(rows))

    def _scores_of(self, sums: Any) -> Any:
        if not isinstance(sums, Tensor):
            return scores(self._readout, sums)
        scale, offset = (
            torch.from_numpy(values.copy()).to(sums.device)
            for values in (self._readout.scale, self._readout.offset)
        )
        return sums.float() * scale + offset

    def _sums(self, x: Any) -> Tensor:
        if isinstance(x, Packed):
            check_packed(x, self._n_inputs)
            device = self._device()
            return self._run(self._repacked(x).to(device), len(x), device)
        rows = self._tensor(x)
        with torch.cuda.device_of(rows):
            return self._run(self._encoded(rows), len(rows), rows.device)

    def _device(self) -> torch.device:
        if self.interpreted:
            return torch.device("cpu")
        return torch.device("cuda", torch.cuda.current_device())

    def _tensor(self, x: Any) -> Tensor:
        """Checked rows on the device, in a dtype that the kernel reads."""
        if self._encoder is not None:
            rows = x.cpu().numpy() if isinstance(x, Tensor) else x
            return torch.from_numpy(self._encoder.encode(rows)).to(_like(x, self._device()))
        if not isinstance(x, Tensor):
            rows = check_rows(x, n_features=self._n_features, bits=self._bits)
            check_values(rows, bits=self._bits)
            rows = rows if rows.flags.writeable else rows.copy()
            return torch.from_numpy(np.ascontiguousarray(rows)).to(self._device())
        rows = _readable(x.detach(), self._n_features, bits=self._bits)
        if not (rows.is_cuda and torch.cuda.is_current_stream_capturing()):
            _check_tensor(rows, bits=self._bits)
        return rows.to(_like(x, self._device())).contiguous()

    def _encoded(self, rows: Tensor) -> Tensor:
        """Packed words (blocks, inputs, BLOCK_W) of rows."""
        on = self._on(rows.device)
        n_inputs, n_blocks = len(self._feature), _blocks(len(rows), WORD * BLOCK_W)
        packed = torch.empty((n_blocks, n_inputs, BLOCK_W), dtype=torch.int32, device=rows.device)
        if packed.numel() == 0:
            return packed
        floats = rows.itemsize * 8 if rows.is_floating_point() else 0
        values = rows.view(torch.uint8) if rows.dtype == torch.bool else rows
        n_parts = _blocks(n_inputs, BLOCK_J)
        kernels.encode[(n_blocks * BLOCK_W * n_parts,)](
            values, on.feature, on.keys[floats], packed, len(rows), rows.shape[1], n_inputs,
            n_parts, FLOATS=floats, BLOCK_J=BLOCK_J, BLOCK_W=BLOCK_W, num_warps=4,
        )  # fmt: skip
        return packed

    def _repacked(self, x: Packed) -> Tensor:
        words = x.words[self._plan.inputs].astype("<u8").view("<i4")
        n_blocks = _blocks(len(x), WORD * BLOCK_W)
        padded = np.zeros((len(words), n_blocks * BLOCK_W), np.int32)
        width = min(words.shape[1], padded.shape[1])
        padded[:, :width] = words[:, :width]
        blocks = padded.reshape(len(words), n_blocks, BLOCK_W).transpose(1, 0, 2)
        return torch.from_numpy(np.ascontiguousarray(blocks))

    def _run(self, packed: Tensor, n_rows: int, device: torch.device) -> Tensor:
        if n_rows > MOST_ROWS:
            raise InputError(f"x has {n_rows} rows; a GPU takes at most {MOST_ROWS} in one call")
        on, plan = self._on(device), self._plan
        sums = on.bias.repeat(n_rows, 1)
        n_blocks = len(packed)
        if n_rows == 0 or plan.groups.shape[1] == 0:
            return sums
        n_programs = min(n_blocks, PROGRAMS_A_PROCESSOR * _processors(device))
        size = n_programs * plan.n_slots * BLOCK_W
        scratch = torch.empty(size, dtype=torch.int32, device=device)
        kernels.run[(n_programs,)](
            packed, scratch, on.gates, on.level_starts, on.outputs, on.groups, on.group_ends, sums,
            len(self._feature), self.n_gates, len(plan.level_starts) - 1, plan.n_slots,
            plan.groups.shape[1], self._readout.n_classes, n_blocks, n_rows,
            BLOCK_G=BLOCK_G, BLOCK_W=BLOCK_W, LANES=LANES, num_warps=WARPS,
        )  # fmt: skip
        return sums

    def _on(self, device: torch.device) -> _OnDevice:
        """The plan's arrays on `device`, brought there once."""
        if device not in self._devices:
            plan = self._plan
            makers = {0: integer_keys, 32: single_keys, 64: double_keys}
            keys = {bits: _moved(make(self._threshold), device) for bits, make in makers.items()}
            arrays = (plan.gates, plan.level_starts, plan.outputs, plan.groups, plan.group_ends)
            moved = [_moved(array, device) for array in (*arrays, self._readout.bias)]
            self._devices[device] = _OnDevice(_moved(self._feature, device), keys, *moved)
        return self._devices[device]


def _moved(array: np.ndarray, device: torch.device) -> Tensor:
    # One element at least, so that every kernel argument has an address.
    return torch.from_numpy(array.copy() if array.size else np.zeros(1, array.dtype)).to(device)


def _like(x: Any, device: torch.device) -> torch.device:
    return x.device if isinstance(x, Tensor) and x.is_cuda else device


def _readable(x: Tensor, n_features: int, *, bits: bool) -> Tensor:
    if x.is_complex() or x.is_quantized:
        raise InputError(f"x has dtype {x.dtype}; expected bool, uint8, float32 or float64")
    if x.ndim != 2 or x.shape[1] != n_features:
        columns = "bits" if bits else "features"
        raise InputError(
            f"x has shape {tuple(x.shape)}; expected (rows, {n_features}), {n_features} {columns} "
            "a row: pass the columns that the model was made for, in their order"
        )
    if x.dtype in (torch.bool, torch.uint8, torch.float32, torch.float64):
        return x
    if x.dtype == torch.int64 and bool((x.abs() > LARGEST_EXACT).any()):
        raise InputError("x has an integer beyond 2**53, where float64 has gaps: scale it down")
    return x.to(torch.float32 if x.dtype in _SINGLE else torch.float64)


def _check_tensor(rows: Tensor, *, bits: bool) -> None:
    """`check_values` on the device; what is wrong is looked up on the host."""
    if rows.dtype == torch.bool or (not bits and not rows.is_floating_point()):
        return
    bad = (rows != 0) & (rows != 1) if bits else rows.isnan()
    if bool(bad.any()):
        check_values(rows.cpu().numpy(), bits=bits)


def _processors(device: torch.device) -> int:
    if device.type != "cuda":
        return 1
    return torch.cuda.get_device_properties(device).multi_processor_count


def _blocks(n: int, size: int) -> int:
    return triton.cdiv(n, size)
