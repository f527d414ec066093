"""What goes wrong before any row is read."""


class BackendError(ValueError):
    """An engine that can't run here; the message says what it needs."""
