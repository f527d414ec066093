"""Plain torch, on any device: what all other executors are compared with."""
