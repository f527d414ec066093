"""What goes wrong with a model and its file."""


class ModelError(ValueError):
    """Parts that don't make a model together; the message names them."""


class ModelFileError(ModelError):
    """A file that can't be read or written as a model; names the path and what to do."""
