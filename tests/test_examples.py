"""Every example runs, shortened."""

import os
import re

import pytest

from tests import fresh


def run(name: str, *arguments: str) -> str:
    """What the example prints."""
    program = f"import runpy; runpy.run_path('examples/{name}', run_name='__main__')"
    done = fresh.run(program, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_own_loop() -> None:
    pytest.importorskip("torch", reason="needs gategrad[train]")
    said = run("own_loop.py", "--steps", "120")
    assert "training runs on native" in said
    accuracy = re.search(r"([\d.]+)% of the test images", said)
    assert float(accuracy[1]) > 70


def test_regression() -> None:
    pytest.importorskip("torch", reason="needs gategrad[train]")
    if "GATEGRAD_DATA" not in os.environ:
        pytest.skip("needs the Adult census in $GATEGRAD_DATA")
    said = run("regression.py", "--steps", "100")
    mean, circuit = map(float, re.findall(r"RMSE ([\d.]+) hours", said))
    assert circuit < 0.95 * mean
