"""What can go wrong when a model is exported."""


class ExportError(ValueError):
    """A model, an option or a place that an exporter can't work with; says what to do."""
