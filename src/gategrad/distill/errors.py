"""What distillation raises."""


class DistillError(ValueError):
    """A teacher, rows or options that can't be distilled with; says what was expected."""
