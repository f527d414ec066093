"""The layer of two-input gates."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gategrad.nn import options, relaxed
from gategrad.nn.checks import as_rows, float_dtype, layer_input, positive_count
from gategrad.nn.connections import Active, Connections, connect
from gategrad.nn.gate_sets import Gates
from gategrad.nn.inits import initial_weights
from gategrad.nn.logics import gate_mixtures, replaced
from gategrad.nn.noise import noise_state
from gategrad.nn.parametrization import Parametrization
from gategrad.nn.polynomial import gate_polynomials
from gategrad.nn.seeding import as_generator
from gategrad.nn.stack import run_native, why_not_native


class LogicDense(nn.Module):
    """A layer of `out_dim` learned two-input gates over `in_dim` wires.

    In `.train()` gates are relaxed; in `.eval()` each is the one function that it hardens to, a
    polynomial that equals the Boolean function on 0 and 1 and takes any value in between.

    `indices` (2, out_dim) int64, the wires that the gates read, is a buffer: it is saved, loaded
    and moved with the weights. `weight` (out_dim, 16) holds the logits of "raw" by gate id, or
    (out_dim, 4) the table of "light" as w00, w10, w01, w11. Nothing else is derived and kept, but
    for the state of Gumbel noise, `noise` (2,) int64. `temperature` and `frozen` may be set at any
    time. A frozen layer is the hard one in `.train()` too, and no gradient passes through it.

    Values are computed in the weight's dtype, under autocast too. bool, integer and other floating
    inputs are converted to it. Memory is laid out features-major: the output is a transposed view,
    which costs the next logic layer nothing.

    Args:
        in_dim: width of the input.
        out_dim: number of gates, the width of the output.
        parametrization: "raw" (softmax over 16 functions), "light" (truth-table entries by sine),
            "light-sigmoid", "walsh", "multilinear" or "covjac"; or a `Parametrization` of one's
            own. docs/layers.md compares them.
        connections: "random" (fan-out balanced, every input used where possible), "unique" (the
            same, and no pair twice), "local" (two pixels of a small window), or wires of one's
            own, integers (2, out_dim).
        init: "gaussian"; or "residual", "residual-b", "residual-random": every gate starts close
            to its first, second or a random input; or "heavy-tail", "and-or",
            "negation-asymmetric", see `gategrad.nn.inits`.
        estimator: "soft"; or "straight-through": the hard gates forward, the soft ones' gradient;
            "gumbel-soft" and "gumbel-hard" are the two with Gumbel noise on the logits.
        temperature: that the logits are divided by (1; "covjac" 0.5). Not for "light",
            "multilinear".
        gates: the functions to choose from, such as ("nand",) or "no-xor"; for "raw", "covjac".
        logic: of values between 0 and 1, for "raw": "probabilistic", "min-max", "lukasiewicz". The
            last two run in plain torch.
        grad_factor: factor on the gradient of the input; above 1 it helps deep networks.
        seed: integer for wiring and weights. Layers of one size and one seed are identical, so
            give each its own, or let all share one `generator`. Without both: fresh entropy.
        generator: CPU generator that the draws advance, wiring first.
        image_shape: only for "local", and needed there: (channels, height, width), or
            (height, width).
        radius: only for "local": how far a pin may be from its window's centre (2).
        active: only for "local": bool mask of the inputs worth reading, (height, width),
            (in_dim,) or image_shape (all).
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
        parametrization: str | Parametrization = "raw",
        connections: Connections = "random",
        init: str = "gaussian",
        estimator: str = "soft",
        temperature: float | None = None,
        gates: Gates | None = None,
        logic: str = "probabilistic",
        grad_factor: float = 1.0,
        seed: int | None = None,
        generator: torch.Generator | None = None,
        image_shape: Sequence[int] | None = None,
        radius: int | None = None,
        active: Active | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_dim = positive_count("in_dim", in_dim)
        self.out_dim = positive_count("out_dim", out_dim)
        self.kind = options.find_parametrization(parametrization)
        self.parametrization = self.kind.name
        self.estimator = options.checked_estimator(estimator, self.kind)
        self.temperature = options.checked_temperature(temperature, self.kind)
        self.gates = options.checked_gates(gates, self.kind)
        self.logic = options.checked_logic(logic, self.kind)
        self.grad_factor = float(grad_factor)
        self.frozen = False
        dtype = float_dtype(dtype)
        generator = as_generator(seed, generator)
        indices = connect(
            connections,
            self.in_dim,
            self.out_dim,
            image_shape=image_shape,
            radius=radius,
            active=active,
            generator=generator,
        )
        self.register_buffer("indices", indices.to(device))
        weight = initial_weights(self.kind, init, self.out_dim, generator, self.gates)
        self.weight = nn.Parameter(weight.to(device, dtype))
        if self.estimator in options.NOISY:
            self.register_buffer("noise", noise_state(generator).to(device))

    def forward(self, x: Tensor) -> Tensor:
        """Gate outputs (..., out_dim) of wires (..., in_dim), any leading dimensions."""
        x = layer_input("LogicDense", x, self.in_dim)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            return self._forward(x)

    def _forward(self, x: Tensor) -> Tensor:
        if why_not_native((self,), x.device) is None:
            out = run_native((self,), x.reshape(-1, self.in_dim), keep=False)
        else:
            out = self.forward_rows(as_rows(x.to(self.weight.dtype))).t()
        return out.reshape(*x.shape[:-1], self.out_dim)

    @torch.compiler.disable
    def forward_rows(self, rows: Tensor) -> Tensor:
        """The layer on features-major rows: (in_dim, batch) to (out_dim, batch), contiguous.

        The rows must have the weight's dtype. torch.compile leaves this part as it is.
        """
        # Autocast would lower the coefficients' precision behind the kernels' back.
        with torch.autocast(rows.device.type, enabled=False):
            if self.logic != "probabilistic":
                return self._mixtures(rows)
            forward, soft = relaxed.coefficients(self)
            return gate_polynomials(rows, self.indices, forward, soft, self.grad_factor)

    def tables(self) -> Tensor:
        """Truth tables (out_dim,) int64, 0 to 15, that the gates harden to."""
        return relaxed.hard_tables(self.kind, self.weight.detach(), self.gates)

    def _mixtures(self, rows: Tensor) -> Tensor:
        forward, soft = relaxed.shares(self)
        mix = (self.logic, rows, self.indices)
        y = gate_mixtures(*mix, soft, self.grad_factor)
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
        indices = state_dict.get(prefix + "indices")
        if indices is not None and not _within(indices, self.in_dim):
            error_msgs.append(
                f"{prefix}indices reads wires outside 0 to {self.in_dim - 1}; "
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

    def extra_repr(self) -> str:
        """Sizes and settings, for printing."""
        return (
            f"{self.in_dim}, {self.out_dim}, parametrization={self.parametrization!r}, "
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
