"""The native core on a CPU."""
