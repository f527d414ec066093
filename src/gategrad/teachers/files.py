"""Teachers in files, by their ending."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from gategrad.model import load
from gategrad.teachers.errors import TeacherError, not_taken
from gategrad.teachers.plain_torch import load_network
from gategrad.teachers.sources import LEAF_BITS, Source, of_array, of_model, of_module
from gategrad.trees import from_trees

ENDINGS = (
    ".pt or .pth (TorchScript, or a whole torch.nn.Sequential), .onnx, .gg, .npy (soft targets), "
    ".txt (LightGBM), .json or .ubj (XGBoost)"
)
_PICKLES = (".pkl", ".pickle", ".joblib")


def read_file(path: str | os.PathLike) -> Source:
    """Read a teacher.

    Args:
        path: `.pt` or `.pth`: TorchScript, or a `torch.nn.Sequential` that `torch.save` wrote
            whole, of torch's plain layers; read with `weights_only`, so that no code runs.
            `.onnx`: by onnxruntime. `.gg`: a model. `.npy`: soft targets. `.txt`, `.json`, `.ubj`:
            a forest of LightGBM or XGBoost.

    Raises:
        TeacherError: no such file or ending, or a file that can't be read; says what to do.
        ModelFileError, TreesError: a `.gg` or a forest that can't be read.
    """
    place = Path(path)
    ending = place.suffix.lower()
    if ending in _PICKLES:
        raise TeacherError(
            f"{str(place)!r} is a pickle, which runs code when it is read; load it in Python, if "
            "you trust it, and give the estimator itself as teacher="
        )
    if ending not in _READERS:
        raise TeacherError(f"the teacher {str(place)!r} has no known ending; expected {ENDINGS}")
    if not place.is_file():
        raise TeacherError(f"there is no teacher {str(place)!r}; check the name")
    return _READERS[ending](place)


def _torch(path: Path) -> Source:
    return of_module(load_network(path))


def _soft_targets(path: Path) -> Source:
    try:
        return of_array(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        if isinstance(error, TeacherError):
            raise
        raise TeacherError(f"can't read the soft targets {str(path)!r}: {error}") from error


def _model(path: Path) -> Source:
    return of_model(load(path))


def _forest(path: Path) -> Source:
    return of_model(from_trees(path, bits=LEAF_BITS))


def _onnx(path: Path) -> Source:
    try:
        import onnxruntime
    except ImportError as error:
        raise TeacherError(
            f"the teacher {str(path)!r} needs onnxruntime: pip install onnxruntime"
        ) from error
    data = path.read_bytes()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base
        raise TeacherError(f"can't read the teacher {str(path)!r}: {error}") from error
    (first, *more), outputs = session.get_inputs(), session.get_outputs()
    if more:
        raise TeacherError(f"the teacher {str(path)!r} has {1 + len(more)} inputs; expected one")
    # Classifiers of scikit-learn have labels first, then probabilities.
    named = [output.name for output in outputs if "prob" in output.name.lower()]
    chosen = (named or [outputs[0].name])[0]

    def scores(x: Any) -> Any:
        shape = _shape(first.shape, path)
        try:
            rows = np.asarray(x).astype(_ONNX_TYPES.get(first.type, np.float32))
            rows = rows.reshape(len(rows), *shape)
            found = session.run([chosen], {first.name: rows})[0]
        except Exception as error:  # its errors have no common base
            raise not_taken(x, error) from error
        if isinstance(found, list) and found and isinstance(found[0], dict):
            return np.array([list(row.values()) for row in found], np.float32)
        return found

    return Source(scores, lambda: sha256(data).digest())


_ONNX_TYPES = {
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
    "tensor(int64)": np.int64,
}


def _shape(declared: list[Any], path: Path) -> tuple[int, ...]:
    """The shape of one row that an ONNX input declares, its batch first."""
    own = declared[1:]
    if len(own) > 1 and not all(isinstance(size, int) for size in own):
        raise TeacherError(
            f"the teacher {str(path)!r} takes rows of shape {tuple(own)}, not all of which are "
            "numbers; export it with a fixed height and width"
        )
    return tuple(own) if len(own) > 1 else (-1,)


_READERS: dict[str, Callable[[Path], Source]] = {
    ".pt": _torch,
    ".pth": _torch,
    ".onnx": _onnx,
    ".gg": _model,
    ".npy": _soft_targets,
    ".txt": _forest,
    ".json": _forest,
    ".ubj": _forest,
}
