"""libgategrad through ctypes, as a program of another language would use it."""

import ctypes
from ctypes import POINTER, byref, c_char, c_char_p, c_float, c_int, c_int32, c_int64, c_size_t
from ctypes import c_void_p as pointer

import numpy as np
from numpy.typing import NDArray

DTYPES = ("bool", "uint8", "float32", "float64", "int8", "int16", "uint16", "int32", "uint32",
          "int64", "uint64")  # fmt: skip
CODES = ("ok", "bad argument", "bad file", "unsupported", "bad value", "no memory", "internal")
KINDS = ("argmax", "binary", "multilabel", "regression")


class Error(ctypes.Structure):
    """gg_error."""

    _fields_ = (("code", c_int), ("text", c_char * 252))


class Rows(ctypes.Structure):
    """gg_rows."""

    _fields_ = (("data", pointer), ("dtype", c_int), ("n_rows", c_size_t), ("row_stride", c_size_t))


class Description(ctypes.Structure):
    """gg_description."""

    _fields_ = (
        ("kind", c_int),
        ("takes_bits", c_int),
        *((name, c_size_t) for name in ("n_features", "n_classes", "n_labels", "n_names",
                                        "n_gates", "code_bytes")),
        ("isa", c_char_p),
    )  # fmt: skip


SIGNATURES = {
    "gg_load": (c_int, c_char_p, c_size_t, POINTER(pointer), POINTER(Error)),
    "gg_free": (None, pointer),
    "gg_describe": (None, pointer, POINTER(Description)),
    "gg_class_name": (c_char_p, pointer, c_size_t),
    "gg_scratch_size": (c_size_t, pointer),
    "gg_scratch_place": (pointer, pointer, pointer, c_size_t, POINTER(Error)),
    "gg_predict": (c_int, pointer, POINTER(Rows), POINTER(c_int64), POINTER(c_int32), pointer,
                   POINTER(Error)),
    "gg_scores": (None, pointer, POINTER(c_int32), c_size_t, POINTER(c_float)),
    "gg_version": (c_char_p,),
}  # fmt: skip


class RefusedError(Exception):
    """What the library says, as `code: text`."""

    def __init__(self, error: Error) -> None:
        self.code = CODES[error.code]
        super().__init__(f"{self.code}: {error.text.decode()}")


class Library:
    """The functions of one shared library."""

    def __init__(self, path: str) -> None:
        functions = ctypes.CDLL(path)
        for name, (result, *arguments) in SIGNATURES.items():
            function = getattr(functions, name)
            function.restype, function.argtypes = result, arguments
        self.functions = functions

    def load(self, content: bytes) -> "Model":
        """The model of a file's content; RefusedError where there is none."""
        model, error = pointer(), Error()
        code = self.functions.gg_load(content, len(content), byref(model), byref(error))
        assert (code == 0) == bool(model)
        if code:
            assert code == error.code
            raise RefusedError(error)
        return Model(self, model)


class Scratch:
    """Memory for one thread, with canaries behind it."""

    def __init__(self, model: "Model", offset: int = 0) -> None:
        functions = model.library.functions
        size = functions.gg_scratch_size(model.handle)
        self.memory = np.full(offset + size + 64, 0xA5, np.uint8)
        self.end = offset + size
        error = Error()
        start = self.memory.ctypes.data + offset
        self.handle = functions.gg_scratch_place(model.handle, start, size, byref(error))
        assert self.handle, error.text

    def is_sound(self) -> bool:
        """Whether nothing was written behind it."""
        return bool((self.memory[self.end :] == 0xA5).all())


class Model:
    """A loaded model; freed with its last reference."""

    def __init__(self, library: Library, handle: pointer) -> None:
        self.library, self.handle = library, handle
        self.about = Description()
        library.functions.gg_describe(handle, byref(self.about))
        self.kind = KINDS[self.about.kind]
        names = (library.functions.gg_class_name(handle, i) for i in range(self.about.n_names))
        self.names = [name.decode() for name in names]
        self.scratch = Scratch(self)

    def __del__(self) -> None:
        self.library.functions.gg_free(self.handle)

    def sums(self, x: NDArray, scratch: Scratch | None = None) -> NDArray[np.int32]:
        """(n, classes) int32."""
        out = np.full((len(x), self.about.n_classes), -7, np.int32)
        self._predict(x, None, out, scratch)
        return out

    def labels(self, x: NDArray, scratch: Scratch | None = None) -> NDArray[np.int64]:
        """(n,) or (n, classes) int64."""
        out = np.full((len(x), self.about.n_labels), -7, np.int64)
        self._predict(x, out, None, scratch)
        return out if self.kind == "multilabel" else out[:, 0]

    def both(self, x: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Labels (n, labels) and sums of one call."""
        labels = np.full((len(x), self.about.n_labels), -7, np.int64)
        sums = np.full((len(x), self.about.n_classes), -7, np.int32)
        self._predict(x, labels, sums, None)
        return labels, sums

    def scores(self, sums: NDArray[np.int32]) -> NDArray[np.float32]:
        """(n, classes) float32."""
        out = np.empty(sums.shape, np.float32)
        place = out.ctypes.data_as(POINTER(c_float))
        sums_place = sums.ctypes.data_as(POINTER(c_int32))
        self.library.functions.gg_scores(self.handle, sums_place, len(sums), place)
        return out

    def _predict(self, x: NDArray, labels, sums, scratch: Scratch | None) -> None:
        assert x.shape[1] == 0 or x.strides[1] == x.itemsize, "columns follow one another"
        scratch = scratch or self.scratch
        stride = x.strides[0] if len(x) > 1 and x.shape[1] else 0
        rows = Rows(x.ctypes.data, DTYPES.index(x.dtype.name), len(x), stride)
        error = Error()
        places = (
            None if array is None else array.ctypes.data_as(POINTER(kind))
            for array, kind in ((labels, c_int64), (sums, c_int32))
        )
        code = self.library.functions.gg_predict(
            self.handle, byref(rows), *places, scratch.handle, byref(error)
        )
        assert scratch.is_sound()
        if code:
            assert code == error.code
            raise RefusedError(error)
