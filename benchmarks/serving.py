"""What a client of `examples/serving` waits for: percentiles of latency, and requests a second.

    python -m benchmarks.serving MODEL.gg [--requests 2000] [--page docs/serving.md]

The server runs in a process of its own. Each connection sends a request of one row, as bytes, waits
for the answer, and sends the next one. Client and server share the machine, so the figures are
those of both. `call` is `Model.predict` of one row in this process, without HTTP.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import gategrad as gg
from gategrad.records import between_markers, machine_kind

SERVER = Path(__file__).parents[1] / "examples" / "serving"
CONNECTIONS = (1, 16)
# Milliseconds that a request waits for others.
WINDOWS = (0.0, 1.0)
HEADER = "| server | window, ms | connections | p50, ms | p90, ms | p99, ms | requests a second |"


def main() -> None:
    """Print the table, and put it into a page where one is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    model = gg.load(options.model).warm_up()
    row = np.zeros((1, _width(model)), np.uint8)
    lines = [HEADER, "|---" * HEADER.count(" |") + "|"]
    lines.append(f"| none: one call of `predict` | | | {_call(model, row):.4f} | | | |")
    for name, window, start in _servers():
        with _running(start, options.model, window) as port:
            for connections in CONNECTIONS:
                times, seconds = asyncio.run(
                    _measure(name, port, row.tobytes(), connections, options.requests)
                )
                cells = " | ".join(f"{t:.2f}" for t in np.percentile(times, (50, 90, 99)) * 1e3)
                rate = f"{len(times) / seconds:,.0f}"
                lines.append(f"| {name} | {window:g} | {connections} | {cells} | {rate} |")
    lines += ["", f"{options.requests:,} requests each. {machine_kind()}, client included."]
    print("\n".join(lines))
    if options.page:
        page = between_markers(options.page.read_text(), "serving", "\n".join(lines))
        options.page.write_text(page)


def _width(model: gg.Model) -> int:
    return model.encoder.n_features if model.encoder else model.circuit.n_inputs


def _call(model: gg.Model, row: np.ndarray) -> float:
    """Milliseconds of a call, the median of many."""
    times = []
    for _ in range(2000):
        begin = time.perf_counter()
        model.predict(row)
        times.append(time.perf_counter() - begin)
    return float(np.median(times)) * 1e3


def _servers() -> list[tuple[str, float, list[str]]]:
    uvicorn = ["-m", "uvicorn", "--log-level", "error", "--port", "PORT", "fastapi_app:app"]
    gunicorn = ["-m", "gunicorn", "-c", "gunicorn.conf.py", "-b", "127.0.0.1:PORT", "wsgi_app:app"]
    found = [("FastAPI", window, uvicorn) for window in WINDOWS]
    return [*found, ("gunicorn", 0.0, gunicorn)]


@contextmanager
def _running(command: list[str], model: Path, window: float) -> Iterator[int]:
    """The server, answering, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, *(word.replace("PORT", str(port)) for word in command)]
    environment = os.environ | {"MODEL": str(model.resolve()), "WINDOW": str(window)}
    server = subprocess.Popen(words, cwd=SERVER, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield port
    finally:
        server.terminate()
        server.wait()


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server doesn't answer; are fastapi, uvicorn and gunicorn installed?")


async def _measure(
    name: str, port: int, body: bytes, connections: int, requests: int
) -> tuple[np.ndarray, float]:
    """Seconds of each request, and of all together."""
    path = "/predict/bytes" if name == "FastAPI" else "/"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    begin = time.perf_counter()
    found = await asyncio.gather(
        *(_client(port, request, requests // connections) for _ in range(connections))
    )
    return np.concatenate(found), time.perf_counter() - begin


async def _client(port: int, request: bytes, count: int) -> list[float]:
    times = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        begin = time.perf_counter()
        writer.write(request)
        if not await _answer(reader):
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        times.append(time.perf_counter() - begin)
    writer.close()
    return times


async def _answer(reader: asyncio.StreamReader) -> bool:
    """Read an answer; whether the connection stays open. gunicorn's plain workers close it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    if " 200 " not in head.splitlines()[0]:
        raise SystemExit(f"the server answers {head.splitlines()[0]}")
    length = next(line for line in head.splitlines() if line.startswith("content-length:"))
    await reader.readexactly(int(length.split(":")[1]))
    return "connection: close" not in head


if __name__ == "__main__":
    main()
