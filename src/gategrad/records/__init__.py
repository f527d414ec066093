"""Records of training runs, and the table and picture made of them.

record.py      `Record`: what one run was told and what it reached
journal.py     `append` and `read`: a JSON-lines file
machine.py     what kind of machine this is
groups.py      records of one recipe, its seeds together
table.py       the markdown table
published.py   what others reached, from published.json
picture.py     accuracy against live gates; needs matplotlib
frontier.py    `Frontier`: what pruning gave, round by round, and its picture
page.py        text between two markers of a page
"""

from gategrad.records.errors import RecordError
from gategrad.records.frontier import (
    Frontier,
    append_frontier,
    frontier_picture,
    read_frontiers,
)
from gategrad.records.groups import Group, grouped
from gategrad.records.journal import append, read
from gategrad.records.machine import machine_kind
from gategrad.records.page import between_markers
from gategrad.records.picture import drawn, picture
from gategrad.records.published import published
from gategrad.records.record import Record
from gategrad.records.table import table

__all__ = [
    "Frontier",
    "Group",
    "Record",
    "RecordError",
    "append",
    "append_frontier",
    "between_markers",
    "drawn",
    "frontier_picture",
    "grouped",
    "machine_kind",
    "picture",
    "published",
    "read",
    "read_frontiers",
    "table",
]
