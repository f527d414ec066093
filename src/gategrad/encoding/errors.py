"""The one error of the package."""


class EncodingError(ValueError):
    """A row, an option or a stored state that an encoder can't take; the message says why."""
