"""A model over HTTP as plain WSGI, for gunicorn's processes.

In this folder:

    pip install gunicorn
    MODEL=mnist.gg gunicorn -c gunicorn.conf.py wsgi_app:app
    curl localhost:8000 --data-binary @rows.bin     # uint8, row behind row
"""

import json
import os
from collections.abc import Callable, Iterable

import numpy as np

import gategrad as gg

# Before the fork: all workers share the memory of the model and of its program.
model = gg.load(os.environ["MODEL"]).warm_up()
n_features = model.encoder.n_features if model.encoder else model.circuit.n_inputs


def app(environ: dict, start_response: Callable) -> Iterable[bytes]:
    """The label of each row, as JSON, and the process that says so."""
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if len(content) % n_features:
        return _answer(
            start_response,
            "422 Unprocessable Content",
            {"error": f"expected rows of {n_features} bytes, got {len(content)} bytes"},
        )
    rows = np.frombuffer(content, np.uint8).reshape(-1, n_features)
    try:
        labels = model.predict(rows, threads=1).tolist()
    except ValueError as error:
        return _answer(start_response, "422 Unprocessable Content", {"error": str(error)})
    return _answer(start_response, "200 OK", {"labels": labels, "process": os.getpid()})


def _answer(start_response: Callable, status: str, content: dict) -> list[bytes]:
    body = json.dumps(content).encode()
    head = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, head)
    return [body]
