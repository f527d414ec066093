"""What reaches a terminal, and what a user did wrong: one line, without escape sequences."""

import os
import subprocess
import sys

import numpy as np
import pytest

from gategrad import Circuit, Model, Readout
from gategrad.cli.report import shown
from gategrad.records import RecordError
from gategrad.records.journal import append_line, read_lines

EVIL = "\x1b]0;owned\x07red\x9b31m"


def test_control_characters_are_spelled_out():
    assert shown("plain é\nnext") == "plain é\nnext"
    assert shown(EVIL) == r"\x1b]0;owned\x07red\x9b31m"


def test_labels_reach_the_terminal_spelled_out(gategrad, tmp_path):
    circuit = Circuit(2, np.empty((0, 2)), np.empty(0, int), [2, 3])
    readout = Readout("argmax", [0, 1, 2], [0, 1], [1, 1], [0, 0], [1.0, 1.0], [0.0, 0.0])
    Model(circuit, readout, labels=(EVIL, "blue"), meta={"data": EVIL}).save(tmp_path / "m.gg")
    np.savez(tmp_path / "rows.npz", x=np.eye(2), y=np.array([EVIL, "blue"]))
    shows = gategrad("eval", "m.gg", "--data", "rows.npz"), gategrad("inspect", "m.gg")
    fails = gategrad("eval", "m.gg", "--data", "nope\x1b.csv"), gategrad("eval", "m.gg")
    for done in (*shows, *fails):
        assert "\x1b" not in done.out + done.err
        assert "\x9b" not in done.out + done.err
    assert all(r"\x1b" in done.out for done in shows)
    assert all(r"\x1b" in done.err for done in fails)


def test_variables_that_name_nothing(gategrad, tmp_path, monkeypatch):
    np.savez(tmp_path / "bits.npz", x=np.eye(8), y=np.arange(8) % 2)
    monkeypatch.setenv("GATEGRAD_ISA", "foo")
    gategrad("train", "bits.npz").fails_with("GATEGRAD_ISA='foo' is unknown; known: baseline")
    monkeypatch.delenv("GATEGRAD_ISA")
    monkeypatch.setenv("GATEGRAD_CODE", "maybe")
    gategrad("train", "bits.npz").fails_with("GATEGRAD_CODE='maybe' is unknown; known: on, off")
    monkeypatch.delenv("GATEGRAD_CODE")
    monkeypatch.setenv("GATEGRAD_THREADS", "many")
    gategrad("train", "bits.npz").fails_with("GATEGRAD_THREADS='many' is no number of threads")
    monkeypatch.delenv("GATEGRAD_THREADS")
    monkeypatch.setenv("GATEGRAD_CACHE", "~nosuchuser/x")
    message = "GATEGRAD_CACHE is '~nosuchuser/x', and there is no such user's home; set it to a fol"
    gategrad("data", "list").fails_with(message)


def test_closed_standard_input_is_one_line(xor_model, tmp_path):
    program = "import sys; sys.stdin = None; from gategrad.cli import main; main()"
    command = [sys.executable, "-c", program, "predict", xor_model, "-", "-o", "x.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: standard input is closed; name files, or pipe a .csv into -\n"


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such device here")
def test_devices_are_no_records(gategrad, monk_csv):
    options = ("--target", "answer", "--record", "/dev/zero")
    gategrad("train", monk_csv, *options).fails_with("can't write /dev/zero: it is no regular file")
    for touch in (lambda: append_line("/dev/zero", {}), lambda: list(read_lines("/dev/zero"))):
        with pytest.raises(RecordError, match="/dev/zero is no regular file; name another"):
            touch()
