"""Checks of the C library run where `.ci/capi` has installed one."""

import os

collect_ignore_glob = [] if "GATEGRAD_PREFIX" in os.environ else ["check_*.py"]
