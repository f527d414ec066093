"""Sparse networks of small whole numbers, whose every neuron is a truth table.

A neuron reads at most F numbers of a few bits, weighs, shifts and rounds them to a number of a few
bits. That is a function of at most 16 bits, as in LogicNets (arXiv 2004.03021) and NullaNet.
Weights are multiples of 2**-8 and sums are taken in float64, where they are exact in any order, so
that the network and its tables agree on every row.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from gategrad.distill.errors import DistillError, check_whole

MOST_BITS = 16
_STEP = 2.0**-8
_EPS = 1e-5
_MOMENTUM = 0.1


@dataclass(frozen=True)
class Sizes:
    """Of a sparse quantized MLP.

    Attributes:
        widths: neurons of the hidden layers.
        fan_in: numbers that a neuron reads.
        bits: of a hidden neuron's number.
        out_bits: of a class's score.
        first_fan_in: bits that a neuron of the first layer reads; `fan_in * bits` where None.
    """

    widths: tuple[int, ...] = (64, 32)
    fan_in: int = 4
    bits: int = 2
    out_bits: int = 4
    first_fan_in: int | None = None

    def __post_init__(self) -> None:
        for name in ("fan_in", "bits", "out_bits"):
            check_whole(name, getattr(self, name))
        if not self.widths or min(self.widths) < 1:
            raise DistillError(f"widths are {self.widths!r}; expected neurons a layer, as (64, 32)")
        for n in (self.fan_in * self.bits, self.first):
            if not 1 <= n <= MOST_BITS:
                raise DistillError(
                    f"a neuron would read {n} bits; expected 1 to {MOST_BITS}: lower fan_in or bits"
                )
        if self.out_bits > MOST_BITS:
            raise DistillError(f"out_bits is {self.out_bits}; expected 1 to {MOST_BITS}")

    @property
    def first(self) -> int:
        """Bits that a neuron of the first layer reads."""
        return self.fan_in * self.bits if self.first_fan_in is None else self.first_fan_in


class SparseLayer(nn.Module):
    """Neurons that read few numbers of few bits each, and give such a number.

    Args:
        n_in: numbers that go in.
        n_out: neurons.
        fan_in: numbers that each may read in the end.
        bits_in: of a number that goes in.
        bits_out: of one that comes out.
        generator: of the weights.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        fan_in: int,
        bits_in: int,
        bits_out: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.fan_in, self.bits_in, self.bits_out = min(fan_in, n_in), bits_in, bits_out
        draws = torch.randn(n_out, n_in, generator=generator)
        self.weight = nn.Parameter(draws * (n_in**-0.5 / self.most_in))
        self.gain = nn.Parameter(torch.full((n_out,), 0.5))
        self.shift = nn.Parameter(torch.full((n_out,), 0.5))
        self.register_buffer("mask", torch.ones(n_out, n_in))
        self.register_buffer("mean", torch.zeros(n_out))
        self.register_buffer("variance", torch.ones(n_out))

    @property
    def most_in(self) -> int:
        """The largest number that goes in."""
        return 2**self.bits_in - 1

    @property
    def most_out(self) -> int:
        """The largest number that comes out."""
        return 2**self.bits_out - 1

    def weights(self) -> Tensor:
        """(n_out, n_in), multiples of 2**-8, with the gradient of the weights as they are."""
        # The largest weight of a neuron becomes 1: normalization takes the factor out again.
        masked = self.weight * self.mask
        scaled = masked / masked.abs().amax(1, keepdim=True).clamp(min=1e-12).detach()
        return scaled + ((scaled / _STEP).round() * _STEP - scaled).detach()

    def forward(self, codes: Tensor) -> Tensor:
        """Whole numbers (batch, n_in) to whole numbers (batch, n_out)."""
        if not self.training:
            return self.rounded(codes.double() @ self.weights().detach().double().t())
        sums = codes @ self.weights().t()
        normal = functional.batch_norm(
            sums, self.mean, self.variance, None, None, True, _MOMENTUM, _EPS
        )
        z = (normal * self.gain + self.shift).clamp(0, 1) * self.most_out
        return z + (z.round() - z).detach()

    def rounded(self, sums: Tensor, neurons: slice = slice(None)) -> Tensor:
        """What `.eval()` makes of exact sums (batch, neurons) in float64."""
        scale = self.gain.double() / (self.variance.double() + _EPS).sqrt() * self.most_out
        shift = self.shift.double() * self.most_out - self.mean.double() * scale
        z = sums * scale[neurons] + shift[neurons]
        return z.detach().round().clamp(0, self.most_out)

    def keep(self, count: int) -> None:
        """From now on a neuron reads the `count` inputs of its largest weights alone."""
        count = max(self.fan_in, min(count, self.weight.shape[1]))
        size = (self.weight.detach() * self.mask).abs()
        largest = size.topk(count, 1).indices
        self.mask.zero_().scatter_(1, largest, 1.0)


class SparseQuantized(nn.Module):
    """Layers of such neurons; the last one's numbers are the classes' scores, times 1 / tau.

    Args:
        n_in: bits of a row.
        classes: number of classes.
        sizes: of the network.
        tau: of the scores.
        seed: of the weights.
    """

    def __init__(
        self, n_in: int, classes: int, sizes: Sizes, *, tau: float = 1.5, seed: int = 0
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        widths = (n_in, *sizes.widths, classes)
        last = len(sizes.widths)
        self.tau = tau
        self.layers = nn.ModuleList(
            SparseLayer(
                widths[i],
                widths[i + 1],
                fan_in=sizes.first if i == 0 else sizes.fan_in,
                bits_in=1 if i == 0 else sizes.bits,
                bits_out=sizes.out_bits if i == last else sizes.bits,
                generator=generator,
            )
            for i in range(last + 1)
        )

    def codes(self, bits: Tensor) -> list[Tensor]:
        """The whole numbers behind each layer, of bits (batch, n_in)."""
        found = [bits.float() if self.training else bits.double()]
        for layer in self.layers:
            found.append(layer(found[-1]))
        return found[1:]

    def forward(self, bits: Tensor) -> Tensor:
        """Scores (batch, classes)."""
        return self.codes(bits)[-1] / self.tau

    def keep(self, share: float) -> None:
        """Between all inputs of each neuron, at share 0, and as many as it may have, at 1."""
        for layer in self.layers:
            n = layer.weight.shape[1]
            layer.keep(round(n * (layer.fan_in / n) ** share))
