"""What the command line sets where the process is its own."""

import os
import subprocess
import sys


def test_openmp_waits_passively_unless_told_otherwise():
    code = (
        "import os, sys; sys.argv[1:] = ['--version']; from gategrad.cli import main\n"
        "try: main()\n"
        "finally: print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    for more, policy in (({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment | more
        )
        assert done.stdout.splitlines()[-1] == f"{policy} False", done.stderr
