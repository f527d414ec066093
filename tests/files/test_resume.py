"""A run that is killed goes on where it stopped; nothing is lost, doubled or left behind."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from gategrad import files
from gategrad.files import partial, piece
from tests.files.examples import NAMES, byte_model, byte_rows, table_model, table_rows, write

# Kills itself without any warning once `rows` rows are written, as a power cut would.
KILLED = """
import os, signal, sys
from gategrad.cli import app
from gategrad.files import arrow, csv_file, partial, piece
piece.PIECE_BYTES, arrow.BLOCK_ROWS, csv_file.BLOCK_ROWS = 4096, 128, 128
partial.SAVE_SECONDS = 0
advance, rows = partial.Partial.advance, int(sys.argv[1])
def dying(self, mark):
    advance(self, mark)
    self.file.write(b"torn"), self.file.flush()
    if mark.rows >= rows:
        os.kill(os.getpid(), signal.SIGKILL)
    self.file.seek(-4, os.SEEK_END), self.file.truncate()
partial.Partial.advance = dying
app(sys.argv[2:])
"""


def kill_after(rows, folder, *arguments):
    done = subprocess.run([sys.executable, "-c", KILLED, str(rows), *arguments], cwd=folder)
    assert done.returncode == -signal.SIGKILL


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("m"))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A model and two inputs of 3000 rows together, of which a killed run has done some."""
    monkeypatch.chdir(tmp_path)
    byte_model().save("m.gg")
    x = byte_rows()
    write(tmp_path / "a.npy", x[:1000])
    write(tmp_path / "b.csv", x[1000:])
    return tmp_path


def again(*, resume=True, out="y.npy", notes=None, **options):
    return files.predict(
        byte_model(), ["a.npy", "b.csv"], out, resume=resume, note=(notes or []).append, **options
    )


@pytest.mark.parametrize("out", ["y.npy", "y.csv", "y.parquet"])
def test_after_sigkill(run, out):
    if out.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    command = ("predict", "m.gg", "a.npy", "b.csv", "-o", out)
    kill_after(1500, run, *command)
    assert names(run) == [f".{out}.partial", f".{out}.partial.json", "a.npy", "b.csv"]
    done = again(out=out)
    assert done.n == 3000
    assert 1500 <= done.resumed < 3000
    assert names(run) == ["a.npy", "b.csv", out]
    resumed = (run / out).read_bytes()
    assert again(out=out, resume=False).resumed == 0
    assert (run / out).read_bytes() == resumed
    if out == "y.npy":
        assert np.array_equal(np.load(out), byte_model().predict(byte_rows()))


def test_again_and_again(run):
    command = ("predict", "m.gg", "a.npy", "b.csv", "-o", "y.npy")
    for rows in (300, 900, 1100, 2100, 2999):
        kill_after(rows, run, *command)
    assert 2999 <= again(threads=1).resumed <= 3000
    assert np.array_equal(np.load("y.npy"), byte_model().predict(byte_rows()))


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow", "npy"])
def test_every_row_of_an_input_is_a_place_to_go_on_from(tmp_path, kind):
    if kind in ("parquet", "arrow"):
        pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    x = table_rows(1500) if kind != "npy" else byte_rows(1500)
    model = table_model() if kind != "npy" else byte_model()
    path = write(tmp_path / f"x.{kind}", x, names=NAMES if kind != "npy" else None)
    (reader,) = files.reading.open_all(model, path)
    for start in (0, 1, 500, 700, 701, 702, 996, 997, 1402, 1499, 1500):
        rows = [piece_.read(piece.Scratch()).copy() for piece_ in reader.pieces(start)]
        rows = [part for part in rows if len(part)]
        found = np.concatenate(rows) if rows else x[:0]
        assert np.array_equal(found, x[start:]), start
        assert [p.first for p in reader.pieces(start) if p.n_rows][:1] in ([start], [])


def test_kinds_of_columns_are_remembered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table_model(missing="error").save("m.gg")
    lines = ["age,colour,zip", *["1,red,10"] * 700, ",red,10"]
    (tmp_path / "x.csv").write_text("\n".join(lines))
    kill_after(600, tmp_path, "predict", "m.gg", "x.csv", "-o", "y.npy")
    with pytest.raises(ValueError, match=r"x.csv, row 701 \(line 702\): column 'age' holds ''"):
        files.predict(table_model(missing="error"), "x.csv", "y.npy", resume=True)
    assert names(tmp_path) == ["x.csv"]


def changed_input():
    os.utime("a.npy", ns=(1, 1))


def damaged_note():
    with open(".y.npy.partial.json", "w") as file:
        file.write("{")


def edited_note():
    with open(".y.npy.partial.json") as file:
        note = json.load(file)
    note["mark"]["row"] -= 1
    with open(".y.npy.partial.json", "w") as file:
        json.dump(note, file)


def edited_output():
    with open(".y.npy.partial", "r+b") as file:
        file.seek(150)
        file.write(b"?")


def note_of_before():
    with open(".y.npy.partial.json") as file:
        note = json.load(file)
    with open(".y.npy.partial.json", "w") as file:
        json.dump({"run": note["run"], "mark": note["mark"]}, file)


def short_output():
    os.truncate(".y.npy.partial", 200)


