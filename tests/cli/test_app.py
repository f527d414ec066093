"""What holds for every verb: versions, exit codes, messages, and that torch stays away."""

import errno
import subprocess
import sys

import pytest

import gategrad as gg
from gategrad.cli import errors, inspect

VERBS = ("demo", "train", "eval", "predict", "bench", "inspect", "data")

# Any import of torch fails from here on.
BLOCK = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocker())
"""


def python(code, *, cwd=None):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd)


def test_version(gategrad):
    done = gategrad("--version")
    assert (done.code, done.out) == (0, f"gategrad {gg.__version__}\n")


def test_help_lists_the_verbs(gategrad):
    done = gategrad("--help")
    assert done.code == 0
    assert all(f" {verb} " in done.out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(gategrad, verb):
    assert gategrad(verb, "--help").code == 0


@pytest.mark.parametrize("verb", ["demo", "train", "eval", "predict", "bench", "inspect"])
def test_every_verb_takes_json(gategrad, verb):
    assert "--json" in gategrad(verb, "--help").out


def test_module_runs_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "gategrad", "--version"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"gategrad {gg.__version__}\n")


@pytest.mark.parametrize("arguments", [["fly"], ["inspect"], ["bench", "x.gg", "--threads", "0"]])
def test_wrong_usage_is_exit_code_2(gategrad, arguments):
    done = gategrad(*arguments)
    assert done.code == 2
    assert "Usage: " in done.err
    assert done.out == ""


def test_verbs_that_do_not_train_run_without_torch(xor_model, tmp_path):
    (tmp_path / "rows.csv").write_text("a,b,c\n0,1,0\n1,1,0\n")
    code = f"""{BLOCK}
import contextlib
from gategrad.cli import app, speed
speed.READ_BYTES = 1 << 16
for line in ("inspect xor.gg", "predict xor.gg rows.csv -o labels.csv", "data list",
             "bench xor.gg --seconds 0.1 --backend numpy", "eval nothing.gg"):
    with contextlib.suppress(SystemExit):
        app(line.split())
assert "torch" not in sys.modules
"""
    done = python(code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "labels.csv").read_text() == "label\ndifferent\nsame\n"
    assert "nothing.gg does not exist" in done.stderr


@pytest.mark.parametrize("line", ["train mnist-1bit", "demo"])
def test_training_without_torch_says_how_to_install_it(tmp_path, line):
    code = f"{BLOCK}\nfrom gategrad.cli import app\napp({line.split()})"
    done = python(code, cwd=tmp_path)
    assert done.returncode == 1
    assert "training needs PyTorch" in done.stderr
    assert done.stderr.endswith("pip install gategrad[train]\n")


def test_a_defect_keeps_its_traceback(gategrad, xor_model, monkeypatch):
    def broken(path):
        raise ValueError("a defect")

    monkeypatch.setattr(inspect, "load_model", broken)
    with pytest.raises(ValueError, match="a defect"):
        gategrad("inspect", xor_model)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (OSError(errno.ENOSPC, "No space left on device", "x.gg"), "x.gg: No space left on device"),
        (MemoryError(), "not enough memory; take a smaller network, batch or file"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ..."),
            "not enough memory; take a smaller network, batch or file",
        ),
        (gg.CircuitError("gate 3 is wrong"), "gate 3 is wrong"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(gategrad, xor_model, monkeypatch, error, sentence):
    def failing(path):
        raise error

    monkeypatch.setattr(inspect, "load_model", failing)
    done = gategrad("inspect", xor_model)
    done.fails_with(sentence)
    assert done.err == f"error: {sentence}\n"


@pytest.mark.parametrize(
    "error", [ValueError("x"), RuntimeError("x"), BrokenPipeError(errno.EPIPE, "x")]
)
def test_other_errors_are_not_explained(error):
    assert errors.explain(error) is None


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x10\0\0\0\0\0\0\0{}"])
@pytest.mark.parametrize("verb", ["eval", "inspect", "bench"])
def test_a_file_that_is_no_model(gategrad, tmp_path, verb, content):
    path = tmp_path / "bad.gg"
    path.write_bytes(content)
    gategrad(verb, path).fails_with(f"can't load '{path}': ")


@pytest.mark.parametrize("verb", ["eval", "inspect", "bench"])
def test_a_truncated_model(gategrad, xor_model, verb):
    xor_model.write_bytes(xor_model.read_bytes()[:-5])
    gategrad(verb, xor_model).fails_with("it is damaged: ")


@pytest.mark.parametrize("verb", ["eval", "inspect", "bench"])
def test_a_missing_model(gategrad, verb):
    gategrad(verb, "nothing.gg").fails_with("nothing.gg does not exist; name a .gg file")


def test_a_reader_who_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m gategrad data list | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr
