"""Prediction needs numpy, safetensors and the core, nothing else."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.model.examples import ROWS, encoded_model, table_model

BLOCKED = ["torch", "sklearn", "scipy", "typer", "rich", "pooch", "matplotlib", "triton"]

PREDICT = """
import json, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
try:
    import torch
except ImportError:
    pass
else:
    sys.exit("torch is not blocked")

import numpy as np
import gategrad as gg
model, x = gg.load(sys.argv[1]), np.load(sys.argv[2])
scores = model.scores(x, backend=sys.argv[3])
np.save(sys.argv[4], scores)
model.optimize().save(sys.argv[1])
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("make", [encoded_model, table_model])
def test_a_process_without_torch_gives_identical_scores(backend, make, tmp_path):
    model = make()
    rows = ROWS if make is encoded_model else np.array([["1.5", "red"], ["9", "blé"]])
    files = [tmp_path / name for name in ("m.gg", "x.npy", "scores.npy")]
    model.save(files[0])
    np.save(files[1], rows)
    script = f"BLOCKED = {BLOCKED!r}\n" + PREDICT
    arguments = [sys.executable, "-c", script, files[0], files[1], backend, files[2]]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(arguments, env=environment, check=True, capture_output=True, text=True)
    assert np.load(files[2]).tobytes() == model.scores(rows).tobytes()
    loaded = set(json.loads(done.stdout))
    assert {"gategrad", "numpy", "safetensors"} <= loaded
    assert not loaded & set(BLOCKED)
