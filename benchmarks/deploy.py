"""Exported C beside the native engine: speed on one core, size, and seconds to compile.

    python -m benchmarks.deploy [MODEL.gg] [--onnx HIDDEN] [--large GATES] [--cc COMPILER]

MODEL.gg takes uint8 pixels or bits, such as `gategrad train mnist --preset fast --out MODEL.gg`
makes; without one, an untrained network of six layers stands in. `--onnx` adds ONNX Runtime with a
dense network of so many hidden units, quantized to int8, that is trained on MNIST in the same run
(needs onnxruntime and onnx). `--large` compiles a random circuit of so many gates. All figures are
the best of several, the engines taking turns.
"""

import argparse
import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

import gategrad as gg
from benchmarks.inference import untrained
from benchmarks.machine import describe
from benchmarks.table import print_row, print_rule
from gategrad.encoding import Thermometer
from gategrad.export.tools import find_tool

ROWS, ROUNDS = 65_536, 15
WORDS = ("uint64", "vector32", "vector64")
FLAGS = ("-O2", "-march=native")
Predict = Callable[[NDArray], NDArray]


def main(arguments: list[str] | None = ()) -> None:
    """Print the tables; without arguments, of a network made for the occasion."""
    options = _options(arguments)
    print(describe())
    model = gg.load(options.model) if options.model else _stand_in()
    highest = 2 if model.encoder is None else 256
    rows = np.random.default_rng(0).integers(0, highest, (ROWS, _width(model)), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        _print_speed(model, rows, Path(folder), options)
        _print_compact(model, Path(folder))
        if options.large:
            _print_large(options.large, Path(folder), options.cc)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", metavar="MODEL.gg")
    parser.add_argument("--onnx", metavar="HIDDEN", type=int)
    parser.add_argument("--large", metavar="GATES", type=int)
    parser.add_argument("--cc", default=find_tool("cc"))
    return parser.parse_args(arguments)


def _stand_in() -> gg.Model:
    return untrained(Thermometer.fixed([127.5], 784), width=2000)


def _width(model: gg.Model) -> int:
    return model.circuit.n_inputs if model.encoder is None else model.encoder.n_features


def _print_speed(model: gg.Model, rows: NDArray, folder: Path, options: argparse.Namespace) -> None:
    runs: dict[str, Predict] = {"native engine": lambda x: model.predict(x, threads=1)}
    notes = {"native engine": ("", "")}
    for word in WORDS:
        name = f"C, {word}"
        runs[name], *notes[name] = _built(model, folder, word, options.cc)
    if options.onnx:
        from benchmarks.onnx_mlp import int8_network

        name = f"ONNX Runtime, int8 784-{options.onnx}-10"
        runs[name], accuracy = int8_network(options.onnx)
        notes[name] = f"accuracy {accuracy:.4f}", ""
    best = dict.fromkeys(runs, np.inf)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = perf_counter()
            run(rows)
            best[name] = min(best[name], perf_counter() - start)
    print(f"\n{model.circuit.n_gates:,} gates, {ROWS:,} rows, one thread\n")
    print_row("what", "ns a row", "of native", "source", "compile, CPU s")
    print_rule(5)
    for name, seconds in best.items():
        share = seconds / best["native engine"]
        print_row(name, f"{1e9 * seconds / ROWS:.1f}", f"{share:.2f}", *notes[name])


def _built(model: gg.Model, folder: Path, word: str, cc: str) -> tuple[Predict, str, str]:
    made = gg.export.c(model, word=word, rows="uint8")
    made.write(folder)
    target, flags = folder / f"{word}.so", ["-std=c99", *FLAGS, "-fPIC", "-shared"]
    seconds = _compile([cc, *flags, str(folder / "model.c"), "-o", str(target)])
    library = ctypes.CDLL(str(target))

    def predict(x: NDArray) -> NDArray:
        labels = np.empty(len(x), np.int32)
        sizes = ctypes.c_size_t(len(x)), ctypes.c_size_t(x.shape[1])
        library.model_predict(_pointer(x), *sizes, _pointer(labels))
        return labels

    return predict, f"{len(made['model.c']) / 1e6:.1f} MB", f"{seconds:.1f}"


def _pointer(array: NDArray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def _compile(command: list[str]) -> float:
    """CPU seconds that a compiler takes."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _print_compact(model: gg.Model, folder: Path) -> None:
    """What the form for microcontrollers says about itself."""
    header = gg.export.c(model, profile="mcu")["model.h"]
    figures = {
        key: int(header.split(f"#define MODEL_{key}_BYTES ")[1].split()[0])
        for key in ("FLASH", "RAM")
    }
    print(f"\nmicrocontroller: {figures['FLASH']:,} B of constants, {figures['RAM']:,} B of RAM")


def _print_large(n_gates: int, folder: Path, cc: str) -> None:
    """Seconds for a random circuit in six layers, as tables."""
    rng, width = np.random.default_rng(0), n_gates // 6
    firsts = [2, *(2 + 3072 + width * i for i in range(6))]
    sizes = [3072, *[width] * 6]
    fanin = [rng.integers(0, n, (width, 2)) + f for f, n in zip(firsts[:-1], sizes, strict=False)]
    outputs = np.arange(width) + firsts[-2] + width
    circuit = gg.Circuit(3072, np.concatenate(fanin), rng.integers(1, 15, 6 * width), outputs)
    start = process_time()
    made = gg.export.c(gg.Model(circuit, gg.Readout.group_sum(width, 1)))
    written = process_time() - start
    made.write(folder)
    seconds = _compile([cc, "-std=c99", "-O2", "-c", str(folder / "model.c"), "-o", "/dev/null"])
    print(
        f"\n{circuit.n_gates:,} gates: {len(made['model.c']) / 1e6:.0f} MB of C written in "
        f"{written:.1f} CPU s, compiled in {seconds:.1f}"
    )


if __name__ == "__main__":
    main(None)
