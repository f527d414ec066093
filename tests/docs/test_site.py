"""The site's own programs: links between files and pages, links that lead nowhere."""

import subprocess
import sys
from pathlib import Path

LINKS = Path(__file__).parents[2] / "tools" / "site" / "links.py"


def _check(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, str(LINKS), str(folder)]
    return subprocess.run(command, capture_output=True, text=True)


def test_links_that_lead_nowhere_are_named(tmp_path) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="b.html#there">b</a> <a href="#here">up</a>'
        '<a href="https://elsewhere.example/">not asked</a> <img src="c.svg">'
    )
    (tmp_path / "b.html").write_text('<p id="there">')
    (tmp_path / "c.svg").write_text("<svg/>")
    assert _check(tmp_path).returncode == 0
    (tmp_path / "b.html").write_text('<a href="gone.html">')
    done = _check(tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["a.html links b.html#there", "b.html links gone.html"]
