"""Settings of the whole suite."""

import os
import signal

from hypothesis import HealthCheck, settings

# Set before torch is imported: its workers spin for each other, which on a machine with other work
# takes many times longer than one thread does. Tests of threads ask for their number.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Read when triton is imported: its kernels run in its interpreter on the CPU. TRITON_INTERPRET=0
# runs the same tests on a GPU.
os.environ.setdefault("TRITON_INTERPRET", "1")

# A suite that a shell started in the background is born deaf to Ctrl-C, and so are its children.
signal.signal(signal.SIGINT, signal.default_int_handler)

# For machines that are emulated, and tens of times slower.
settings.register_profile("emulated", deadline=None, suppress_health_check=[HealthCheck.too_slow])
