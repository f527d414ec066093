"""What saving and loading give, as bytes and as messages."""

import pytest

import gategrad as gg
from gategrad import ModelFileError


def saved(model, tmp_path) -> bytes:
    model.save(tmp_path / "saved.gg")
    return (tmp_path / "saved.gg").read_bytes()


def refusal(data: bytes, tmp_path) -> str:
    """The message that loading these bytes gives, without its path."""
    path = tmp_path / "bad.gg"
    path.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        gg.load(path)
    prefix = f"can't load {str(path)!r}: "
    assert str(caught.value).startswith(prefix)
    return str(caught.value).removeprefix(prefix)
