"""The layer of gates with two inputs, or up to six."""

from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from gategrad.nn.checks import as_rows, float_dtype, layer_values, outside_graphs, positive_count
from gategrad.nn.executors.cpu.native_pins import Source, native_pins
from gategrad.nn.executors.cpu.native_tables import native_polynomials, native_tables
from gategrad.nn.executors.description import LayerDescription, WireKind
from gategrad.nn.executors.gpu import TRITON
from gategrad.nn.executors.native import BITS, PARTS, PINS, TABLES, TILES
from gategrad.nn.executors.plan import Run, compute, takes
from gategrad.nn.executors.torch.polynomial import gate_polynomials
from gategrad.nn.executors.torch.table_gates import table_gates
from gategrad.nn.gates import options
from gategrad.nn.gates.bank import GateBank
from gategrad.nn.gates.gate_sets import Gates
from gategrad.nn.gates.inits import initial_weights
from gategrad.nn.gates.logics import gate_mixtures, replaced
from gategrad.nn.gates.noise import keep_seed, mend_seed, noise_state, whole_state
from gategrad.nn.gates.parametrization import Parametrization, TableParametrization
from gategrad.nn.kept import keep, mend, take_whole
from gategrad.nn.seeding import as_generator, place_of
from gategrad.nn.wiring.connections import Active, Connections, WiringOptions, connect
from gategrad.nn.wiring.learned import LearnedWiring

# In the order in which they are asked.
EXECUTORS = (TILES, BITS, TRITON, PARTS)


