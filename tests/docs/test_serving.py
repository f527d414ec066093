"""The examples of docs/serving.md: batches, errors that stay alone, processes and their memory."""

import asyncio
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import gategrad as gg
from tests.random_circuits import random_circuit

EXAMPLES = Path(__file__).parents[2] / "examples" / "serving"
WIDTH = 16


@pytest.fixture(scope="module")
def model() -> gg.Model:
    circuit = random_circuit(n_inputs=WIDTH, n_gates=60, n_outputs=12)
    return gg.Model(circuit, gg.Readout.group_sum(12, 3))


@pytest.fixture
def served(model, tmp_path, monkeypatch) -> gg.Model:
    """The model in a file that $MODEL names, and the examples importable."""
    model.save(tmp_path / "model.gg")
    monkeypatch.setenv("MODEL", str(tmp_path / "model.gg"))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return model


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, (40, WIDTH), np.uint8)


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"served_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_requests_of_a_window_are_one_call_and_each_gets_its_rows(model, rows) -> None:
    batcher = _load("batcher").Batcher(model, window=0.001)

    async def ask() -> list[np.ndarray]:
        return await asyncio.gather(*(batcher.predict(rows[i : i + 1 + i % 3]) for i in range(30)))

    for i, labels in enumerate(asyncio.run(ask())):
        assert labels.tolist() == model.predict(rows[i : i + 1 + i % 3]).tolist()
    assert batcher.batches == 1


def test_a_full_batch_is_answered_at_once(model, rows) -> None:
    batcher = _load("batcher").Batcher(model, window=60, most=8)

    async def ask() -> list[np.ndarray]:
        return await asyncio.gather(*(batcher.predict(rows[i : i + 1]) for i in range(16)))

    assert np.concatenate(asyncio.run(ask())).tolist() == model.predict(rows[:16]).tolist()
    assert batcher.batches == 2


def test_rows_that_the_model_refuses_fail_alone(model, rows) -> None:
    batcher = _load("batcher").Batcher(model)
    bad = np.full((1, WIDTH), 7, np.uint8)

    async def ask() -> list:
        asked = (batcher.predict(part) for part in (rows[:2], bad, rows[2:5]))
        return await asyncio.gather(*asked, return_exceptions=True)

    first, error, last = asyncio.run(ask())
    assert isinstance(error, gg.InputError)
    assert first.tolist() == model.predict(rows[:2]).tolist()
    assert last.tolist() == model.predict(rows[2:5]).tolist()


def test_fastapi_answers_json_and_bytes_and_says_what_is_wrong(served, rows) -> None:
    pytest.importorskip("fastapi", reason="needs fastapi")
    httpx = pytest.importorskip("httpx", reason="needs httpx")
    app = _load("fastapi_app").app

    async def ask() -> list:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [
                await client.post("/predict", json={"rows": rows.tolist()}),
                await client.post("/predict/bytes", content=rows.tobytes()),
                await client.post("/predict", json={"rows": [[0, 1]]}),
                await client.post("/predict/bytes", content=b"\7" * WIDTH),
            ]

    as_json, as_bytes, short, no_bits = asyncio.run(ask())
    assert as_json.json() == as_bytes.json() == {"labels": served.predict(rows).tolist()}
    assert (short.status_code, short.json()["detail"]) == (422, "expected rows of 16 numbers")
    assert no_bits.status_code == 422
    assert "not 0 or 1" in no_bits.json()["detail"] or "7" in no_bits.json()["detail"]


def test_the_wsgi_app_answers_and_says_what_is_wrong(served, rows) -> None:
    app, said = _load("wsgi_app").app, []

    def ask(content: bytes) -> dict:
        environ = {"wsgi.input": BytesIO(content), "CONTENT_LENGTH": str(len(content))}
        return json.loads(b"".join(app(environ, lambda status, head: said.append(status))))

    assert ask(rows.tobytes())["labels"] == served.predict(rows).tolist()
    assert ask(b"\0" * 17) == {"error": "expected rows of 16 bytes, got 17 bytes"}
    assert [status[:3] for status in said] == ["200", "422"]


def test_gunicorn_forks_workers_that_answer_alike(served, rows) -> None:
    pytest.importorskip("gunicorn", reason="needs gunicorn")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "-w", "2"]
    command += ["-b", f"127.0.0.1:{port}", "wsgi_app:app"]
    server = subprocess.Popen(
        command, cwd=EXAMPLES, env=os.environ | {"GATEGRAD_THREADS": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        found = [_ask(port, rows.tobytes()) for _ in range(20)]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
    assert {tuple(answer["labels"]) for answer in found} == {tuple(served.predict(rows).tolist())}
    assert server.pid not in {answer["process"] for answer in found}


def _ask(port: int, content: bytes) -> dict:
    """What the server answers, once it does."""
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}", content) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError("gunicorn doesn't answer")


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs /proc")
def test_a_child_shares_the_memory_of_the_program_and_predicts_alike() -> None:
    """A program of some megabytes, of which a child that predicts makes nothing its own."""
    script = """
import os, sys
import numpy as np
import gategrad as gg

rng = np.random.default_rng(0)
n, inputs = 200_000, 256
fanin = rng.integers(2, 2 + inputs, (n, 2))
circuit = gg.Circuit(inputs, fanin, rng.integers(1, 15, n), 2 + inputs + np.arange(n)[-2000:])
model = gg.Model(circuit, gg.Readout.group_sum(2000, 10)).warm_up()
x = rng.random((4096, inputs)) < 0.5
expected = model.predict(x)
circuit_bytes = circuit.fanin.nbytes + circuit.table.nbytes

def private():
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) << 10

child = os.fork()
if child == 0:
    before = private()
    good = (model.predict(x) == expected).all()
    grown = private() - before
    print(grown, circuit_bytes, flush=True)
    os._exit(0 if good and grown < circuit_bytes else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
