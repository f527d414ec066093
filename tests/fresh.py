"""Processes of Python for tests, without the seconds that importing torch takes each time.

One process imports what `PRELOADED` names, computes nothing, and forks for every program that it is
sent. A program begins there as in a new interpreter after these imports, without any thread but its
own, and ends as an interpreter ends. `run` waits for it, `start` lets it run beside the test.

What must be seen from the very start (what an import loads, PYTHONHASHSEED, the peak of memory)
needs `subprocess` instead.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

PRELOADED = ("torch", "torch.distributed", "gategrad.train", "gategrad.cli")
ROOT = Path(__file__).parent.parent
# Bytes of a message, and seconds that a program may take.
LARGEST, LONGEST = 1 << 17, 300


class Process:
    """A program that runs; what it prints can be read meanwhile."""

    def __init__(self, pid: int, stdout: IO[str], stderr: IO[str]) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Its exit code, or minus the number of the signal that ended it."""
        if self.returncode is None:
            self.returncode = _waited(self.pid)
        return self.returncode

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is not None and self.returncode is None:
            self.send_signal(signal.SIGKILL)
        self.wait()
        self.stdout.close()
        self.stderr.close()


def start(code: str, *arguments: object, cwd: Path = ROOT, **variables: str) -> Process:
    """Begin to run `code` as `python -c` does, with more environment variables."""
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    pid = _started(code, arguments, cwd, variables, (out_end, err_end))
    os.close(out_end)
    os.close(err_end)
    return Process(pid, open(out), open(err))


def run(
    code: str, *arguments: object, cwd: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `code` to its end: its exit code and what it printed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        pid = _started(code, arguments, cwd, variables, (out.fileno(), err.fileno()))
        status = _waited(pid)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, status, out.read(), err.read())


def _started(
    code: str,
    arguments: tuple[object, ...],
    cwd: Path,
    variables: dict[str, str],
    outputs: tuple[int, int],
) -> int:
    request = {
        "code": code,
        "argv": ["-c", *map(str, arguments)],
        "cwd": str(cwd),
        "environ": {**os.environ, **variables},
    }
    return _asked(request, outputs)


def _waited(pid: int) -> int:
    try:
        return _asked({"wait": pid})
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        _server().recv(LARGEST)
        raise


def _asked(request: dict[str, Any], outputs: tuple[int, ...] = ()) -> int:
    server = _server()
    socket.send_fds(server, [json.dumps(request).encode()], outputs)
    return json.loads(server.recv(LARGEST))


@cache
def _server() -> socket.socket:
    """The way to the process that forks; it ends when this one closes it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fresh", str(theirs.fileno())],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),), start_new_session=True,
        )  # fmt: skip
    ours.settimeout(LONGEST)
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def _next_program(client: socket.socket) -> dict[str, Any] | None:
    """In a fork: the program that it is to be. In the process that forks: None, at the end."""
    while True:
        message, outputs, *_ = socket.recv_fds(client, LARGEST, 2)
        if not message:
            return None
        request = json.loads(message)
        if "wait" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        elif (answer := os.fork()) == 0:
            client.close()
            for number, output in enumerate(outputs, start=1):
                os.dup2(output, number)
                os.close(output)
            return request
        for output in outputs:
            os.close(output)
        client.send(json.dumps(answer).encode())


def main() -> None:
    """Import, then fork for each program; in a fork, run it."""
    for name in PRELOADED:
        with suppress(ImportError):
            import_module(name)
    program = _next_program(socket.socket(fileno=int(sys.argv[1])))
    if program is None:
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Streams know what their file was when they were made.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(program["cwd"])
    os.environ.clear()
    os.environ.update(program["environ"])
    sys.argv[:] = program["argv"]
    exec(compile(program["code"], "<program>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
