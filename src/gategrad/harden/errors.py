"""The error of discretization."""


class DiscretizeError(ValueError):
    """A network that is no circuit; the message names the module, and says what to do."""
