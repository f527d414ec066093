"""The convolution of gates: one tree a channel, the same at every position."""

import math
from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from gategrad.nn.checks import (
    as_rows,
    float_dtype,
    layer_values,
    outside_graphs,
    positive_count,
    refuse_tracers,
)
from gategrad.nn.executors.description import ConvDescription, WireKind, positions_along
from gategrad.nn.executors.gpu import TRITON_CONV
from gategrad.nn.executors.native import CONV, MAPS
from gategrad.nn.executors.plan import Run, compute
from gategrad.nn.executors.torch.conv import bordered, rows_of_leaves, trees
from gategrad.nn.gates import options
from gategrad.nn.gates.bank import GateBank
from gategrad.nn.gates.gate_sets import Gates
from gategrad.nn.gates.inits import initial_weights
from gategrad.nn.gates.noise import keep_seed, mend_seed, noise_state, whole_state
from gategrad.nn.gates.parametrization import Parametrization, TableParametrization
from gategrad.nn.kept import keep, mend, whole
from gategrad.nn.layers.conv.sizes import (
    check_options,
    check_sizes,
    checked_depth,
    checked_field,
    pair,
)
from gategrad.nn.seeding import as_generator, place_of
from gategrad.nn.wiring.connections.fields import connect_field
from gategrad.nn.wiring.learned import LearnedWiring


