"""Arrays that nobody can change, which the native core may trust once they are checked."""

import numpy as np
from numpy.typing import DTypeLike, NDArray


def immutable(array: NDArray, dtype: DTypeLike) -> NDArray:
    """A copy of `array` as `dtype`, in C order, over bytes that can't be made writable.

    A read-only flag alone can be taken back where the memory belongs to an array.
    """
    dtype = np.dtype(dtype)
    # numpy reads no array from no bytes.
    if array.size == 0:
        copy = np.empty(array.shape, dtype)
        copy.setflags(write=False)
        return copy
    content = np.ascontiguousarray(array, dtype).tobytes()
    return np.frombuffer(content, dtype).reshape(array.shape)
