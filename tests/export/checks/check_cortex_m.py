"""C for microcontrollers on an emulated Cortex-M3: it fits, and gives the model's labels.

Outside the suite, as it trains a network: `.ci/exports` runs it.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gategrad as gg
from gategrad import export
from tests.export.models import odd_models, random_model

HERE = Path(__file__).parent / "cortex_m"
ARM = (
    "arm-none-eabi-gcc -std=gnu99 -ffreestanding -nostdlib -mcpu=cortex-m3 -mthumb -Os "
    "-Wall -Wextra -Werror"
)
QEMU = "qemu-system-arm -M mps2-an385 -nographic -semihosting-config enable=on,target=native"
FLASH, RAM, STACK = 64 * 1024, 8 * 1024, 512
LEAST_ACCURACY = 0.97


def run_on_board(model, rows, folder) -> tuple[list[int], dict[str, int]]:
    """The labels of rows that a program of 64 kB flash and 8 kB RAM prints, and what it takes."""
    export.c(model, profile="mcu").write(folder)
    shutil.copy(HERE / "link.ld", folder)
    shutil.copy(HERE / "main.c", folder / "board.c")
    values = ",".join(map(str, rows.reshape(-1).tolist()))
    (folder / "rows.h").write_text(
        f"#define ROWS {len(rows)}u\n"
        'static const model_value rows[] __attribute__((section(".rows"))) = '
        f"{{{values}}};\n"
    )
    build = f"{ARM} -T link.ld model.c board.c -lgcc -Wl,-Map=map -o board.elf"
    subprocess.run(build.split(), cwd=folder, check=True)
    printed = subprocess.run(
        [*QEMU.split(), "-kernel", "board.elf"],
        cwd=folder, check=True, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    sections = re.findall(
        r"^\.(text|rows|bss|data)\s+0x\w+\s+0x(\w+)", (folder / "map").read_text(), re.MULTILINE
    )
    return [int(v) for v in (printed.stdout + printed.stderr).split()], {
        name: int(size, 16) for name, size in sections
    }


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A trained network of some 98 %, on bits."""
    path = tmp_path_factory.mktemp("net") / "net.gg"
    run = "train mnist-1bit --preset fast --seed 0 --out"
    subprocess.run([sys.executable, "-m", "gategrad", *run.split(), str(path)], check=True)
    return gg.load(path)


def test_a_trained_network_fits_and_agrees(network, tmp_path) -> None:
    _, _, x, y = gg.data.load("mnist-1bit")
    x = x.reshape(len(x), -1)
    assert (network.predict(x) == y).mean() >= LEAST_ACCURACY
    rows = np.ascontiguousarray(x[:100], np.uint8)
    labels, sizes = run_on_board(network, rows, tmp_path)
    assert labels == network.predict(rows).tolist()
    assert sizes["text"] <= FLASH
    assert sizes["bss"] + STACK <= RAM
    # The header states constants and memory; code comes on top.
    header = (tmp_path / "model.h").read_text()
    stated = {key: int(re.search(rf"{key}_BYTES (\d+)", header)[1]) for key in ("FLASH", "RAM")}
    assert stated["FLASH"] <= sizes["text"] <= stated["FLASH"] + 2500
    assert stated["RAM"] <= sizes["bss"] <= stated["RAM"] + 4
    print(stated, sizes)


# The program of this check prints one label a row.
ODD = [name for name, model in odd_models().items() if model.readout.kind != "multilabel"]


@pytest.mark.parametrize("name", ODD)
def test_odd_circuits(tmp_path, name) -> None:
    model = odd_models()[name]
    rows = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.uint8)
    labels, _ = run_on_board(model, rows, tmp_path)
    assert labels == model.predict(rows).tolist()


COMPILERS = {
    "riscv": "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -ffreestanding",
    "avr": "avr-gcc -mmcu=atmega2560",
    "arm without a barrel": "arm-none-eabi-gcc -ffreestanding -mcpu=cortex-m0 -mthumb",
}


@pytest.mark.parametrize("target", COMPILERS)
@pytest.mark.parametrize("rows", ["uint8", "int32"])
def test_other_compilers_take_it(tmp_path, target, rows) -> None:
    export.c(random_model(width=4), profile="mcu", rows=rows).write(tmp_path)
    flags = "-std=c99 -pedantic -Wall -Wextra -Werror -Os -c model.c"
    subprocess.run([*COMPILERS[target].split(), *flags.split()], cwd=tmp_path, check=True)
