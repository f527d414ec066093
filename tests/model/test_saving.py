"""Files are written whole or not at all."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import gategrad as gg
from gategrad import ModelFileError
from gategrad.model import atomic
from tests.model.examples import argmax_model, encoded_model

HANGING_SAVE = """
import os, sys, time
from gategrad.model import atomic
from tests.model.examples import encoded_model

class Os:
    def __getattr__(self, name):
        return getattr(os, name)

    def {hang}(self, *arguments):
        print("in", "{hang}", flush=True)
        time.sleep(600)

atomic.os = Os()
encoded_model().save(sys.argv[1])
"""


@pytest.mark.parametrize("hang", ["fsync", "replace"])
def test_a_killed_save_leaves_the_old_file_whole(hang, tmp_path):
    path = tmp_path / "m.gg"
    argmax_model().save(path)
    before = path.read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING_SAVE.format(hang=hang), path],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        started = process.stdout.readline()
        files = sorted(p.name for p in tmp_path.iterdir())
        process.send_signal(signal.SIGKILL)
    assert started == f"in {hang}\n".encode()
    # The new bytes were on their way, in a file of their own.
    assert len(files) == 2
    assert files[1] == "m.gg"
    assert process.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert gg.load(path) == argmax_model()
    encoded_model().save(path)
    assert gg.load(path) == encoded_model()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_save_leaves_nothing_behind(error, step, tmp_path, monkeypatch):
    path = tmp_path / "m.gg"
    argmax_model().save(path)
    before = path.read_bytes()

    def fail(*arguments):
        raise error

    monkeypatch.setattr(atomic.os, step, fail)
    expected = ModelFileError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        encoded_model().save(path)
    if expected is ModelFileError:
        assert str(caught.value) == f"can't save {str(path)!r}: No space left on device"
    assert [p.name for p in tmp_path.iterdir()] == ["m.gg"]
    assert path.read_bytes() == before


def test_saving_replaces_the_file(tmp_path):
    path = tmp_path / "m.gg"
    encoded_model().save(path)
    argmax_model().save(path)
    assert gg.load(path) == argmax_model()
    assert [p.name for p in tmp_path.iterdir()] == ["m.gg"]


def test_files_get_the_usual_permissions(tmp_path):
    argmax_model().save(tmp_path / "m.gg")
    (tmp_path / "other").write_bytes(b"")
    modes = [(tmp_path / name).stat().st_mode for name in ("m.gg", "other")]
    assert modes[0] == modes[1]


def test_a_link_keeps_pointing_to_the_file(tmp_path):
    (tmp_path / "folder").mkdir()
    link = tmp_path / "m.gg"
    link.symlink_to(tmp_path / "folder" / "real.gg")
    argmax_model().save(link)
    assert link.is_symlink()
    assert gg.load(tmp_path / "folder" / "real.gg") == argmax_model()


def test_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    argmax_model().save("m.gg")
    assert gg.load(Path("m.gg")) == argmax_model()


def test_a_missing_directory_is_named(tmp_path):
    path = tmp_path / "none" / "m.gg"
    with pytest.raises(ModelFileError) as caught:
        argmax_model().save(path)
    folder = str(tmp_path / "none")
    assert str(caught.value) == (
        f"can't save {str(path)!r}: there is no directory {folder!r}; create it first"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_is_named(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    with pytest.raises(ModelFileError, match="Permission denied; choose a place that you may use"):
        argmax_model().save(folder / "m.gg")


def test_permission_errors_say_what_to_do(tmp_path, monkeypatch):
    def denied(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(atomic.os, "replace", denied)
    with pytest.raises(ModelFileError, match="Permission denied; choose a place that you may use"):
        argmax_model().save(tmp_path / "m.gg")


@pytest.mark.parametrize("kind", [stat.S_IFDIR, stat.S_IFSOCK])
def test_what_is_no_regular_file_is_not_replaced(kind, tmp_path):
    path = tmp_path / "m.gg"
    path.mkdir() if kind == stat.S_IFDIR else os.mknod(path, kind)
    with pytest.raises(ModelFileError, match="it is no regular file; choose another name"):
        argmax_model().save(path)
    assert not path.is_file()


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "m.gg"
    with pytest.raises(ModelFileError) as caught:
        gg.load(path)
    assert str(caught.value) == (f"can't load {str(path)!r}: there is no such file; check the name")


def test_a_directory_is_no_model(tmp_path):
    with pytest.raises(ModelFileError, match="Is a directory"):
        gg.load(tmp_path)