class LogicConv2d(nn.Module):
    """A convolution whose output channels are trees of learned gates, shared by all positions.

    A tree of depth d has `2**d - 1` gates of two inputs and reads `2**d` leaves, places of its
    receptive field (LogicTreeNet, arXiv 2411.04732, depth 3); at depth 1 it is one gate, of two
    inputs or up to six (CompactLogic, arXiv 2602.05830). Beyond the border values are 0.

    Values, `.train()`, `.eval()`, `temperature`, `frozen`, dtypes and autocast are as of
    `LogicDense`. `weight` (gates, ...) holds the gates level by level, that of node n and channel c
    being `n * out_channels + c`; the last level is the output. `indices` (leaves, out_channels)
    int64, a buffer, holds places in the field once a kernel, as numbers
    `(channel * kernel height + dy) * kernel width + dx`; where wiring is learned, `wiring` holds
    candidates and their logits instead.

    Memory is laid out features-major: the output is a view of (out_channels, height, width, batch),
    whose `.flatten(1)` costs the next logic layer nothing.

    Args:
        in_channels: of the input images.
        out_channels: trees, each with wiring and weights of its own.
        kernel_size: height and width of the receptive field, one number or two.
        in_size: height and width of the input images, one number or two.
        stride: rows and columns from one position to the next, one number or two.
        padding: rows and columns of zeros on each side, one number or two.
        depth: of the trees, 1 to 4.
        channels: input channels that one tree reads, each at least once if it has leaves enough;
            places of one's own may read any.
        groups: that input and output channels are split into; trees read channels of their group.
        inputs: of each gate, 2 to 6; more than two at depth 1 only.
        parametrization: as for `LogicDense`.
        connections: "random" (different places of the field), "local" (leaves of a gate next to
            each other, and never two thresholds of one pixel), "learned" (each leaf chooses among
            candidates), or places of one's own: integers (leaves, out_channels, 3), the input
            channel, row and column in the field. Input channels are shared out evenly.
        init: as for `LogicDense`; trees that are deep, and stacks of convolutions, want
            "residual".
        estimator: as for `LogicDense`.
        temperature: as for `LogicDense`.
        gates: as for `LogicDense`.
        grad_factor: factor on the gradient of the input.
        thresholds: only for "local": levels of each channel, threshold by threshold, as encoders
            lay them out (1).
        candidates: only for "learned": places that each leaf chooses among (16, or all if those
            are fewer), or "all".
        wire_estimator: only for "learned": "straight-through" or "soft".
        seed: integer for wiring and weights; as for `LogicDense`.
        generator: CPU generator that the draws advance, wiring first.
        device: where weights and wiring live; they are drawn on the CPU.
        dtype: floating type of the weights (torch's default one).

    Raises:
        ValueError: an unknown name, sizes that do not fit, an option that the chosen wiring or
            parametrization has no use for, or an impossible wiring.
        TypeError: an argument of the wrong type.

    Examples:
        >>> layer = LogicConv2d(1, 8, 3, in_size=28, stride=2, padding=1, seed=0)
        >>> layer(torch.zeros(5, 1, 28, 28)).shape
        torch.Size([5, 8, 14, 14])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        *,
        in_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        depth: int = 1,
        channels: int = 1,
        groups: int = 1,
        inputs: int = 2,
        parametrization: str | Parametrization | TableParametrization = "raw",
        connections: str | Tensor | ArrayLike = "random",
        init: str = "gaussian",
        estimator: str = "soft",
        temperature: float | None = None,
        gates: Gates | None = None,
        grad_factor: float = 1.0,
        thresholds: int | None = None,
        candidates: int | str | None = None,
        wire_estimator: str | None = None,
        seed: int | None = None,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = positive_count("in_channels", in_channels)
        self.out_channels = positive_count("out_channels", out_channels)
        self.kernel_size, self.in_size = pair("kernel_size", kernel_size), pair("in_size", in_size)
        self.stride, self.padding = pair("stride", stride), pair("padding", padding, least=0)
        self.depth = checked_depth(depth, inputs)
        self.kind = options.find_parametrization(parametrization, inputs, estimator)
        self.inputs = int(inputs)
        self.parametrization = self.kind.name
        self.estimator = options.checked_estimator(estimator, self.kind)
        self.temperature = options.checked_temperature(temperature, self.kind)
        self.gates = options.checked_gates(gates, self.kind)
        self.grad_factor = float(grad_factor)
        self.frozen = False
        check_sizes(self.in_size, self.kernel_size, self.padding)
        dtype = float_dtype(dtype)
        generator = as_generator(seed, generator)
        check_options(connections, thresholds, wire_estimator)
        split = (channels, groups, thresholds)
        field = checked_field(self.in_channels, self.out_channels, self.kernel_size, *split)
        n_gates = ((1 << self.depth) - 1) * self.out_channels
        device = place_of(device)
        with torch.device("cpu"):
            indices = connect_field(
                *(connections, field, self.out_channels, self.inputs << (self.depth - 1)),
                pins=self.inputs,
                candidates=candidates,
                generator=generator,
            )
            weight = initial_weights(self.kind, init, n_gates, generator, self.gates)
            options.check_own(self.kind, weight, n_gates)
        self.channels, self.groups = field.channels, field.groups
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
    def in_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an input image."""
        return (self.in_channels, *self.in_size)

    @property
    def out_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an output image."""
        sizes = zip(self.in_size, self.kernel_size, self.stride, self.padding, strict=True)
        return (self.out_channels, *(positions_along(*size) for size in sizes))

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

    def describe(self) -> ConvDescription:
        """The layer as the next pass computes it."""
        bank, wiring = self.bank, self.wiring if self._mixes_wires() else None
        return ConvDescription(
            in_channels=self.in_channels,
            height=self.in_size[0],
            width=self.in_size[1],
            out_channels=self.out_channels,
            kernel=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            depth=self.depth,
            weights=bank.weight_kind,
            inputs=self.inputs,
            wires=WireKind.FIXED if wiring is None else wiring.kind,
            candidates=0 if wiring is None else wiring.candidates.shape[2],
            hard_forward=bank.hard_forward,
            grad_factor=self.grad_factor,
            smoothing=bank.smoothing,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Maps (..., out_channels, height, width) of images (..., in_channels, height, width).

        Raises:
            TypeError: no real tensor.
            ValueError: images of another shape, or values outside 0 to 1.
        """
        x = self.checked(x)
        lead = x.shape[:-3]
        images = x.reshape(-1, *self.in_shape)
        if self.frozen:
            with torch.no_grad():
                out = self._forward(images)
        else:
            out = self._forward(images)
        return out if len(lead) == 1 else out.reshape(*lead, *out.shape[1:])

    def checked(self, x: Tensor) -> Tensor:
        """Images, for which `forward` raises nothing."""
        refuse_tracers(type(self).__name__)
        x = layer_values(self, self._flat(x), math.prod(self.in_shape))
        return x.unflatten(-1, self.in_shape)

    def _flat(self, x: Tensor) -> Tensor:
        if isinstance(x, Tensor) and tuple(x.shape[-3:]) != self.in_shape:
            shape = ", ".join(map(str, self.in_shape))
            raise ValueError(
                f"LogicConv2d expects images of shape (batch, {shape}), got {tuple(x.shape)}; "
                f"put torch.nn.Unflatten(1, {self.in_shape}) in front of it where rows are flat, "
                "and check in_channels and in_size"
            )
        return x.flatten(-3) if isinstance(x, Tensor) else x

    def _forward(self, images: Tensor) -> Tensor:
        out = compute(Run((self,), images), (MAPS, CONV, TRITON_CONV))
        if out is not None:
            return out
        rows = self.forward_rows(as_rows(images.flatten(1).to(self.weight.dtype)))
        return rows.view(*self.out_shape, rows.shape[1]).permute(3, 0, 1, 2)

    @outside_graphs
    def forward_rows(self, rows: Tensor) -> Tensor:
        """The layer on features-major rows: (values of an image, batch) to the same, contiguous.

        The rows must have the weight's dtype. torch.compile leaves this part as it is.
        """
        # Autocast would lower the coefficients' precision behind the kernels' back.
        with torch.autocast("cpu" if rows.is_meta else rows.device.type, enabled=False):
            about, bank = self.describe(), self.bank
            gates = bank.entries() if bank.of_tables else bank.coefficients()
            rows = bordered(about, rows)
            if not self._mixes_wires():
                return trees(about, rows, self.pixels(), gates)
            pins = self._learned_pins(about, rows)
            wires = torch.arange(len(pins), device=rows.device)
            return trees(about, pins, wires, gates, grad_factor=1.0)

    def _learned_pins(self, about: ConvDescription, rows: Tensor) -> Tensor:
        """What leaves read at every position, (leaves * out_channels * positions, batch)."""
        every = self._rows_of(torch.arange(about.field, device=rows.device))
        field = rows.index_select(0, every.flatten()).view(about.field, -1)
        return self.wiring(field, self.grad_factor).reshape(-1, rows.shape[1])

    def _rows_of(self, wires: Tensor) -> Tensor:
        return rows_of_leaves(self.describe(), wires, math.prod(self.in_shape))

    def _mixes_wires(self) -> bool:
        return self.wiring is not None and self.training and not self.frozen

    def wires(self) -> Tensor:
        """Places in the field (leaves, out_channels) int64 of the leaves; learned ones as now."""
        if self.wiring is not None:
            return self.wiring.wires()
        mend(self)
        return self.indices

    def leaves(self) -> Tensor:
        """The same as (leaves, out_channels, 3) int32: input channel, row and column."""
        height, width = self.kernel_size
        wires = self.wires()
        parts = (wires // (height * width), wires // width % height, wires % width)
        return torch.stack(parts, 2).int()

    def pixels(self) -> Tensor:
        """Values of a flat image (leaves, out_channels, positions) that leaves read everywhere.

        Beyond the border it is their number, one more than the last.
        """
        return self._rows_of(self.wires())

    def tables(self) -> Tensor:
        """Truth tables (gates,) int64 that the gates harden to."""
        return self.bank.tables()

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
        """Refuse places that the field does not have; all else as torch does it."""
        noise = state_dict.get(prefix + "noise")
        if noise is not None:
            state_dict[prefix + "noise"] = whole_state(self, noise)
        name = prefix + ("indices" if self.wiring is None else "wiring.candidates")
        size = self.in_channels * math.prod(self.kernel_size)
        if name in state_dict:
            try:
                state_dict[name] = _within(whole(state_dict[name], name), size, name)
            except ValueError as error:
                error_msgs.append(str(error))
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
            f"{self.in_channels}, {self.out_channels}, {self.kernel_size}, in_size={self.in_size}, "
            f"stride={self.stride}, padding={self.padding}, depth={self.depth}, {inputs}"
            f"parametrization={self.parametrization!r}, estimator={self.estimator!r}"
        )


def _within(wires: Tensor, size: int, name: str) -> Tensor:
    if not wires.is_meta and wires.numel() and not 0 <= int(wires.min()) <= int(wires.max()) < size:
        raise ValueError(
            f"{name} reads places outside 0 to {size - 1}; build the layer with the saved "
            "network's in_channels and kernel_size"
        )
    return wires
