"""Every example runs, shortened."""

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
