"""The error that a malformed circuit or readout raises."""


class CircuitError(ValueError):
    """A circuit or readout breaks a rule of `docs/circuit.md`; the message names the element."""
