"""`gategrad export` and `gategrad verify`."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from gategrad.cli.app import app
from gategrad.encoding import Thermometer
from tests.export.models import all_rows, random_model


@pytest.fixture
def model_path(tmp_path):
    path = tmp_path / "net-1.gg"
    random_model(n_inputs=10, gates=40).save(path)
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_c_beside_out_and_verified(model_path, tmp_path) -> None:
    out = tmp_path / "small.c"
    done = run("export", model_path, "--to", "c", "-o", out, "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["files"] == [str(tmp_path / "small.h"), str(out)]
    assert not (tmp_path / "Makefile").exists()
    checked = run("verify", model_path, out, "--json")
    assert checked.exit_code == 0
    assert json.loads(checked.stdout)["proven"] == [
        "sums and labels of small.c: equal for all 1,024 rows"
    ]


def test_a_folder_takes_all_that_belongs(model_path, tmp_path) -> None:
    done = run("export", model_path, "--to", "c", "-o", tmp_path / "made", "--word", "uint32")
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in (tmp_path / "made").iterdir()) == [
        "CMakeLists.txt", "Makefile", "main.c", "net_1.c", "net_1.h",
    ]  # fmt: skip


def test_verilog_with_a_bench(model_path, tmp_path) -> None:
    np.save(tmp_path / "rows.npy", all_rows(10))
    done = run(
        "export", model_path, "--to", "verilog", "-o", tmp_path / "net.v",
        "--stages", 2, "--lut6", "--vectors", tmp_path / "rows.npy",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (tmp_path / "net_tb.v").exists()
    assert len((tmp_path / "net_vectors.hex").read_text().splitlines()) == 1024


def test_verify_fails_for_another_model(model_path, tmp_path) -> None:
    pytest.importorskip("pyosys", reason="needs gategrad[hdl]")
    other = tmp_path / "other.gg"
    random_model(n_inputs=10, gates=40, seed=1).save(other)
    out = tmp_path / "net.aig"
    run("export", model_path, "--to", "aiger", "--outputs", "label", "-o", out)
    assert run("verify", model_path, out).exit_code == 0
    checked = run("verify", other, out)
    assert checked.exit_code == 1
    assert "failed: label of net.aig: differs from the model" in checked.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "c", "-o", "x.v"), "x.v should end with .c, or be a folder, for --to c"),
        (("--to", "c", "-o", "x.c", "--title", "x"), "--title is an option of --to html, and mean"),
        (("--to", "blif", "-o", "x.blif", "--stages", "2"), "--stages is an option of --to veril"),
        (("--to", "c", "-o", "x.c", "--rows", "int7"), "unknown rows 'int7'; known: uint8"),
        (("--to", "c", "-o", "x.c", "--name", "2"), "name is '2'; expected a letter"),
    ],
)
def test_messages(model_path, arguments, message, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("export", model_path, *arguments)
    assert done.exit_code == 1
    assert message in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net-1.gg"]


def test_a_page_with_examples(trained, tmp_path) -> None:
    """Of a table, with rows of its file; see `tests/export/test_html.py` for what is in it."""
    model, data, _ = trained
    out = tmp_path / "monk.html"
    done = run("export", model, "--to", "html", "-o", out, "--examples", data, "--title", "Monks")
    assert done.exit_code == 0, done.output
    page = out.read_text()
    assert "<h1>Monks</h1>" in page
    assert '"name":"jacket"' in page
    held = json.loads(page.split('id="model">')[1].split("</script>")[0])
    assert len(held["examples"]) == 30
    refused = run("export", model, "--to", "html", "-o", out, "--image-shape", "28")
    assert "expected such as 28x28 or 3x32x32, or none" in refused.stderr


def test_no_rows(model_path, tmp_path) -> None:
    (tmp_path / "rows.npy").write_text("no")
    done = run(
        "export", model_path, "--to", "verilog", "-o", tmp_path / "x.v",
        "--vectors", tmp_path / "rows.npy",
    )  # fmt: skip
    assert done.exit_code == 1
    assert "rows.npy is no .npy file of rows" in done.stderr


def test_an_encoder_needs_no_options(tmp_path) -> None:
    x = np.random.default_rng(0).normal(size=(90, 4))
    random_model(encoder=Thermometer.quantile(x, 4)).save(tmp_path / "t.gg")
    np.save(tmp_path / "rows.npy", x.astype(np.float32))
    assert run("export", tmp_path / "t.gg", "--to", "c", "-o", tmp_path / "t.c").exit_code == 0
    checked = run(
        "verify", tmp_path / "t.gg", tmp_path / "t.c", "--rows", tmp_path / "rows.npy",
        "--random", 1000,
    )  # fmt: skip
    assert checked.exit_code == 0
    assert "tested: sums and labels of t.c: equal for 1,090 rows" in checked.stdout
