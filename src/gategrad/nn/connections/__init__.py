"""Which two wires each gate reads: fixed wirings, one file each.

Every wiring is `(in_dim, out_dim, ..., generator) -> indices (2, out_dim) int64`.
"""

from gategrad.nn.connections.given import given_connections
from gategrad.nn.connections.local import local_connections
from gategrad.nn.connections.random import random_connections
from gategrad.nn.connections.select import CONNECTIONS, Active, Connections, connect
from gategrad.nn.connections.unique import unique_connections

__all__ = [
    "CONNECTIONS",
    "Active",
    "Connections",
    "connect",
    "given_connections",
    "local_connections",
    "random_connections",
    "unique_connections",
]
