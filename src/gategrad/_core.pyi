"""The native core; what takes and gives what is said where it is called."""

from typing import Any

def __getattr__(name: str) -> Any: ...
