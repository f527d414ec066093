"""The command line in this process, small files for it, and models that it trained itself."""

import csv
import itertools
import json
import random

import numpy as np
import pytest
from typer.testing import CliRunner

from gategrad import Circuit, Model, Readout
from gategrad.cli import app, speed
from gategrad.encoding import Thermometer


@pytest.fixture(autouse=True)
def _plain(monkeypatch, tmp_path):
    """No colours, wide lines, small measurements, an own cache and current folder."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("GATEGRAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GATEGRAD_DATA", raising=False)
    monkeypatch.setenv("GATEGRAD_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setattr(speed, "READ_BYTES", 1 << 16)
    monkeypatch.chdir(tmp_path)


class Done:
    """What a command printed, and how it ended."""

    def __init__(self, result):
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr

    @property
    def json(self):
        """The last line of stdout."""
        assert self.code == 0, self.err
        return json.loads(self.out.splitlines()[-1])

    def fails_with(self, text, *, code=1):
        """An error on stderr that holds `text`, nothing on stdout."""
        assert self.code == code, self.out + self.err
        assert text in self.err
        assert any(line.startswith("error: ") for line in self.err.splitlines())
        assert "Traceback" not in self.err
        assert self.out == ""


@pytest.fixture(scope="session")
def gategrad():
    """Run the command line; errors that are defects are raised."""

    def run(*arguments, stdin=None):
        texts = [str(argument) for argument in arguments]
        return Done(CliRunner().invoke(app, texts, input=stdin))

    return run


@pytest.fixture
def xor_model(tmp_path):
    """Y = a xor b, and an unused third input; a gate and an inverter that optimizing removes."""
    circuit = Circuit(3, [[2, 3], [5, 0], [6, 0]], [6, 1, 1], [7, 6])
    readout = Readout("argmax", [0, 1, 2], [1, 0], [1, 1], [0, 0], [1.0, 1.0], [0.0, 0.0])
    path = tmp_path / "xor.gg"
    Model(circuit, readout, labels=("same", "different")).save(path)
    return path


@pytest.fixture
def pixel_model(tmp_path):
    """Class 1 where the first of two bytes is above 127.5."""
    circuit = Circuit(2, np.empty((0, 2)), np.empty(0, int), [2])
    readout = Readout("binary", [0, 1], [0], [1], [0], [1.0], [0.0])
    path = tmp_path / "pixel.gg"
    Model(circuit, readout, encoder=Thermometer.fixed([127.5], 2)).save(path)
    return path


MONK_COLUMNS = ("head", "body", "smile", "jacket", "tie", "answer")


def write_monk(path):
    """Rows in random order: yes where head and body are equal or the jacket is red."""
    rows = list(
        itertools.product(
            (1, 2, 3), (1, 2, 3), (0, 1), ("red", "green", "blue"), (0.5, 1.5, 2.5, 9)
        )
    )
    rows = [(*row, "yes" if row[0] == row[1] or row[3] == "red" else "no") for row in rows]
    random.Random(0).shuffle(rows)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([MONK_COLUMNS, *rows])
    return path


@pytest.fixture
def monk_csv(tmp_path):
    """The rows of `write_monk`."""
    return write_monk(tmp_path / "monk.csv")


@pytest.fixture(scope="session")
def trained(gategrad, tmp_path_factory):
    """(model, .csv, JSON) of a network that the command line trained on `write_monk`'s rows."""
    folder = tmp_path_factory.mktemp("trained")
    data, model = write_monk(folder / "monk.csv"), folder / "monk.gg"
    arguments = ("--target", "answer", "--layers", "200x2", "--steps", 200, "--threads", 1)
    done = gategrad("train", data, "--out", model, *arguments, "--json")
    return model, data, done.json


@pytest.fixture
def images(tmp_path):
    """Bytes (rows, 6, 6): the bright half is the left or the right one."""
    generator = np.random.default_rng(0)
    y = np.arange(120) % 2
    x = generator.integers(0, 100, (120, 6, 6))
    x[y == 0, :, :3] += 120
    x[y == 1, :, 3:] += 120
    path = tmp_path / "images.npz"
    np.savez(path, x=x.astype(np.uint8), y=np.array(["left", "right"])[y])
    return path
