"""Every example runs, shortened."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_own_loop() -> None:
    pytest.importorskip("torch", reason="needs gategrad[train]")
    command = [sys.executable, EXAMPLES / "own_loop.py", "--steps", "120"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "training runs on native" in done.stdout
    accuracy = re.search(r"([\d.]+)% of the test images", done.stdout)
    assert float(accuracy[1]) > 70


def test_regression() -> None:
    pytest.importorskip("torch", reason="needs gategrad[train]")
    if "GATEGRAD_DATA" not in os.environ:
        pytest.skip("needs the Adult census in $GATEGRAD_DATA")
    command = [sys.executable, EXAMPLES / "regression.py", "--steps", "100"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    mean, circuit = map(float, re.findall(r"RMSE ([\d.]+) hours", done.stdout))
    assert circuit < 0.95 * mean
