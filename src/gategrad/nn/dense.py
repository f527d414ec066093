"""The layer of two-input gates."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gategrad.nn.checks import as_rows, float_dtype, known_name, layer_input, positive_count
from gategrad.nn.connections import Active, Connections, connect
from gategrad.nn.functions import coefficients_from_tables
from gategrad.nn.parametrization import INITS, PARAMETRIZATIONS
from gategrad.nn.polynomial import gate_polynomials
from gategrad.nn.seeding import as_generator
from gategrad.nn.stack import run_native, why_not_native

ESTIMATORS = ("soft", "straight-through")


class LogicDense(nn.Module):
    """A layer of `out_dim` learned two-input gates over `in_dim` wires.

    In `.train()` gates are relaxed; in `.eval()` each is the one function that it hardens to, a
    polynomial that equals the Boolean function on 0 and 1 and takes any value in between.

    `indices` (2, out_dim) int64, the wires that the gates read, is a buffer: it is saved, loaded
    and moved with the weights. `weight` (out_dim, 16) holds the logits of "raw" by gate id, or
    (out_dim, 4) the table of "light" as w00, w10, w01, w11. Nothing else is derived and kept.

    Values are computed in the weight's dtype, under autocast too. bool, integer and other floating
    inputs are converted to it. Memory is laid out features-major: the output is a transposed view,
    which costs the next logic layer nothing.

    Args:
        in_dim: width of the input.
        out_dim: number of gates, the width of the output.
        parametrization: "raw" (softmax over 16 functions) or "light" (truth-table entries).
        connections: "random" (fan-out balanced, every input used where possible), "unique" (the
            same, and no pair twice), "local" (two pixels of a small window), or wires of one's
            own, integers (2, out_dim).
        init: "gaussian", or "residual": every gate starts close to its first input.
        estimator: "soft"; or "straight-through": the hard gates forward, the soft ones' gradient.
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
        ValueError: an unknown name, an option that the chosen wiring has no use for, or an
            impossible wiring.
        TypeError: an argument of the wrong type.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        *,
        parametrization: str = "raw",
        connections: Connections = "random",
        init: str = "gaussian",
        estimator: str = "soft",
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
        self.parametrization = known_name("parametrization", parametrization, PARAMETRIZATIONS)
        self.estimator = known_name("estimator", estimator, ESTIMATORS)
        self.grad_factor = float(grad_factor)
        known_name("init", init, INITS)
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
        weight = PARAMETRIZATIONS[parametrization].init(init, self.out_dim, generator)
        self.weight = nn.Parameter(weight.to(device, dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Gate outputs (..., out_dim) of wires (..., in_dim), any leading dimensions."""
        x = layer_input("LogicDense", x, self.in_dim)
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
            forward, soft = self._coefficients()
            return gate_polynomials(rows, self.indices, forward, soft, self.grad_factor)

    def tables(self) -> Tensor:
        """Truth tables (out_dim,) int64, 0 to 15, that the gates harden to."""
        return PARAMETRIZATIONS[self.parametrization].tables(self.weight.detach())

    def _coefficients(self) -> tuple[Tensor, Tensor]:
        """Coefficients (out_dim, 4) to compute with and to differentiate."""
        if not self.training:
            hard = self._hard_coefficients()
            return hard, hard
        soft = PARAMETRIZATIONS[self.parametrization].coefficients(self.weight)
        if self.estimator == "soft":
            return soft.detach(), soft
        return self._hard_coefficients(), soft

    def _hard_coefficients(self) -> Tensor:
        return coefficients_from_tables(self.tables(), self.weight.dtype)

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
        )


def _within(indices: Tensor, n_wires: int) -> bool:
    if indices.is_meta or indices.numel() == 0:
        return True
    return int(indices.min()) >= 0 and int(indices.max()) < n_wires
