"""From a stored state back to the encoder, whichever it was."""

from gategrad.encoding.binned import Binned
from gategrad.encoding.encoder import Arrays, Config, Encoder
from gategrad.encoding.fields import read_kind
from gategrad.encoding.filters import Filters
from gategrad.encoding.onehot import OneHot
from gategrad.encoding.splits import Splits
from gategrad.encoding.table import Table
from gategrad.encoding.thermometer import Thermometer

KINDS: dict[str, type[Thermometer | Binned | OneHot | Splits | Table | Filters]] = {
    "thermometer": Thermometer,
    "binned": Binned,
    "one-hot": OneHot,
    "table": Table,
    "splits": Splits,
    "filters": Filters,
}


def from_state(config: Config, arrays: Arrays) -> Encoder:
    """Rebuild the encoder whose `to_state` gave these.

    Args:
        config: a dict of JSON values, with "kind".
        arrays: a dict of numpy arrays.

    Raises:
        EncodingError: an unknown kind, or anything missing, unexpected or malformed.
    """
    return KINDS[read_kind(config, tuple(KINDS))].from_state(config, arrays)
