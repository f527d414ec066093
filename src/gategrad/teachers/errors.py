"""What teachers raise."""


class TeacherError(ValueError):
    """A teacher that can't be read, or scores that are none; says what was expected."""
