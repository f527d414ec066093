"""Settings of the whole suite."""

import os

# Set before torch is imported: its workers spin for each other, which on a machine with other work
# takes many times longer than one thread does. Tests of threads ask for their number.
os.environ.setdefault("OMP_NUM_THREADS", "1")
