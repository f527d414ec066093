"""From rows of numbers and text to rows of bits: fitted, immutable, serializable encoders."""

from gategrad.encoding.binned import Binned
from gategrad.encoding.comparisons import Comparisons, Front, compare
from gategrad.encoding.encoder import Encoder
from gategrad.encoding.errors import EncodingError
from gategrad.encoding.filters import Filters
from gategrad.encoding.fitted import rows_for
from gategrad.encoding.frames import aligned, plain_rows
from gategrad.encoding.intervals import Intervals, number_intervals
from gategrad.encoding.onehot import OneHot
from gategrad.encoding.splits import Splits
from gategrad.encoding.state import from_state
from gategrad.encoding.table import Table
from gategrad.encoding.thermometer import Thermometer
from gategrad.encoding.unknown import KnownCategories, Unknown

__all__ = [
    "Binned",
    "Comparisons",
    "Encoder",
    "EncodingError",
    "Filters",
    "Front",
    "Intervals",
    "KnownCategories",
    "OneHot",
    "Splits",
    "Table",
    "Thermometer",
    "Unknown",
    "aligned",
    "compare",
    "from_state",
    "number_intervals",
    "plain_rows",
    "rows_for",
]
