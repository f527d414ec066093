"""Which wires each gate reads, or may learn to read: one file a wiring.

Every wiring is `(in_dim, out_dim, ..., generator, pins=2) -> indices (pins, out_dim) int64`;
candidates of learned wiring are (pins, out_dim, K).
"""

from gategrad.nn.wiring.connections.candidates import local_candidates, random_candidates
from gategrad.nn.wiring.connections.given import given_connections
from gategrad.nn.wiring.connections.local import local_connections
from gategrad.nn.wiring.connections.random import random_connections
from gategrad.nn.wiring.connections.select import (
    CONNECTIONS,
    Active,
    Connections,
    WiringOptions,
    connect,
)
from gategrad.nn.wiring.connections.structured import structured_connections
from gategrad.nn.wiring.connections.unique import unique_connections

__all__ = [
    "CONNECTIONS",
    "Active",
    "Connections",
    "WiringOptions",
    "connect",
    "given_connections",
    "local_candidates",
    "local_connections",
    "random_candidates",
    "random_connections",
    "structured_connections",
    "unique_connections",
]
