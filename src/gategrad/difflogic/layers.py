"""difflogic's two modules."""

import torch
from torch import Tensor

from gategrad.difflogic.devices import checked_device, checked_implementation
from gategrad.difflogic.functional import check_widths
from gategrad.difflogic.packed import PackBitsTensor
from gategrad.nn import GroupSum as _GroupSum
from gategrad.nn import LogicDense, register
from gategrad.nn.checks import known_name

CONNECTIONS = ("random", "unique")


class LogicLayer(LogicDense):
    """A layer of two-input gates: softmax over the 16 functions, argmax in `.eval()`.

    A `gategrad.nn.LogicDense(parametrization="raw")` with difflogic's names: `weights` (out_dim,
    16) are the logits by operator id, `indices[0]` and `indices[1]` the wires. Unlike difflogic's,
    wires are in `state_dict`; no gate reads one wire twice by accident; and the gradient is right
    where one does. Its checkpoints, which lack wires, are refused with a word on `load_module`.

    Args:
        in_dim: width of the input.
        out_dim: number of gates.
        device: "cuda" or "cpu"; CUDA where it is, else the CPU, if None.
        grad_factor: factor on the gradient of the input; above 1 for networks of many layers.
        implementation: "cuda" or "python", as difflogic calls them; both are gategrad's kernels.
        connections: "random" or "unique".

    Raises:
        ValueError: widths that leave inputs unused, or an unknown name.
        RuntimeError: CUDA is asked for and not there.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        device: str | torch.device | None = None,
        grad_factor: float = 1.0,
        implementation: str | None = None,
        connections: str = "random",
    ) -> None:
        found = checked_device(device)
        check_widths(in_dim, out_dim)
        super().__init__(
            in_dim,
            out_dim,
            connections=known_name("connections", connections, CONNECTIONS),
            grad_factor=grad_factor,
            generator=torch.default_generator,
            device=found,
        )
        self.implementation = checked_implementation(implementation, found)
        self.connections = connections
        self.num_neurons = self.num_weights = out_dim

    @property
    def weights(self) -> torch.nn.Parameter:
        """The logits (out_dim, 16), which difflogic calls by this name."""
        return self.weight

    @property
    def device(self) -> torch.device:
        """Where the layer is now."""
        return self.weight.device

    def forward(self, x: Tensor | PackBitsTensor) -> Tensor | PackBitsTensor:
        """Gate outputs of rows (..., in_dim), or of packed rows.

        Raises:
            RuntimeError: packed rows while training.
            ValueError: packed rows of another width.
        """
        if not isinstance(x, PackBitsTensor):
            return super().forward(x)
        if self.training:
            raise RuntimeError("packed rows have no gradient; call .eval() first")
        if x.n_features != self.in_dim:
            raise ValueError(f"expected {self.in_dim} features, got {x!r}")
        return x.through(self.indices.cpu().numpy(), self.tables().cpu().numpy())

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
        """Take difflogic's name of the weights; say that its wires are not there."""
        theirs = state_dict.pop(prefix + "weights", None)
        if theirs is not None:
            state_dict[prefix + "weight"] = theirs
            if prefix + "indices" not in state_dict:
                error_msgs.append(
                    f"{prefix}weights comes from difflogic, whose state_dict has no wires: gates "
                    "without them compute something else. Save the whole module there, with "
                    "torch.save(model, path), and read it with gategrad.difflogic.load_module(path)"
                )
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )


class GroupSum(_GroupSum):
    """Sums of k equal runs of outputs, divided by tau; of packed rows the sums themselves.

    Args:
        k: number of classes.
        tau: temperature.
        device: accepted as difflogic does, and of no effect: sums are where their input is.
    """

    def __init__(self, k: int, tau: float = 1.0, device: str | torch.device | None = None) -> None:
        super().__init__(k, tau)

    def forward(self, x: Tensor | PackBitsTensor) -> Tensor:
        """Scores (..., k) of outputs (..., n), or counts (rows, k) int32 of packed ones."""
        if isinstance(x, PackBitsTensor):
            return x.group_sum(self.k)
        return super().forward(x)


# To `discretize`, `expected_gates`, `training_backend` and `Sequential` they are gates and sums.
register(LogicLayer, like=LogicDense)
register(GroupSum, like=_GroupSum)
