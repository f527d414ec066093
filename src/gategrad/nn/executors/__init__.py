"""Who computes layers: the native core, Triton, or plain torch."""
