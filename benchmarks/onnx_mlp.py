"""A dense network for MNIST in ONNX Runtime, quantized to int8: what a circuit replaces."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import gategrad as gg

EPOCHS, BATCH = 8, 128


def int8_network(hidden: int) -> tuple[Callable[[NDArray], NDArray], float]:
    """Train 784-hidden-10 on MNIST, quantize it with its own training rows, and load it.

    Returns:
        From uint8 rows to labels, on one thread; and the accuracy on the test rows.
    """
    import onnxruntime as ort
    from onnxruntime.quantization import QuantFormat, quantize_static

    x, y, x_test, y_test = gg.data.load("mnist")
    x, x_test = x.reshape(len(x), -1), x_test.reshape(len(x_test), -1)
    with tempfile.TemporaryDirectory() as folder:
        plain, small = (str(Path(folder) / name) for name in ("plain.onnx", "int8.onnx"))
        _save(_trained(x, y, hidden), plain)
        quantize_static(plain, small, _Rows(x[:2000]), quant_format=QuantFormat.QDQ)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = ort.InferenceSession(small, options, providers=["CPUExecutionProvider"])

    def predict(rows: NDArray) -> NDArray:
        return session.run(None, {"x": rows.astype(np.float32)})[0].argmax(axis=1)

    return predict, float((predict(x_test) == y_test).mean())


class _Rows:
    """Rows to choose the ranges of int8 by, as onnxruntime asks for them."""

    def __init__(self, rows: NDArray) -> None:
        self._rows: Iterator = iter(rows.astype(np.float32).reshape(-1, 100, rows.shape[1]))

    def get_next(self) -> dict[str, NDArray] | None:
        """The next rows, or None."""
        rows = next(self._rows, None)
        return None if rows is None else {"x": rows}


def _trained(x: NDArray, y: NDArray, hidden: int) -> torch.nn.Sequential:
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(x.shape[1], hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10)
    )
    rows, labels = torch.from_numpy(x).float() / 255, torch.from_numpy(y.astype(np.int64))
    optimizer = torch.optim.Adam(net.parameters())
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(rows)).split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(rows[chosen]), labels[chosen]).backward()
            optimizer.step()
    return net


def _save(net: torch.nn.Sequential, path: str) -> None:
    """As ONNX, with the division by 255 within the first weights."""
    from onnx import TensorProto, helper, numpy_helper, save

    weights = [w.detach().numpy() for w in net.parameters()]
    weights[0] = weights[0] / np.float32(255)
    names = ("w1", "b1", "w2", "b2")
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["y"], transB=1),
    ]
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, n])]
        for name, n in (("x", weights[0].shape[1]), ("y", 10))
    ]
    held = [numpy_helper.from_array(w, n) for w, n in zip(weights, names, strict=True)]
    graph = helper.make_graph(nodes, "mlp", *ends, held)
    opset = [helper.make_opsetid("", 13)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
