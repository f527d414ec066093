"""The compiled nets of difflogic and torchlogix, made from a layered circuit of ours.

Both write C for the circuit and have gcc compile it for minutes. The shared object is kept in a
folder under the hash of its C code and options, so that a later run compiles nothing; the seconds
that gcc took are kept beside it.
"""

import ctypes
import hashlib
import importlib
import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit

PACK = 64
# circuit.py of torchlogix 0.2.2 nests an f-string in one with the same quotes, which Python before
# 3.12 can't parse. These replacements join two strings instead: the same C code comes out.
TORCHLOGIX_PATCH = (
    ('{"" if pack_bits is None else f"""', '""" + ("" if pack_bits is None else f"""'),
    ('}}"""}"""', '}}""")'),
)


@dataclass(frozen=True)
class Layer:
    """One layer of two-input gates.

    Attributes:
        a, b: (gates,) int64, the operands, numbered within the layer below.
        gate_id: (gates,) int64, difflogic's number of the function of (a, b).
        n_inputs: width of the layer below.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    gate_id: NDArray[np.int64]
    n_inputs: int


@dataclass(frozen=True)
class Peer:
    """A compiled net.

    Attributes:
        sums: from (n, inputs) bool rows, n a multiple of 64, to (n, classes) sums.
        prepare_seconds: from the network to C code.
        compile_seconds: what gcc took, once.
    """

    sums: Callable[[NDArray[np.bool_]], NDArray]
    prepare_seconds: float
    compile_seconds: float


def layers_of(circuit: Circuit, dims: list[int]) -> list[Layer]:
    """Cut a circuit that was not optimized into its layers.

    Args:
        circuit: gates of up to two operands, layer by layer, each reading the layer below only.
        dims: width of the input and of each layer.

    Raises:
        ValueError: another circuit.
    """
    if circuit.n_inputs != dims[0] or circuit.n_gates != sum(dims[1:]) or circuit.width > 2:
        raise ValueError(f"the circuit is not one of two-input gates in layers of {dims}")
    layers, gate, below = [], 0, N_CONSTANTS
    for n_below, n in pairwise(dims):
        rows = slice(gate, gate + n)
        operands = circuit.fanin[rows].astype(np.int64) - below
        used = circuit.fanin[rows] > 0
        if (operands[used] < 0).any() or (operands[used] >= n_below).any():
            raise ValueError("a gate reads another layer than the one below it")
        table = _spread(circuit.table[rows].astype(np.int64), used.sum(axis=1))
        a, b = np.where(used, operands, 0).T
        layers.append(Layer(a, b, _gate_id(table), n_below))
        gate, below = gate + n, N_CONSTANTS + circuit.n_inputs + gate
    return layers


def difflogic(folder: str, layers: list[Layer], classes: int, cache: Path) -> Peer:
    """Difflogic's `CompiledLogicNet`, gcc -O1, its CUDA extension replaced by an empty module."""
    sys.modules.setdefault("difflogic_cuda", types.ModuleType("difflogic_cuda"))
    package = _import(folder, "difflogic")
    start = perf_counter()
    modules = []
    for layer in layers:
        module = package.LogicLayer(layer.n_inputs, len(layer.a), device="cpu")
        module.indices = torch.from_numpy(layer.a), torch.from_numpy(layer.b)
        module.weights.data = _one_hot(layer)
        modules.append(module)
    net = torch.nn.Sequential(*modules, package.GroupSum(classes, tau=1.0))
    code = package.CompiledLogicNet(net, num_bits=PACK).get_c_code()
    prepared = perf_counter() - start
    path, seconds = _compile(code, ["-shared", "-fPIC", "-O1"], cache, "difflogic")
    loaded = package.CompiledLogicNet.load(str(path), classes, PACK)
    return Peer(lambda bits: loaded(bits).numpy(), prepared, seconds)


def torchlogix(folder: str, layers: list[Layer], classes: int, cache: Path) -> Peer:
    """Torchlogix's `Circuit`, simplified, 64 samples a word, gcc -O3."""
    sys.path.insert(0, folder)
    _import_patched(Path(folder) / "torchlogix" / "circuit.py")
    package = _import(folder, "torchlogix")
    start = perf_counter()
    modules = []
    for layer in layers:
        module = package.layers.LogicDense(layer.n_inputs, len(layer.a), parametrization="raw")
        module.weight.data = _one_hot(layer)
        module.connections.indices.copy_(torch.from_numpy(np.stack([layer.a, layer.b])))
        modules.append(module)
    net = torch.nn.Sequential(*modules, package.layers.GroupSum(classes, tau=1.0))
    circuit = package.Circuit.from_model(net, [layers[0].n_inputs])
    circuit.simplify()
    code = circuit.get_c_code(pack_bits=PACK)
    prepared = perf_counter() - start
    path, seconds = _compile(code, ["-O3", "-shared", "-fPIC"], cache, "torchlogix")
    run = ctypes.CDLL(str(path)).circuit_bench_bool
    run.restype = None
    dtype = np.dtype(_sum_type(code))

    def sums(bits: NDArray[np.bool_]) -> NDArray:
        out = np.empty((len(bits), classes), dtype)
        run(ctypes.c_void_p(bits.ctypes.data), ctypes.c_void_p(out.ctypes.data), len(bits))
        return out

    return Peer(sums, prepared, seconds)


def _spread(table: NDArray[np.int64], operands: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tables of two operands from those of fewer."""
    one, none = table | table << 2, table * 0b1111
    return np.choose(operands, [none, one, table])


def _gate_id(table: NDArray[np.int64]) -> NDArray[np.int64]:
    bits = [table >> 3 & 1, table >> 1 & 1, table >> 2 & 1, table & 1]
    return bits[0] | bits[1] << 1 | bits[2] << 2 | bits[3] << 3


def _one_hot(layer: Layer) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.from_numpy(layer.gate_id), 16).float()


def _import(folder: str, name: str) -> types.ModuleType:
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


def _import_patched(path: Path) -> None:
    """Import torchlogix.circuit from a source text that Python 3.11 can parse."""
    name, text = "torchlogix.circuit", path.read_text()
    if sys.version_info >= (3, 12):
        return
    for old, new in TORCHLOGIX_PATCH:
        if text.count(old) != 1:
            raise ValueError(f"{path} is not that of torchlogix 0.2.2: {old!r} is not there once")
        text = text.replace(old, new)
    module = types.ModuleType(name)
    module.__file__, module.__package__ = str(path), "torchlogix"
    sys.modules[name] = module
    exec(compile(text, str(path), "exec"), module.__dict__)


def _compile(code: str, options: list[str], cache: Path, name: str) -> tuple[Path, float]:
    """The shared object of `code`, and the seconds that gcc took for it when it ran."""
    digest = hashlib.sha256("\n".join([*options, code]).encode()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    path, note = cache / f"{name}-{digest}.so", cache / f"{name}-{digest}.seconds"
    if not note.exists():
        source = path.with_suffix(".c")
        source.write_text(code)
        print(f"gcc {' '.join(options)} {source}: this takes minutes, once", file=sys.stderr)
        start = perf_counter()
        subprocess.run(["gcc", *options, "-o", str(path), str(source)], check=True)
        note.write_text(f"{perf_counter() - start:.1f}\n")
    return path, float(note.read_text())


def _sum_type(code: str) -> str:
    """The numpy name of the type of the sums that torchlogix chose."""
    signature = code.split("void circuit(")[1].split(")")[0]
    return signature.split(",")[1].split()[0].removesuffix("_t")
