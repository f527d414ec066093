"""The error of this package."""


class FileError(ValueError):
    """A file of rows, or one to write, is not what it should be; the message says what to do."""
