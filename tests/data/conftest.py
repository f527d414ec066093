"""A cache of its own for each test, no way to the network, and a server on this machine."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

# The discard port: nobody listens, so a connection is refused at once.
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _offline(monkeypatch, tmp_path):
    monkeypatch.setenv("GATEGRAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GATEGRAD_MIRROR", NOBODY)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def cache(tmp_path):
    """The cache folder, not made yet."""
    return tmp_path / "cache"


@pytest.fixture
def no_data(monkeypatch):
    """As if GATEGRAD_DATA were not set."""
    monkeypatch.delenv("GATEGRAD_DATA", raising=False)


@dataclass
class Server:
    """What is served: path -> bytes, a status code, or (announced length or None, bytes).

    Like many servers, it calls a .gz file an encoding of its content where the client allows that;
    with `encodes` every file, whatever the client says.
    """

    url: str
    content: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    encodes: bool = False


@pytest.fixture
def server():
    """A web server on this machine; put things into its `content`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            served.asked.append(self.path)
            answer = served.content.get(self.path, 404)
            if isinstance(answer, int):
                self.send_error(answer)
                return
            length, body = answer if isinstance(answer, tuple) else (len(answer), answer)
            self.send_response(200)
            if length is not None:
                self.send_header("Content-Length", str(length))
            asked_for = self.path.endswith(".gz") and "gzip" in self.headers["Accept-Encoding"]
            if served.encodes or asked_for:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        served = Server(f"http://127.0.0.1:{httpd.server_port}")
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        httpd.shutdown()
        thread.join()
