"""The C++ sources: headers stand alone, and kernels are safe to compile for new machines."""

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

NATIVE = Path(__file__).parents[1] / "native"
HEADERS = sorted(NATIVE.rglob("*.h"))
KERNELS = sorted(NATIVE.rglob("*.isa.h"))
PLAIN = {"stddef.h", "stdint.h", "immintrin.h", "arm_neon.h", "isa/register.h"}


def includes(path: Path) -> list[str]:
    return re.findall(r'^#include [<"]([^>"]+)[>"]', path.read_text(), re.M)


def reached(path: Path) -> set[str]:
    """Every header that a file includes, directly or not; library headers by their name alone."""
    found, todo = set(), [path]
    while todo:
        for name in includes(todo.pop()):
            if name not in found:
                found.add(name)
                if (NATIVE / name).exists():
                    todo.append(NATIVE / name)
    return found


def test_every_header_has_a_guard():
    assert [str(h) for h in HEADERS if "#pragma once\n" not in h.read_text()] == []


@pytest.mark.parametrize("path", KERNELS, ids=lambda p: str(p.relative_to(NATIVE)))
def test_kernels_include_no_library_headers(path):
    """A template instantiated there could be the copy that the linker keeps."""
    library = {name for name in reached(path) if not (NATIVE / name).exists()}
    assert library <= PLAIN
    assert "namespace {\n" in path.read_text(), "what kernels define has internal linkage"


def test_every_row_of_the_table_has_its_file():
    table = (NATIVE / "isa/table.def").read_text()
    rows = re.findall(r"^GG_(?:ISA|SINGLE)\(\w+, (\w+), (\w+),", table, re.M)
    assert [name for name, _ in rows] == ["baseline", "neon", "avx2", "avx512", "avx512vbmi"]
    for name, kernels in rows:
        assert f" {kernels} = " in (NATIVE / f"isa/{name}.cpp").read_text()
    assert {p.stem for p in (NATIVE / "isa").glob("*.cpp")} == {"isa", *(name for name, _ in rows)}


def test_no_two_macros_of_one_name():
    """Two headers may not give one name two meanings, unless it is taken back in between."""
    names = Counter()
    for path in HEADERS:
        text = path.read_text()
        defined = set(re.findall(r"^#define (\w+)", text, re.M))
        names.update(defined - set(re.findall(r"^#undef (\w+)", text, re.M)))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("flags", [(), ("-mavx2", "-mfma")], ids=["baseline", "avx2"])
def test_kernels_can_be_included_in_any_order(tmp_path, flags):
    compiler = os.environ.get("CXX") or shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler: CXX is not set and c++ is not on PATH")
    # Both orders in one process each; `.ci/headers` compiles every header alone.
    for order in (KERNELS, KERNELS[::-1]):
        source = tmp_path / "all.cpp"
        source.write_text("".join(f'#include "{h.relative_to(NATIVE)}"\n' for h in order))
        command = [compiler, "-std=c++20", "-fsyntax-only", *flags, f"-I{NATIVE}", str(source)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
