"""A model over HTTP with FastAPI.

    pip install fastapi uvicorn
    MODEL=mnist.gg uvicorn --app-dir examples/serving fastapi_app:app

    curl localhost:8000/predict -d '{"rows": [[0, 1, ...]]}' -H 'content-type: application/json'
    curl localhost:8000/predict/bytes --data-binary @rows.bin     # uint8, row behind row

`WINDOW` is how many milliseconds a request waits for others to be answered with (0).
"""

import os

import numpy as np
from batcher import Batcher
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

import gategrad as gg

model = gg.load(os.environ["MODEL"]).warm_up()
batcher = Batcher(model, window=float(os.environ.get("WINDOW", "0")) / 1000)
n_features = model.encoder.n_features if model.encoder else model.circuit.n_inputs
app = FastAPI(title="gategrad")


class Rows(BaseModel):
    """A request: rows of numbers."""

    rows: list[list[float]]


@app.post("/predict")
async def predict(request: Rows) -> dict[str, list]:
    """The label of each row."""
    try:
        rows = np.array(request.rows, np.float64).reshape(len(request.rows), n_features)
    except ValueError:
        raise HTTPException(422, f"expected rows of {n_features} numbers") from None
    return {"labels": await _labels(rows)}


@app.post("/predict/bytes")
async def predict_bytes(request: Request) -> dict[str, list]:
    """The same of rows of uint8, which nobody has to parse."""
    content = await request.body()
    if len(content) % n_features:
        raise HTTPException(422, f"expected rows of {n_features} bytes, got {len(content)} bytes")
    return {"labels": await _labels(np.frombuffer(content, np.uint8).reshape(-1, n_features))}


async def _labels(rows: np.ndarray) -> list:
    try:
        return (await batcher.predict(rows)).tolist()
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
