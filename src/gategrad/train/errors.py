"""The errors of training."""


class TrainError(ValueError):
    """What can't be trained so; the message says what was given and what to do."""


class CheckpointError(TrainError):
    """A checkpoint that is not there, is damaged, or belongs to another run."""