class LogicDense(nn.Module):
    """A layer of `out_dim` learned gates over `in_dim` wires, with two inputs each or more.

    In `.train()` gates are relaxed; in `.eval()` each is the one function that it hardens to, a
    polynomial that equals the Boolean function on 0 and 1 and takes any value in between.

    `indices` (inputs, out_dim) int64, the wires that the gates read, is a buffer: saved, loaded
    and moved with the weights; where wiring is learned, `wiring` holds candidates and their logits
    instead, and `wires()` says which are chosen. `weight` (out_dim, 16) holds the logits of "raw"
    by gate id, or (out_dim, 2**inputs) the table of "light": w00, w10, w01, w11. Nothing else is
    derived and kept in it, but for the state of Gumbel noise, `noise` (2,) int64. `temperature` and
    `frozen` may be set at any time. A frozen layer is the hard one in `.train()` too, and no
    gradient passes through it.

    Values are computed in the weight's dtype, and on CUDA under autocast in autocast's. bool,
    integer and other floating inputs are converted to it. Memory is laid out features-major: the
    output is a transposed view, which costs the next logic layer nothing.

    Args:
        in_dim: width of the input.
        out_dim: number of gates, the width of the output.
        inputs: of each gate, 2 to 6. More than two: "light", "light-sigmoid", "walsh", "dwn".
        parametrization: "raw" (softmax over 16 functions), "light" (truth-table entries by sine),
            "light-sigmoid", "walsh", "multilinear", "covjac" or "dwn"; or a `Parametrization` or
            `TableParametrization` of one's own. docs/layers.md compares them.
        connections: "random" (fan-out balanced, every input used where possible), "unique" (the
            same, and no set of wires twice), "local" (pixels of a small window), "structured"
            (close pixels, any channel, adjacent thresholds), "learned" (see `LearnedWiring`), or
            wires of one's own, integers (inputs, out_dim) or a function of (in_dim, out_dim,
            generator) that gives them.
        init: "gaussian"; or "residual", "residual-b", "residual-random": every gate starts close
            to its first, second or a random input; or "heavy-tail", "and-or",
            "negation-asymmetric", see `gategrad.nn.gates.inits`.
        estimator: "soft"; or "straight-through": the hard gates forward, the soft ones' gradient;
            "gumbel-soft" and "gumbel-hard" are the two with Gumbel noise on the logits; "efd": hard
            gates forward, extended finite differences for the input, for table entries.
        temperature: that the logits are divided by (1; "covjac" 0.5). Not for "light",
            "multilinear".
        gates: the functions to choose from, such as ("nand",) or "no-xor"; for "raw", "covjac".
        logic: of values between 0 and 1, for "raw": "probabilistic", "min-max", "lukasiewicz". The
            last two run in plain torch.
        grad_factor: factor on the gradient of the input; above 1 it helps deep networks.
        deterministic: on CUDA, add the gradients of a wire in a fixed order (True), or by atomic
            additions unless `torch.use_deterministic_algorithms` is on. Elsewhere the order is
            fixed anyway.
        seed: integer for wiring and weights. Layers of one size and one seed are identical, so
            give each its own, or let all share one `generator`. Without both: fresh entropy.
        generator: CPU generator that the draws advance, wiring first.
        image_shape: for "local" and "structured", which need it, and for "learned" with candidates
            from windows: (channels, height, width), or (height, width). Thresholds of an encoder
            are channels, threshold by threshold.
        radius: with an image_shape: how far a pin may be from its window's centre (2; learned: 3).
        active: with an image_shape: bool mask of the inputs worth reading, (height, width),
            (in_dim,) or image_shape (all).
        thresholds: only for "structured": levels of each channel of the image (1).
        candidates: only for "learned": wires that each pin chooses among (16), or "all"; or
            the wires themselves, integers (inputs, out_dim, K).
        wire_estimator: only for "learned": "straight-through" or "soft".
        device: where weights and wiring live; they are drawn on the CPU.
        dtype: floating type of the weights (torch's default one).

    Raises:
        ValueError: an unknown name, an option that the chosen wiring or parametrization has no
            use for, or an impossible wiring.
        TypeError: an argument of the wrong type.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        *,
        inputs: int = 2,
        parametrization: str | Parametrization | TableParametrization = "raw",
        connections: Connections = "random",
        init: str = "gaussian",
        estimator: str = "soft",
        temperature: float | None = None,
        gates: Gates | None = None,
        logic: str = "probabilistic",
        grad_factor: float = 1.0,
        deterministic: bool = True,
        seed: int | None = None,
        generator: torch.Generator | None = None,
        image_shape: Sequence[int] | None = None,
        radius: int | None = None,
        active: Active | None = None,
        thresholds: int | None = None,
        candidates: int | str | Tensor | ArrayLike | None = None,
        wire_estimator: str | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_dim = positive_count("in_dim", in_dim)
        self.out_dim = positive_count("out_dim", out_dim)
        self.kind = options.find_parametrization(parametrization, inputs, estimator)
        self.inputs = int(inputs)
        self.parametrization = self.kind.name
        self.estimator = options.checked_estimator(estimator, self.kind)
        self.temperature = options.checked_temperature(temperature, self.kind)
        self.gates = options.checked_gates(gates, self.kind)
        self.logic = options.checked_logic(logic, self.kind)
        self.grad_factor = float(grad_factor)
        self.deterministic = bool(deterministic)
        self.frozen = False
        dtype = float_dtype(dtype)
        generator = as_generator(seed, generator)
        own = WiringOptions(image_shape, radius, active, thresholds, candidates, wire_estimator)
        device = place_of(device)
        with torch.device("cpu"):
            indices = connect(
                connections, self.in_dim, self.out_dim, own, pins=self.inputs, generator=generator
            )
            weight = initial_weights(self.kind, init, self.out_dim, generator, self.gates)
            options.check_own(self.kind, weight, self.out_dim)
        self.wiring = None
        if indices.ndim == 2:
            self.register_buffer("indices", indices.to(device))
            keep(self, "indices")
        else:
            chosen_by = wire_estimator or "straight-through"
            self.wiring = LearnedWiring(indices, estimator=chosen_by, device=device, dtype=dtype)
        self.weight = nn.Parameter(weight.to(device, dtype))
        if self.estimator in options.NOISY:
            self.register_buffer("noise", noise_state(generator).to(device))
            keep_seed(self)

    @property
    def bank(self) -> GateBank:
        """The gates as they are now, apart from what they read."""
        # Fixed wires are looked at where they are read; learned ones here, before every pass.
        if self.wiring is not None:
            mend(self.wiring)
        if self.estimator in options.NOISY:
            mend_seed(self)
        return GateBank(
            self.kind,
            self.weight,
            self.inputs,
            self.estimator,
            self.temperature,
            self.gates,
            self._buffers.get("noise"),
            self.training,
            self.frozen,
        )

    def describe(self) -> LayerDescription:
        """The layer as the next pass computes it."""
        bank, wiring = self.bank, self.wiring if self._mixes_wires() else None
        return LayerDescription(
            n_in=self.in_dim,
            n_out=self.out_dim,
            inputs=self.inputs,
            weights=bank.weight_kind,
            wires=WireKind.FIXED if wiring is None else wiring.kind,
            candidates=0 if wiring is None else wiring.candidates.shape[2],
            hard_forward=bank.hard_forward,
            grad_factor=self.grad_factor,
            smoothing=bank.smoothing,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Gate outputs (..., out_dim) of wires (..., in_dim), any leading dimensions."""
        x = layer_values(self, x, self.in_dim)
        if not self.frozen:
            return self._forward(x)
        with torch.no_grad():
            return self._forward(x)

    def _forward(self, x: Tensor) -> Tensor:
        if x.ndim == 2:
            return self._forward_flat(x)
        out = self._forward_flat(x.reshape(-1, self.in_dim))
        return out.reshape(*x.shape[:-1], self.out_dim)

    def _forward_flat(self, x: Tensor) -> Tensor:
        out = compute(Run((self,), x), EXECUTORS)
        return self.forward_parts(x) if out is None else out

    def forward_parts(self, x: Tensor) -> Tensor:
        """The layer on (batch, in_dim) by its parts, in the native core or in plain torch."""
        return self.forward_rows(as_rows(x.to(self.weight.dtype))).t()

    @outside_graphs
    def forward_rows(self, rows: Tensor) -> Tensor:
        """The layer on features-major rows: (in_dim, batch) to (out_dim, batch), contiguous.

        The rows must have the weight's dtype. torch.compile leaves this part as it is.
        """
        # Autocast would lower the coefficients' precision behind the kernels' back.
        with torch.autocast("cpu" if rows.is_meta else rows.device.type, enabled=False):
            if self.logic != "probabilistic":
                return self._mixtures(*self._pins(rows)[:3])
            if isinstance(self.kind, TableParametrization):
                return self._interpolated(*self._pins(rows))
            forward, soft = self.bank.coefficients()
            native = self._has_native_pins(rows)
            rows, wires, grad_factor, source = self._pins(rows)
            if native:
                own = wires if source is None else None
                return native_polynomials(rows, own, forward, soft, grad_factor, source)
            return gate_polynomials(rows, wires, forward, soft, grad_factor)

    def wires(self) -> Tensor:
        """Wires (inputs, out_dim) int64 that the hard gates read; learned ones as chosen now."""
        if self.wiring is not None:
            return self.wiring.wires()
        mend(self)
        return self._buffers["indices"]

    def _mixes_wires(self) -> bool:
        return self.wiring is not None and self.training and not self.frozen

    def _has_native_pins(self, rows: Tensor) -> bool:
        trains = self.wiring is not None and self.training
        return trains and takes(Run((self.wiring,), rows), PINS)

    def _pins(self, rows: Tensor) -> tuple[Tensor, Tensor, float, Source | None]:
        """Rows, which of them each gate reads (inputs, out_dim), and their gradient's factor.

        And what they are made of, if they are pins that the native core can make again.
        """
        if not self._mixes_wires():
            return rows, self.wires(), self.grad_factor, None
        if self._has_native_pins(rows):
            pins, source = native_pins(self.wiring, rows, self.grad_factor)
        else:
            pins, source = self.wiring(rows, self.grad_factor), None
        wires = torch.arange(pins.shape[0] * pins.shape[1], device=pins.device)
        return pins.flatten(0, 1), wires.view(self.inputs, -1), 1.0, source

    def tables(self) -> Tensor:
        """Truth tables (out_dim,) int64 that the gates harden to, 0 to 15 with two inputs.

        With six inputs all 64 bits are used, and entry 63 is the sign.
        """
        return self.bank.tables()

    def _interpolated(
        self, rows: Tensor, wires: Tensor, grad_factor: float, source: Source | None
    ) -> Tensor:
        if takes(Run((self,), rows), TABLES):
            wires = wires if source is None else None  # pins, each gate's own
            return native_tables(self, rows, wires, grad_factor, source)
        bank = self.bank
        forward, soft = bank.entries()
        return table_gates(rows, wires, forward, soft, grad_factor, bank.smoothing)

    def _mixtures(self, rows: Tensor, wires: Tensor, grad_factor: float) -> Tensor:
        forward, soft = self.bank.shares()
        mix = (self.logic, rows, wires)
        y = gate_mixtures(*mix, soft, grad_factor)
        if forward is soft or self.estimator not in options.HARD_FORWARD:
            return y
        return replaced(y, gate_mixtures(*mix, forward))

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Tensor],
        prefix: str,
        local_metadata: dict[str, object],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Refuse wires that this layer does not have; all else as torch does it."""
        noise = state_dict.get(prefix + "noise")
        if noise is not None:
            state_dict[prefix + "noise"] = whole_state(self, noise)
        name = "indices" if self.wiring is None else "wiring.candidates"
        if not take_whole(state_dict, (prefix + name,), error_msgs):
            return
        indices = state_dict.get(prefix + name)
        if indices is not None and not _within(indices, self.in_dim):
            error_msgs.append(
                f"{prefix}{name} reads wires outside 0 to {self.in_dim - 1}; "
                f"this layer has in_dim={self.in_dim}: build it with the saved network's width"
            )
            return
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )
        keep(self, "indices")
        keep_seed(self)

    def _save_to_state_dict(
        self, destination: dict[str, Tensor], prefix: str, keep_vars: bool
    ) -> None:
        mend(self)
        mend_seed(self)
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def extra_repr(self) -> str:
        """Sizes and settings, for printing."""
        inputs = "" if self.inputs == 2 else f"inputs={self.inputs}, "
        return (
            f"{self.in_dim}, {self.out_dim}, {inputs}parametrization={self.parametrization!r}, "
            f"estimator={self.estimator!r}, grad_factor={self.grad_factor:g}"
            f"{self._special_repr()}"
        )

    def _special_repr(self) -> str:
        """The settings that are not at their defaults."""
        special = {
            "temperature": (self.temperature, self.kind.temperature),
            "gates": (self.gates, None),
            "logic": (self.logic, "probabilistic"),
        }
        return "".join(f", {k}={v!r}" for k, (v, default) in special.items() if v != default)


def _within(indices: Tensor, n_wires: int) -> bool:
    if indices.is_meta or indices.numel() == 0:
        return True
    return int(indices.min()) >= 0 and int(indices.max()) < n_wires
