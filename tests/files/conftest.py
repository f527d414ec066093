"""Small pieces, so that small files have many."""

import pytest

from gategrad.files import arrow, csv_file, piece


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(piece, "PIECE_BYTES", 1 << 12)
    for module in (arrow, csv_file):
        monkeypatch.setattr(module, "BLOCK_ROWS", 128)
