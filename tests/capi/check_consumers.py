"""Programs in C99 and C++ that find an installed libgategrad; `.ci/capi` runs it.

GATEGRAD_PREFIX names the folder that it is installed in.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import gategrad as gg
from gategrad.encoding import Binned, Thermometer
from tests.random_circuits import random_circuit, random_readout

ROOT = Path(__file__).parents[2]
PREFIX = Path(os.environ["GATEGRAD_PREFIX"])
STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-O2")
COMPILERS = {"gcc": "g++", "clang": "clang++"}


def run(*command: str | Path, **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def flags(*options: str) -> list[str]:
    """What pkg-config says, and where the library is when the program runs."""
    (libraries,) = {path.parent for path in PREFIX.rglob("libgategrad.so")}
    environment = os.environ | {"PKG_CONFIG_PATH": str(libraries / "pkgconfig")}
    said = run("pkg-config", "--cflags", "--libs", *options, "gategrad", env=environment)
    return [*said.split(), f"-Wl,-rpath,{libraries}"]


@pytest.fixture(scope="module")
def mnist(tmp_path_factory) -> Path:
    """A trained network, the test images of MNIST, and what Python makes of them."""
    import torch

    from gategrad import nn

    folder = tmp_path_factory.mktemp("mnist")
    x, y, x_test, _ = gg.data.load("mnist-1bit")
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        nn.LogicDense(784, 1500, seed=0), nn.LogicDense(1500, 1500, seed=1), nn.GroupSum(10, 10.0)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for step in range(60):
        rows = slice(step * 100 % len(x), step * 100 % len(x) + 100)
        optimizer.zero_grad()
        images = torch.from_numpy(x[rows].astype(np.float32))
        torch.nn.functional.cross_entropy(net(images), torch.from_numpy(y[rows])).backward()
        optimizer.step()
    return written(folder, gg.discretize(net).optimize(), x_test.astype(np.uint8))


def written(folder: Path, model: gg.Model, x: np.ndarray) -> Path:
    model.save(folder / "model.gg")
    (folder / "rows").write_bytes(x.tobytes())
    (folder / "labels").write_bytes(model.program().labels(x).tobytes())
    (folder / "sums").write_bytes(model.sums(x).tobytes())
    return folder


def table(folder: Path) -> Path:
    """Bins of 20 columns, binary."""
    x = np.random.default_rng(0).integers(0, 256, (3000, 20), np.uint8)
    encoder = Binned.quantile(x, 6)
    circuit = random_circuit(n_inputs=encoder.n_inputs, n_gates=400, n_outputs=50, width=4)
    return written(folder, gg.Model(circuit, random_readout(50, 1, kind="binary"), encoder), x)


def files(folder: Path) -> list[Path]:
    return [folder / name for name in ("model.gg", "rows", "labels", "sums")]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_program_in_c99_with_threads(mnist, tmp_path, compiler) -> None:
    source = ROOT / "tests" / "capi" / "check.c"
    run(compiler, "-std=c99", *STRICT, source, *flags(), "-lpthread", "-o", tmp_path / "check")
    said = run(tmp_path / "check", *files(mnist))
    assert re.fullmatch(r"\d+ rows, \d+ gates, \w+: equal\n", said)
    assert int(said.split()[0]) >= 10_000
    assert "3000 rows" in run(tmp_path / "check", *files(table(tmp_path)))


def test_that_program_finds_a_difference(mnist, tmp_path) -> None:
    source = ROOT / "tests" / "capi" / "check.c"
    run("gcc", "-std=c99", *STRICT, source, *flags(), "-lpthread", "-o", tmp_path / "check")
    sums = np.fromfile(mnist / "sums", np.int32)
    sums[-1] += 1
    sums.tofile(tmp_path / "sums")
    command = [tmp_path / "check", *files(mnist)[:3], tmp_path / "sums"]
    assert subprocess.run(command, capture_output=True).stderr == b"check: other sums\n"


def test_the_static_library_in_a_c_program(mnist, tmp_path) -> None:
    source = ROOT / "tests" / "capi" / "check.c"
    static = [flag for flag in flags("--static") if flag != "-lgategrad"]
    (archive,) = PREFIX.rglob("libgategrad.a")
    run("gcc", "-std=c99", *STRICT, source, archive, *static, "-o", tmp_path / "check")
    run("strip", tmp_path / "check")
    assert "equal" in run(tmp_path / "check", *files(mnist))
    print(f"static and stripped: {(tmp_path / 'check').stat().st_size:,} bytes")


def labels_of(service: Path, folder: Path) -> np.ndarray:
    with open(folder / "rows", "rb") as rows:
        said = run(service, folder / "model.gg", stdin=rows)
    return np.array(said.split(), np.int64)


def test_the_example_by_find_package(mnist, tmp_path) -> None:
    cmake = os.environ.get("CMAKE") or shutil.which("cmake")
    shutil.copytree(ROOT / "examples" / "c_service", tmp_path / "source")
    run(cmake, "-S", tmp_path / "source", "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={PREFIX}")
    run(cmake, "--build", tmp_path / "build")
    expected = np.fromfile(mnist / "labels", np.int64)
    assert np.array_equal(labels_of(tmp_path / "build" / "service", mnist), expected)
    refused = subprocess.run(
        [tmp_path / "build" / "service", mnist / "rows"], capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert "it is no model file" in refused.stderr


@pytest.mark.parametrize("compiler", COMPILERS.values())
def test_the_example_by_pkg_config(mnist, tmp_path, compiler) -> None:
    source = ROOT / "examples" / "c_service" / "service.cpp"
    run(compiler, "-std=c++17", *STRICT, source, *flags(), "-o", tmp_path / "service")
    expected = np.fromfile(mnist / "labels", np.int64)
    assert np.array_equal(labels_of(tmp_path / "service", mnist), expected)


def test_the_ten_lines_of_the_page(tmp_path) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    (code,) = re.findall(r"```cpp\n(.*?)```", page, re.DOTALL)
    assert code.count("\n") <= 10
    options = " -DGATEGRAD_BINDINGS=OFF -DGATEGRAD_LIBRARY=ON"
    assert options in page
    assert options in (ROOT / ".ci" / "capi").read_text(), "what CI builds is what the page says"
    model = gg.Model(
        random_circuit(n_inputs=64, n_gates=50, n_outputs=20),
        gg.Readout.group_sum(20, 10),
        Thermometer.fixed([127.5], 64),
    )
    x = np.random.default_rng(0).integers(0, 256, (100, 64), np.uint8)
    folder = written(tmp_path, model, x)
    (folder / "try.cpp").write_text(
        "#include <cstdio>\n#include <fstream>\n#include <iterator>\n#include <string>\n"
        "#include <vector>\n#include <gategrad.h>\nint main() {\n"
        'std::ifstream file("model.gg", std::ios::binary), in("rows", std::ios::binary);\n'
        "const std::string bytes(std::istreambuf_iterator<char>(file), {});\n"
        "const std::string pixels(std::istreambuf_iterator<char>(in), {});\n"
        f'{code}for (auto label : labels) std::printf("%d\\n", int(label));\n}}\n'
    )
    run("g++", "-std=c++17", *STRICT, folder / "try.cpp", *flags(), "-o", folder / "try")
    assert np.array_equal(np.array(run(folder / "try", cwd=folder).split(), int), model.predict(x))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_header_alone_is_c99_and_cpp(compiler) -> None:
    header = PREFIX / "include" / "gategrad.h"
    for language in (("-x", "c", "-std=c99"), ("-x", "c++", "-std=c++11")):
        options = (*STRICT[:-1], "-fsyntax-only", *language, "-include", header, "/dev/null")
        run(compiler, *options)
