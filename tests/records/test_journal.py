"""Records in a JSON-lines file: round trip, two writers, torn lines, messages."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from gategrad.records import RecordError, append, read
from tests.records.examples import PLAIN, RECORD


def test_records_come_back(tmp_path):
    path = tmp_path / "runs.jsonl"
    made = [RECORD, PLAIN, replace(RECORD, seed=3, resumed=True, seconds=2)]
    for record in made:
        append(path, record)
    assert read(path) == made
    assert [json.loads(line)["version"] for line in path.read_text().splitlines()] == [1, 1, 1]


def test_a_line_without_an_end_is_none_and_goes_with_the_next_one(tmp_path):
    path = tmp_path / "runs.jsonl"
    append(path, RECORD)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:50])
    assert read(path) == [RECORD]
    append(path, PLAIN)
    assert read(path) == [RECORD, PLAIN]
    path.write_bytes(whole[:50])
    append(path, PLAIN)
    assert read(path) == [PLAIN]


def test_two_processes_append_to_one_file(tmp_path):
    pytest.importorskip("fcntl", reason="needs POSIX locks")
    path = tmp_path / "runs.jsonl"
    program = (
        "import sys\nfrom gategrad.records import append\n"
        "from tests.records.examples import RECORD\nfor _ in range(40): append(sys.argv[1], RECORD)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert read(path) == [RECORD] * 80


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{]", "line 2: Expecting property name"),
        ("[1]", "line 2: expected an object, got list"),
        ('{"version": 9}', "line 2: version is 9; this gategrad reads 1"),
        (json.dumps(RECORD.to_json() | {"speed": 1}), "line 2: unknown key 'speed'"),
        (json.dumps(RECORD.to_json() | {"seed": "0"}), "line 2: 'seed' is '0'"),
        (json.dumps(RECORD.to_json() | {"gates": True}), "line 2: 'gates' is True"),
        (json.dumps(RECORD.to_json() | {"resumed": 1}), "line 2: 'resumed' is 1"),
        (json.dumps({"version": 1, "data": "x"}), "line 2: 'preset' is missing"),
    ],
)
def test_messages(tmp_path, line, message):
    path = tmp_path / "runs.jsonl"
    append(path, RECORD)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(RecordError, match=re.escape(f"runs.jsonl, {message}")):
        read(path)


def test_no_number_is_no_record(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        append(tmp_path / "runs.jsonl", replace(RECORD, test_soft=float("nan")))
    assert not (tmp_path / "runs.jsonl").exists()
