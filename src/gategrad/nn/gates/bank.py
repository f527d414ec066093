"""The gates of a layer, whatever they read and whoever computes them."""

from typing import NamedTuple

import torch
from torch import Tensor

from gategrad.nn.gates.functions import (
    N_FUNCTIONS,
    coefficients_from_tables,
    entries_from_tables,
)
from gategrad.nn.gates.gate_sets import left_out
from gategrad.nn.gates.noise import draw_noise
from gategrad.nn.gates.options import EFD, HARD_FORWARD, NOISY, Kind
from gategrad.nn.gates.parametrization import LIGHT, RAW, TableParametrization
from gategrad.nn.gates.parametrization.light import entries_by_sine
from gategrad.nn.gates.parametrization.logits import (
    coefficients_from_logits,
    table_from_bits,
    tables_from_logits,
)
from gategrad.nn.gates.weight_kind import WeightKind

# Extended finite differences: an operand counts as its bit to three quarters.
EFD_SMOOTHING = 0.25


class GateBank(NamedTuple):
    """Weights, and what makes gates of them: a view, which owns nothing.

    A layer makes one of its parameters for each pass. It knows no wires: gates may be read by one
    output each, or be the kernels that a convolution shares over positions.

    Attributes:
        kind: the parametrization.
        weight: (gates, ...), the learned numbers.
        inputs: of a gate.
        estimator: "soft", "straight-through", "gumbel-soft", "gumbel-hard" or "efd".
        temperature: that logits are divided by.
        gates: ids of the functions to choose from; None: all.
        noise: (2,) int64, the state of Gumbel noise, which draws advance; None without.
        training: whether gates are relaxed.
        frozen: whether they are hard in training too.
    """

    kind: Kind
    weight: Tensor
    inputs: int = 2
    estimator: str = "soft"
    temperature: float = 1.0
    gates: tuple[int, ...] | None = None
    noise: Tensor | None = None
    training: bool = True
    frozen: bool = False

    @property
    def hard(self) -> bool:
        """Whether the gates are the functions that they harden to, and nothing is learned."""
        return self.frozen or not self.training

    @property
    def hard_forward(self) -> bool:
        """Whether a pass in training computes with the hard gates."""
        return self.frozen or self.estimator in HARD_FORWARD

    @property
    def of_tables(self) -> bool:
        """Whether gates are interpolated truth tables, and no polynomials of two inputs."""
        return isinstance(self.kind, TableParametrization)

    @property
    def smoothing(self) -> float:
        """Of the operands in the gradient of the input, for tables."""
        return EFD_SMOOTHING if self.estimator == EFD and self.training else 0.0

    @property
    def weight_kind(self) -> WeightKind:
        """What an executor takes for these gates in training."""
        if self.of_tables:
            by_sine = self.kind.entries is entries_by_sine and not self.hard
            return WeightKind.LIGHT_ENTRIES if by_sine else WeightKind.ENTRIES
        if not self.training:
            return WeightKind.COEFFICIENTS
        if self.kind is LIGHT:
            return WeightKind.LIGHT
        chooses = self._weights_are_logits() or self._shares_functions()
        return WeightKind.LOGITS if chooses else WeightKind.COEFFICIENTS

    def core_weights(self) -> tuple[Tensor, WeightKind, bool]:
        """What kernels for polynomials take: weights, what they are, and whether forward is hard.

        Kernels have a softmax over 16 logits and `light`'s sine of their own; for all else they
        take coefficients and return their gradient. In `.eval()` they are the hard gates', whose
        values on bits are exact.
        """
        if not self.training:
            hard, _ = self.coefficients()
            return hard[:, None], WeightKind.COEFFICIENTS, False
        weight, hard_forward = self.weight, self.hard_forward
        if self.kind is LIGHT:
            return weight, WeightKind.LIGHT, hard_forward
        if self._weights_are_logits():
            return weight, WeightKind.LOGITS, hard_forward
        with torch.autocast("cpu" if weight.is_meta else weight.device.type, enabled=False):
            logits = self._logits()
            if logits is not None and logits.shape[1] == N_FUNCTIONS:
                return logits.contiguous(), WeightKind.LOGITS, hard_forward
            forward, soft = self.coefficients(logits)
            both = torch.stack([soft, forward] if hard_forward else [soft], 1)
            return both, WeightKind.COEFFICIENTS, hard_forward

    def coefficients(self, logits: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Coefficients (gates, 4) to compute with and to differentiate.

        Args:
            logits: those of this pass, where they were drawn already.
        """
        if self.hard:
            hard = coefficients_from_tables(self.tables(), self.weight.dtype)
            return hard, hard
        if self.kind.logits is None:
            soft, tables = self.kind.coefficients(self.weight), self.tables
        else:
            logits = self._logits() if logits is None else logits
            soft, tables = coefficients_from_logits(logits), lambda: tables_from_logits(logits)
        if self.estimator not in HARD_FORWARD:
            return soft.detach(), soft
        return coefficients_from_tables(tables(), self.weight.dtype), soft

    def entries(self) -> tuple[Tensor, Tensor]:
        """Table entries (gates, 2**inputs) to compute with and to differentiate."""
        if self.hard:
            hard = self._entries_of(self.tables())
            return hard, hard
        if self.kind.logits is None:
            soft, tables = self.kind.entries(self.weight), self.tables
        else:
            logits = self._logits_of_entries()
            soft, tables = torch.sigmoid(logits), lambda: table_from_bits(logits > 0)
        if self.estimator not in HARD_FORWARD:
            return soft.detach(), soft
        return self._entries_of(tables()), soft

    def shares(self) -> tuple[Tensor, Tensor]:
        """Shares (gates, 16) of the functions, for logics that are no polynomials; as above."""
        logits = self._logits()
        hard = torch.zeros_like(logits).scatter_(1, logits.argmax(1, keepdim=True), 1.0).detach()
        if self.hard:
            return hard, hard
        soft = torch.softmax(logits, 1)
        return (hard if self.estimator in HARD_FORWARD else soft.detach()), soft

    def shares_of_ids(self) -> Tensor | None:
        """Softmax (gates, 16) over the functions that are chosen among, free of noise.

        None where gates do not choose among the 16 functions.
        """
        if self.kind.logits is None:
            return None
        logits = self._allowed(self.kind.logits(self.weight))
        if logits.shape[1] != N_FUNCTIONS:
            return None
        return torch.softmax(logits / self.temperature, 1)

    def tables(self) -> Tensor:
        """Truth tables (gates,) int64 that the gates harden to, all from `gates` where given."""
        weight = self.weight.detach()
        if self.gates is None:
            return self.kind.tables(weight)
        return tables_from_logits(self._allowed(self.kind.logits(weight)))

    @torch.no_grad()
    def set_tables(self, tables: Tensor, strength: float) -> None:
        """Make the weights those that harden to `tables` (gates,), `strength` sure of them."""
        self.weight.copy_(self.kind.weights_from_tables(tables, strength))

    def _weights_are_logits(self) -> bool:
        plain = self.kind is RAW and self.gates is None and self.temperature == 1.0
        return plain and self.estimator not in NOISY

    def _shares_functions(self) -> bool:
        return self.kind.logits is not None and (
            self.kind.logits(self.weight.detach()[:1]).shape[1] == N_FUNCTIONS
        )

    def _logits(self) -> Tensor | None:
        """Logits of this pass: those allowed, with this pass's noise, over the temperature."""
        if self.kind.logits is None:
            return None
        logits = self._allowed(self.kind.logits(self.weight))
        if self.hard:
            return logits
        if self.estimator in NOISY:
            logits = logits + draw_noise(self.noise, logits)
        return logits if self.temperature == 1.0 else logits / self.temperature

    def _logits_of_entries(self) -> Tensor:
        logits = self.kind.logits(self.weight)
        if self.estimator in NOISY:
            logits = logits + draw_noise(self.noise, logits, of_entries=True)
        return logits / self.temperature

    def _allowed(self, logits: Tensor) -> Tensor:
        if self.gates is None:
            return logits
        return logits.masked_fill(left_out(self.gates, logits.device), -torch.inf)

    def _entries_of(self, tables: Tensor) -> Tensor:
        return entries_from_tables(tables, self.weight.dtype, 1 << self.inputs)