@pytest.mark.parametrize(
    ("change", "options", "why"),
    [
        (changed_input, {}, "had other inputs, or they have changed"),
        (damaged_note, {}, "the note of the interrupted run is damaged"),
        (edited_note, {}, "the note of the interrupted run was changed"),
        (note_of_before, {}, "the note of the interrupted run is damaged"),
        (edited_output, {}, "the interrupted run's output is damaged"),
        (short_output, {}, "the interrupted run's output is damaged"),
        (lambda: None, {"scores": True}, "had another choice between labels and scores"),
    ],
)
def test_what_is_not_the_same_is_not_continued(run, change, options, why):
    kill_after(1500, run, "predict", "m.gg", "a.npy", "b.csv", "-o", "y.npy")
    change()
    with pytest.raises(files.FileError) as raised:
        again(**options)
    assert why in str(raised.value)
    assert "leave resume out to start anew" in str(raised.value)
    assert ".y.npy.partial" in names(run)
    notes = []
    done = files.predict(byte_model(), ["a.npy", "b.csv"], "y.npy", note=notes.append, **options)
    assert (done.n, done.resumed) == (3000, 0)
    assert len(notes) == 1
    assert notes[0].startswith("starting anew: ")
    assert why in notes[0]
    assert names(run) == ["a.npy", "b.csv", "y.npy"]


def test_another_model_is_not_continued(run):
    kill_after(1500, run, "predict", "m.gg", "a.npy", "b.csv", "-o", "y.npy")
    other = byte_model(labels=("low", "high", "third"))
    with pytest.raises(files.FileError, match="the interrupted run had another model; leave"):
        files.predict(other, ["a.npy", "b.csv"], "y.npy", resume=True)
    assert files.predict(other, ["a.npy", "b.csv"], "y.npy").resumed == 0
    assert np.array_equal(np.load("y.npy"), other.predict(byte_rows()))


def test_the_same_run_goes_on_by_itself(run):
    kill_after(1500, run, "predict", "m.gg", "a.npy", "b.csv", "-o", "y.npy")
    notes = []
    done = files.predict(byte_model(), ["a.npy", "b.csv"], "y.npy", note=notes.append, threads=3)
    assert done.resumed >= 1500
    assert notes == [f"going on behind the {done.resumed:,} rows of an interrupted run"]


def test_stdin_starts_anew(run, monkeypatch):
    import io

    kill_after(1500, run, "predict", "m.gg", "a.npy", "b.csv", "-o", "y.npy")
    text = (run / "b.csv").read_bytes()
    for options in ({"resume": True}, {}):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
        if options:
            with pytest.raises(files.FileError, match="standard input can't be read from the mid"):
                files.predict(byte_model(), ["a.npy", "-"], "y.npy", **options)
        else:
            assert files.predict(byte_model(), ["a.npy", "-"], "y.npy").n == 3000
    assert np.array_equal(np.load("y.npy"), byte_model().predict(byte_rows()))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    with pytest.raises(KeyboardInterrupt):
        files.predict(byte_model(), "-", "y.npy", progress=stop_at(500, KeyboardInterrupt()))
    assert not files.unfinished("y.npy")


def test_nothing_to_resume(run):
    with pytest.raises(
        files.FileError, match=r"can't resume .*y\.npy: there is no interrupted run"
    ):
        again()
    assert names(run) == ["a.npy", "b.csv"]


def stop_at(rows, error):
    def progress(at):
        if at.rows >= rows:
            raise error

    return progress


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_ctrl_c_and_a_full_disk(run, error):
    with pytest.raises(type(error)):
        again(resume=False, progress=stop_at(1200, error))
    assert files.unfinished("y.npy")
    assert not (run / "y.npy").exists()
    note = json.loads((run / ".y.npy.partial.json").read_text())
    done = again()
    assert done.resumed == note["mark"]["rows"] >= 1200
    assert np.array_equal(np.load("y.npy"), byte_model().predict(byte_rows()))
    assert names(run) == ["a.npy", "b.csv", "y.npy"]


def test_a_defect_and_a_bad_row_leave_nothing(run):
    (run / "y.npy").write_text("old")
    with pytest.raises(ZeroDivisionError):
        again(resume=False, progress=stop_at(1200, ZeroDivisionError()))
    write(run / "b.csv", np.where(np.arange(12) == 3, np.nan, byte_rows().astype(float)))
    with pytest.raises(
        ValueError, match=r"row 1 \(line 2\): column 'c3' holds 'nan'; the model takes"
    ):
        again(resume=False)
    assert names(run) == ["a.npy", "b.csv", "y.npy"]
    assert (run / "y.npy").read_text() == "old"


def test_an_input_that_changes_meanwhile(run):
    def progress(at):
        if at.rows >= 2000:
            os.utime("a.npy", ns=(5, 5))

    with pytest.raises(files.FileError, match="an input was changed while it was read"):
        again(resume=False, progress=progress)
    assert names(run) == ["a.npy", "b.csv"]


def test_one_process_at_a_time(run):
    pytest.importorskip("fcntl", reason="locks files on Unix only")
    with (
        partial.Partial(run / "y.npy", {"a": 1}),
        pytest.raises(files.FileError, match=r"another process is writing .*y\.npy; wait"),
    ):
        again(resume=False)
    again(resume=False)


def test_a_link_keeps_leading_to_the_output(run):
    (run / "other").mkdir()
    (run / "y.npy").symlink_to("other/real.npy")
    again(resume=False)
    assert (run / "y.npy").is_symlink()
    assert np.array_equal(np.load("other/real.npy"), byte_model().predict(byte_rows()))
    assert os.listdir("other") == ["real.npy"]
