"""Which column each bit of an encoder is of."""

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.encoder import Encoder
from gategrad.encoding.filters import Filters
from gategrad.encoding.onehot import OneHot
from gategrad.encoding.splits import Splits
from gategrad.encoding.table import Table


def columns_of_bits(encoder: Encoder) -> NDArray[np.intp]:
    """The column (n_inputs,) that each bit is of.

    Of filters, the pixel of the first channel where its plane is looked at.

    An encoder of another kind than ours has its bits in the order of thermometers: level by level,
    in each the columns one after the other.
    """
    if isinstance(encoder, Table):
        pairs = zip(encoder.encoders, encoder.columns, strict=True)
        parts = [np.array(columns, np.intp)[columns_of_bits(part)] for part, columns in pairs]
        return np.concatenate([*parts, np.array(encoder.marked, np.intp)])
    if isinstance(encoder, OneHot):
        widths = [len(known) for known in encoder.categories]
        return np.repeat(np.arange(len(widths)), widths)
    if isinstance(encoder, Splits):
        return encoder.feature.astype(np.intp)
    if isinstance(encoder, Filters):
        return np.arange(encoder.n_inputs) % (encoder.image_shape[1] * encoder.image_shape[2])
    return np.arange(encoder.n_inputs) % encoder.n_features
