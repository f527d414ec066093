"""The error of records."""


class RecordError(ValueError):
    """A record, or a page to write to, that isn't as it should be; the message says what to do."""
