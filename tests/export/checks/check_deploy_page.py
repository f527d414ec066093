"""The commands and the C of docs/deploy.md, run in order as printed; `.ci/exports` runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gategrad as gg
from gategrad.encoding import Filters
from tests.random_circuits import random_circuit

PAGE = (Path(__file__).parents[3] / "docs" / "deploy.md").read_text()
COMMANDS = re.findall(r"^    (.+)$", PAGE, re.MULTILINE)
C, FILTERED = re.findall(r"```c\n(.*?)```", PAGE, re.DOTALL)
# As mnist-1bit has, of which the page takes rows.
PIXELS, CLASSES = 784, 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with what the page supposes: models, rows, and the program itself."""
    place = tmp_path_factory.mktemp("deploy")
    for name, n_inputs, n_gates in (("mnist", PIXELS, 120), ("monk", 8, 12)):
        circuit = random_circuit(n_inputs=n_inputs, n_gates=n_gates, n_outputs=20)
        gg.Model(circuit, gg.Readout.group_sum(20, CLASSES)).optimize().save(place / f"{name}.gg")
    rows = np.random.default_rng(0).integers(0, 2, (100, PIXELS), dtype=np.uint8)
    np.save(place / "rows.npy", rows)
    program = place / "gategrad"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m gategrad "$@"\n')
    program.chmod(0o755)
    return place


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_works(folder, command) -> None:
    path = f"{folder}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=os.environ | {"PATH": path},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout


def test_the_c_compiles_behind_the_export(folder) -> None:
    """After the commands above, the folder `mnist` holds the C of the last export to it."""
    include, body = C.split("\n", 1)
    gg.export.c(gg.load(folder / "mnist.gg"), name="mnist", rows="uint8").write(folder / "c")
    rows = "static mnist_value rows[100 * MNIST_FEATURES];"
    (folder / "c" / "try.c").write_text(f"{include}\n{rows}\nint main(void) {{{body}return 0; }}\n")
    subprocess.run(["cc", "-std=c99", "-c", "try.c"], cwd=folder / "c", check=True)


def test_the_c_of_filters_compiles_behind_their_export(folder) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 3 * 32 * 32), dtype=np.uint8)
    encoder = Filters.fit(images, (3, 32, 32), ("pixels", "steps"), 1)
    circuit = random_circuit(n_inputs=encoder.n_inputs, n_gates=200, n_outputs=20)
    model = gg.Model(circuit, gg.Readout.group_sum(20, CLASSES), encoder)
    gg.export.c(model, name="cifar").write(folder / "filtered")
    first, second, body = FILTERED.split("\n", 2)
    given = "static uint8_t images[100 * 3072], planes[100 * 5120];\nstatic int32_t labels[100];"
    text = f"{first}\n{second}\n{given}\nint main(void) {{{body}return 0; }}\n"
    (folder / "filtered" / "try.c").write_text(text)
    command = ["cc", "-std=c99", "-Wall", "-Werror", "-c", "try.c"]
    subprocess.run(command, cwd=folder / "filtered", check=True)
