"""Two writers of one output, and links in the place of our files."""

import multiprocessing
import os
from contextlib import suppress

import numpy as np
import pytest

from gategrad import files
from gategrad.files import partial
from gategrad.files.partial import Mark, Partial
from tests.files.examples import byte_model, byte_rows, write

pytestmark = pytest.mark.skipif(partial.fcntl is None, reason="locks files on Unix only")
RUN = {"a": 1}


def never_converts(spooled, target):
    return False


def test_the_loser_of_a_race_leaves_the_finished_file_alone(tmp_path, monkeypatch):
    """It opens the file while the winner holds it, and gets the lock when that is in its place."""
    winner = Partial(tmp_path / "y.npy", RUN)
    lock, raced = partial.fcntl.flock, []

    def slow_lock(handle, how):
        if not raced:
            raced.append(handle)
            winner.complete(never_converts)
            winner.__exit__(None)
        lock(handle, how)

    winner.__enter__()
    winner.file.write(b"finished")
    monkeypatch.setattr(partial.fcntl, "flock", slow_lock)
    with Partial(tmp_path / "y.npy", RUN) as loser:
        loser.start(size=0)
        loser.file.write(b"half")
        assert (tmp_path / "y.npy").read_bytes() == b"finished"
    assert (tmp_path / "y.npy").read_bytes() == b"finished"


def test_the_winner_leaves_the_next_one_alone(tmp_path):
    first = Partial(tmp_path / "y.npy", RUN)
    first.__enter__()
    first.complete(never_converts)
    with Partial(tmp_path / "y.npy", RUN) as second:
        second.file.write(b"rows")
        second.advance(Mark(rows=1, size=4))
        second._save()
        first.__exit__(None)
        assert second.path.exists()
        assert second.note.exists()


def write_often(folder, value, n):
    os.chdir(folder)
    write(folder / f"{value}.npy", np.full((200, 12), value, np.uint8))
    for _ in range(n):
        with suppress(files.FileError):
            files.predict(byte_model(), f"{value}.npy", "y.npy", threads=1)
        if os.path.exists("y.npy"):
            assert len(np.load("y.npy")) == 200


def test_processes_that_write_one_file(tmp_path):
    fresh = multiprocessing.get_context("spawn")
    workers = [fresh.Process(target=write_often, args=(tmp_path, v, 60)) for v in (0, 255)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.npy", "255.npy", "y.npy"]


@pytest.mark.parametrize("victim", [b"precious", None])
def test_a_link_in_the_place_of_the_partial_file(tmp_path, victim):
    target = tmp_path / "victim"
    if victim is not None:
        target.write_bytes(victim)
    (tmp_path / ".y.npy.partial").symlink_to(target)
    x = write(tmp_path / "x.npy", byte_rows(10))
    with pytest.raises(files.FileError, match=r"\.y\.npy\.partial is no regular file.*remove it"):
        files.predict(byte_model(), x, tmp_path / "y.npy")
    assert (target.read_bytes() if victim else target.exists()) == (victim or False)


def test_a_pipe_in_its_place(tmp_path):
    os.mkfifo(tmp_path / ".y.npy.partial")
    x = write(tmp_path / "x.npy", byte_rows(10))
    with pytest.raises(files.FileError, match="is no regular file"):
        files.predict(byte_model(), x, tmp_path / "y.npy")


@pytest.mark.parametrize("suffix", [".json", ".converted"])
def test_links_in_the_place_of_the_files_beside_it(tmp_path, suffix, monkeypatch):
    pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    monkeypatch.setattr(partial, "SAVE_SECONDS", 0)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f".y.parquet.partial{suffix}").symlink_to(victim)
    x = write(tmp_path / "x.npy", byte_rows(3000))
    files.predict(byte_model(), x, tmp_path / "y.parquet")
    assert victim.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["victim", "x.npy", "y.parquet"]
