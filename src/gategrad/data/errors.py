"""The two errors of this package."""


class DataError(ValueError):
    """A data set or a file of the user's is not what it should be; the message says what to do."""


class DataUnavailableError(DataError):
    """A data set is neither on this machine nor reachable."""
