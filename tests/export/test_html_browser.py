"""Pages in a browser: what they show for 1,000 images and for a table is what the model says."""

import json
import os
import re
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread

import numpy as np
import pytest

from gategrad import data, export
from gategrad.export.html_page.cells import cells
from tests.export.pages import digits_model, table_model, table_rows, unnamed
from tests.export.test_html import as_json

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
USES = Path(__file__).with_name("browser.html")


def images():
    """1,000 of the test images that come with the library."""
    return data.load("mnist-1bit")[2][:1000].astype(np.uint8)


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """What both pages gave and showed when they were used, and what the browser complained of."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    digits, table = digits_model(), table_model()
    tasks = [
        {
            "page": export.html(digits, examples=images()[:3])["model.html"],
            "rows": images().tolist(),
            "act": "draw",
        },
        {
            "page": export.html(table, examples=table_rows()[:2])["model.html"],
            "rows": as_json(cells(table).of_rows(table_rows())),
            "act": "fill",
        },
    ]
    text = json.dumps(tasks).replace("<", "\\u003c")
    found, complaints = _visit(USES.read_text().replace("@tasks@", text), tmp_path_factory)
    assert found.startswith("["), found
    return *json.loads(found), complaints


def _visit(page, folders):
    """What a page that the browser was shown sends back, and what the browser complained of."""
    found = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode() if self.path == "/" else b"")

        def do_POST(self):
            found.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    home = folders.mktemp("browser")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        command += ["--enable-logging=stderr", f"--user-data-dir={home}", address]
        browser = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"HOME": str(home)},
        )  # fmt: skip
        try:
            return found.get(timeout=60), _complaints(browser)
        finally:
            browser.kill()
            browser.wait()
            server.shutdown()


def _complaints(browser):
    browser.terminate()
    return [line for line in browser.communicate()[1].splitlines() if ":CONSOLE" in line]


def test_a_thousand_images(used) -> None:
    digits, model = used[0], digits_model()
    np.testing.assert_array_equal(np.reshape(digits["sums"], (1000, 4)), model.sums(images()))
    np.testing.assert_array_equal(digits["labels"], model.predict(images()))


def test_rows_of_a_table(used) -> None:
    table, model = used[1], table_model()
    sums = model.sums(table_rows())
    np.testing.assert_array_equal(np.reshape(table["sums"], sums.shape), sums)
    np.testing.assert_array_equal(table["labels"], unnamed(model).predict(table_rows()))


def _said(act):
    """The class and the sums that the page shows."""
    return int(act["decision"]), [int(value.rpartition(" ")[2]) for value in act["values"]]


def test_drawing(used) -> None:
    """By pointer and by keys; an example as it is; and a clear paper: the model says the same."""
    model, acts = digits_model(), used[0]["acts"]
    rows = np.array([act["cells"] for act in acts], np.uint8)
    drawn, further, example, clear = rows
    assert 60 < drawn.sum() < 200
    # The drawing is moved to the middle, and is as large as the images of the training.
    lines = np.flatnonzero(drawn.reshape(28, 28).any(1))
    assert lines[-1] - lines[0] + 1 in (19, 20, 21)
    assert (drawn != further).any()
    np.testing.assert_array_equal(example, images()[0])
    assert not clear.any()
    for act, row in zip(acts, rows, strict=True):
        assert _said(act) == (model.predict(row[None])[0], model.sums(row[None])[0].tolist())


def test_controls_of_a_table(used) -> None:
    model, acts = table_model(), used[1]["acts"]
    shown = [act["cells"] for act in acts]
    first = ["12.5" if v is None else v for v in table_rows()[0]]
    assert shown[0] == [12.5 if first[0] == "12.5" else float(first[0]), *shown[0][1:]]
    assert [row[0] for row in shown[1:5]] == [12, 12.25, 12.25, None]
    assert [row[1] for row in shown[3:5]] == [-1, -1]
    categories = [None, model.encoder.encoders[1].categories[0], None, None]
    for act, row in zip(acts, shown, strict=True):
        cell = [None if v is None else v for v in row]
        known = categories[1]
        cell[1] = None if cell[1] is None else "violet" if cell[1] == -1 else known[cell[1]]
        codes = model.encoder.encoders[1].categories[1]
        cell[3] = None if cell[3] is None else 99.0 if cell[3] == -1 else codes[cell[3]]
        x = np.array([cell], object)
        assert _said(act) == (model.predict(x)[0], model.sums(x)[0].tolist())


def test_gates_tell_what_they_are(used) -> None:
    """Arrow keys go from gate to gate; each says its function, value and operands."""
    for page in used[:2]:
        assert re.match(r"(Gate \d+, level \d+: .* is [01]\.|Input .* is [01]\.)", page["about"])


def test_no_complaints_and_nothing_wider_than_a_phone(used) -> None:
    assert used[2] == []
    assert [page["beyond"] for page in used[:2]] == [0, 0]
