"""What goes wrong when a forest becomes a circuit."""


class TreesError(ValueError):
    """A forest that can't be read or expressed; the message says why and what to do instead."""
