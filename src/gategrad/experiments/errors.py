"""The error of experiments."""


class ExperimentError(ValueError):
    """An experiment that can't be run as asked; the message says what to do."""
