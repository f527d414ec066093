"""difflogic's compiled network: without a compiler, ready at once."""

import os
from itertools import pairwise
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gategrad.circuit import Readout
from gategrad.difflogic.layers import GroupSum, LogicLayer
from gategrad.difflogic.packed import chain_circuit
from gategrad.export import c
from gategrad.model import Model, load

NUM_BITS = (8, 16, 32, 64)
COMPILERS = ("gcc", "clang")


class CompiledLogicNet(nn.Module):
    """A trained network as a circuit that runs in gategrad's engine; sums, before tau, per class.

    difflogic writes C, which a compiler takes minutes for. Here nothing is compiled: `compile`
    lowers the circuit in milliseconds. Any number of rows, any memory layout and networks of one
    layer are right, all of which difflogic 0.1.0 gets wrong.

    Args:
        model: `nn.Sequential` of `Flatten`, `LogicLayer` and, last, `GroupSum`.
        device: "cpu".
        num_bits: of a word in the C code of `get_c_code`: 8, 16, 32 or 64. The engine takes
            the widest that the machine has.
        cpu_compiler: "gcc" or "clang", accepted as difflogic does; none is run.
        verbose: print what is done.

    Raises:
        ValueError: an unknown option, or a network of other modules; says which.
    """

    def __init__(
        self,
        model: nn.Sequential | None,
        device: str = "cpu",
        num_bits: int = 64,
        cpu_compiler: str = "gcc",
        verbose: bool = False,
    ) -> None:
        super().__init__()
        for option, value, known in (
            ("device", str(device), ("cpu",)),
            ("num_bits", num_bits, NUM_BITS),
            ("cpu_compiler", cpu_compiler, COMPILERS),
        ):
            if value not in known:
                raise ValueError(f"{option} is {value!r}; known: {', '.join(map(str, known))}")
        self.model = model
        self.device, self.num_bits, self.cpu_compiler = device, num_bits, cpu_compiler
        self.circuit_model: Model | None = None
        if model is not None:
            layers, head = _parts(model)
            self.num_inputs, self.num_classes = layers[0].in_dim, head.k
            if verbose:
                print(f"`layers` created and has {len(layers)} layers.")

    def _hardened(self) -> Model:
        layers, head = _parts(self.model)
        circuit = chain_circuit(
            layers[0].in_dim,
            tuple((x.indices.cpu().numpy(), x.tables().cpu().numpy()) for x in layers),
        )
        readout = Readout.group_sum(circuit.n_outputs, head.k, tau=head.tau)
        return Model(circuit, readout)

    def get_c_code(self) -> str:
        """The whole network as one C99 file, `logic_gate_net_sums` and others; see its head."""
        model = self._needed()
        made = c(model, name="logic_gate_net", word=f"uint{self.num_bits}")
        return made["logic_gate_net.c"].replace(
            '#include "logic_gate_net.h"\n', made["logic_gate_net.h"], 1
        )

    def _needed(self) -> Model:
        if self.circuit_model is not None:
            return self.circuit_model
        if self.model is None:
            raise RuntimeError("there is no network: give one, or use CompiledLogicNet.load")
        return self._hardened()

    def compile(
        self,
        opt_level: int = 1,
        save_lib_path: str | os.PathLike | None = None,
        verbose: bool = False,
    ) -> None:
        """Harden the network as it is now, and make it ready.

        Args:
            opt_level: of difflogic's compiler; of no effect, as none is run.
            save_lib_path: where to write the network, for `load`: a `.gg` file under any name.
            verbose: print the sizes.
        """
        start = perf_counter()
        self.circuit_model = self._hardened().optimize()
        self.circuit_model.program()
        if verbose:
            print(f"{self.circuit_model} ({perf_counter() - start:.3f} seconds)")
        if save_lib_path is not None:
            self.circuit_model.save(save_lib_path)

    @staticmethod
    def load(
        save_lib_path: str | os.PathLike, num_classes: int, num_bits: int
    ) -> "CompiledLogicNet":
        """The network that `compile` wrote.

        Raises:
            ValueError: it has another number of classes.
            ModelFileError: the file is none that `compile` wrote, such as a library of difflogic's.
        """
        made = CompiledLogicNet(None, num_bits=num_bits)
        made.circuit_model = load(save_lib_path)
        found = made.circuit_model.readout.n_classes
        if found != num_classes:
            raise ValueError(f"num_classes is {num_classes}, but {save_lib_path} has {found}")
        made.num_classes, made.num_inputs = found, made.circuit_model.circuit.n_inputs
        return made

    def forward(self, x: Tensor | NDArray[np.bool_], verbose: bool = False) -> Tensor:
        """Counts (rows, classes) int32 of bits (rows, inputs), bool, in any memory layout.

        Raises:
            RuntimeError: `compile` was not called.
            InputError: rows of another shape, or values that are no bits.
        """
        if self.circuit_model is None:
            raise RuntimeError("the network is not compiled: call compile() first")
        rows = x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)
        if verbose:
            print("x.shape", rows.shape)
        return torch.from_numpy(self.circuit_model.sums(rows))


def _parts(model: nn.Sequential) -> tuple[list[LogicLayer], GroupSum]:
    modules = [m for m in model if not isinstance(m, (nn.Flatten, nn.Identity, nn.Dropout))]
    *layers, head = modules or [None]
    if not isinstance(head, GroupSum):
        raise ValueError(f"the last layer must be a GroupSum, got {type(head).__name__}")
    for layer in layers:
        if not isinstance(layer, LogicLayer):
            raise ValueError(
                f"{type(layer).__name__} can't be compiled; expected LogicLayer and Flatten before "
                "the GroupSum"
            )
    if not layers:
        raise ValueError("there is no LogicLayer; expected at least one")
    for first, second in pairwise(layers):
        if first.out_dim != second.in_dim:
            raise ValueError(
                f"a layer of {first.out_dim} gates feeds one of {second.in_dim} inputs"
            )
    return layers, head
