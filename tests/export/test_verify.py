"""Verification proves what is equal, and finds every fault that is put into a file."""

import re

import numpy as np
import pytest

import gategrad as gg
from gategrad import export
from gategrad.encoding import Binned, Thermometer
from gategrad.export import tools
from gategrad.export.verify import verify
from tests.export.models import KINDS, all_rows, odd_models, random_model
from tests.export.test_verilog import simulate

pytest.importorskip("pyosys", reason="needs gategrad[hdl]")


def _exports(model):
    kinds = ["gates", "sums"] + ["label"] * (model.readout.kind != "regression")
    for outputs in kinds:
        yield export.blif(model, outputs=outputs, name=f"{outputs}_b")
        yield export.aiger(model, outputs=outputs, name=f"{outputs}_g")
    yield export.aiger(model, outputs="sums", name="text", ascii=True)
    yield export.verilog(model, name="flat")
    yield export.verilog(model, name="piped", stages=3, lut6=True)


def _verified(model, artifact, folder, **options):
    (path,) = (p for p in artifact.write(folder) if p.suffix in (".blif", ".aig", ".aag", ".v"))
    return verify(model, path, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_proven(tmp_path, kind) -> None:
    model = random_model(kind, width=4, gates=40, n_inputs=8)
    for artifact in _exports(model):
        verdict = _verified(model, artifact, tmp_path)
        assert verdict.proven, verdict
        assert not verdict.failed
        # What registers do in time is run as well.
        assert bool(verdict.tested) == ("piped.v" in artifact.files)


@pytest.mark.parametrize("name", odd_models())
def test_odd_circuits(tmp_path, name) -> None:
    model = odd_models()[name]
    for artifact in (
        export.aiger(model, outputs="label"),
        export.verilog(model, stages=2),
        export.verilog(model, stages=2, lut6=True),
    ):
        assert _verified(model, artifact, tmp_path).equal


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        (lambda x: Thermometer.quantile(x, 4), {"stages": 2}),
        (lambda x: Binned.quantile(x, 4), {}),
        (lambda x: Thermometer.fixed([-np.inf, -100, 0.3, np.inf], 4), {}),
    ],
)
def test_encoders_in_fixed_point(tmp_path, encoder, options) -> None:
    x = np.random.default_rng(0).normal(size=(100, 4))
    model = random_model(encoder=encoder(x))
    made = export.verilog(model, value_bits=7, fraction_bits=4, signed=True, **options)
    assert _verified(model, made, tmp_path).equal


def test_c_is_proven_for_few_inputs_and_tested_for_many(tmp_path) -> None:
    few = random_model(n_inputs=10)
    export.c(few).write(tmp_path)
    assert verify(few, tmp_path / "model.c").proven == (
        "sums and labels of model.c: equal for all 1,024 rows",
    )
    many = random_model(
        encoder=Thermometer.quantile(np.random.default_rng(0).normal(size=(99, 5)), 6)
    )
    export.c(many).write(tmp_path)
    rows = np.random.default_rng(1).normal(size=(500, 5)).astype(np.float32)
    verdict = verify(many, tmp_path / "model.c", rows=rows, n_random=20_000)
    assert verdict.tested == ("sums and labels of model.c: equal for 20,500 rows",)


def test_small_cones_of_c_are_tried_whole(tmp_path) -> None:
    """One pattern of eight among 40 inputs: random rows would hardly meet it."""
    ones = gg.Circuit(40, [[5, 9, 12, 17, 20, 31], [42, 30, 33, 0, 0, 0]], [1 << 63, 1 << 7], [43])
    model = gg.Model(ones, gg.Readout.group_sum(1, 1))
    never = gg.Circuit(40, [[5, 9, 12, 17, 20, 31], [42, 30, 33, 0, 0, 0]], [1 << 63, 0], [43])
    export.c(gg.Model(never, model.readout)).write(tmp_path)
    assert (
        "sums of model.c: [0] instead of [1]"
        in verify(model, tmp_path / "model.c", n_random=1).failed[0]
    )
    export.c(model).write(tmp_path)
    assert verify(model, tmp_path / "model.c", n_random=1).tested == (
        "sums and labels of model.c: equal for 257 rows",
    )


def _changed_models(model):
    """The model with one thing of it changed: what a faulty exporter would have written."""
    rng = np.random.default_rng(0)
    circuit, readout = model.circuit, model.readout
    for gate in rng.permutation(circuit.n_gates)[:4]:
        table = circuit.table.copy()
        table[gate] ^= np.uint64(1)
        yield gg.Circuit(circuit.n_inputs, circuit.fanin, table, circuit.outputs), readout
    for gate in rng.permutation(circuit.n_gates)[:3]:
        fanin = circuit.fanin.copy()
        fanin[gate, 0] = 2 + (fanin[gate, 0] - 1) % circuit.n_inputs
        yield gg.Circuit(circuit.n_inputs, fanin, circuit.table, circuit.outputs), readout
    for change in ("weight", "bias"):
        for i in range(2):
            fields = {
                name: getattr(readout, name).copy()
                for name in ("indptr", "index", "weight", "bias", "scale", "offset")
            }
            fields[change][i % len(fields[change])] += 1
            yield circuit, gg.Readout(readout.kind, **fields)
    outputs = np.roll(circuit.outputs, 1)
    yield gg.Circuit(circuit.n_inputs, circuit.fanin, circuit.table, outputs), readout


def _same(first, second) -> bool:
    x = all_rows(first.circuit.n_inputs)
    return np.array_equal(first.sums(x), second.sums(x))


@pytest.mark.parametrize("form", ["sums.blif", "sums.aig", "verilog", "pipeline", "c"])
def test_every_change_of_a_model_is_caught(tmp_path, form) -> None:
    model = random_model(n_inputs=6, gates=25)
    caught = 0
    for circuit, readout in _changed_models(model):
        wrong = gg.Model(circuit, readout)
        made = {
            "sums.blif": lambda m: export.blif(m, outputs="sums"),
            "sums.aig": lambda m: export.aiger(m, outputs="sums"),
            "verilog": export.verilog,
            "pipeline": lambda m: export.verilog(m, stages=2),
            "c": export.c,
        }[form](wrong)
        path = next(p for p in made.write(tmp_path) if p.suffix in (".c", ".v", ".blif", ".aig"))
        assert verify(model, path).equal == _same(model, wrong)
        caught += not _same(model, wrong)
    assert caught >= 5


def _line_mutants(text, pattern, change):
    """The text with one matching line changed, for each such line."""
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if re.search(pattern, line):
            changed = change(line)
            if changed is not None:
                yield "\n".join([*lines[:i], *changed, *lines[i + 1 :]])


VERILOG_FAULTS = {
    "a register is lost": (r"_d2 <= \w+_d1;", lambda s: [re.sub(r"_d1;", ";", s)]),
    "a value of another row": (
        r"^wire n\d+ = .*_d1",
        lambda s: [s.replace("_d1", "", 1)],
    ),
    "an operator": (r"^wire n\d+ = \w+ \^ \w+;", lambda s: [s.replace("^", "&")]),
    "a complement": (r"^wire n\d+ = \w+ & \w+;", lambda s: [s.replace("= ", "= ~")]),
}


@pytest.mark.parametrize("fault", VERILOG_FAULTS)
def test_faults_in_verilog_are_caught(tmp_path, fault) -> None:
    """What simulation of every row says of a mutant is what the proof says."""
    model = random_model(n_inputs=8, gates=40).optimize()
    made = export.verilog(model, stages=3, vectors=all_rows(8))
    caught = 0
    for mutant in list(_line_mutants(made["model.v"], *VERILOG_FAULTS[fault]))[:5]:
        passed = simulate(tmp_path, export.Artifact({**made.files, "model.v": mutant}))
        equal = verify(model, tmp_path / "model.v").equal
        # A fault behind which nothing differs in a row may still make a pipeline uneven.
        assert passed == "PASS: 256 rows" or not equal
        caught += not equal
    assert caught


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" or negedge rst_n)\n  if (!rst_n) valid <= 3'd0;\n  else", ")\n "),
        ("valid <= 3'd0", "valid <= 3'd2"),
    ],
    ids=["no reset", "a row out of a reset"],
)
def test_faults_in_time_are_caught_by_simulation(tmp_path, before, after) -> None:
    """With `rst_n` high these are the same function."""
    model = random_model(n_inputs=8, gates=40)
    text = export.verilog(model, stages=3)["model.v"]
    assert before in text
    (tmp_path / "model.v").write_text(text.replace(before, after))
    verdict = verify(model, tmp_path / "model.v")
    assert len(verdict.proven) == 2
    assert re.fullmatch(r"out_valid is wrong in cycle \d+ after a start", verdict.failed[0])


def test_a_result_that_is_kept_in_gaps_is_no_pipeline(tmp_path) -> None:
    model = random_model(n_inputs=8, gates=40)
    text = export.verilog(model, stages=2)["model.v"]
    kept = re.sub(
        r"always @\(posedge clk\) begin", r"always @(posedge clk) if (in_valid) begin", text
    )
    assert kept != text
    (tmp_path / "model.v").write_text(kept)
    assert verify(model, tmp_path / "model.v").failed == (
        "model.v is no pipeline of 2: a register depends on itself",
    )


def test_given_rows_go_through_the_pipeline(tmp_path) -> None:
    model = random_model(encoder=Thermometer.fixed([10, 99.5], 5))
    (path,) = (p for p in export.verilog(model, stages=2).write(tmp_path) if p.suffix == ".v")
    rows = np.full((3, 5), 99, np.uint8)
    assert re.fullmatch(
        r"\d[\d,]+ rows in 256 streams of 28 cycles, with gaps in in_valid and a reset",
        verify(model, path, rows=rows).tested[0],
    )
    with pytest.raises(export.ExportError, match=r"rows\[0, 0\] is 99.5, which in_data can't hold"):
        verify(model, path, rows=np.full((1, 5), 99.5))


def test_thresholds_are_part_of_the_proof(tmp_path) -> None:
    encoder = Thermometer.fixed([10, 99.5], 5)
    model = random_model(encoder=encoder)
    other = gg.Model(model.circuit, model.readout, Thermometer.fixed([10, 100], 5))
    assert not _verified(model, export.verilog(other), tmp_path).equal
    same = gg.Model(model.circuit, model.readout, Thermometer.fixed([10.5, 99], 5))
    assert _verified(model, export.verilog(same), tmp_path).equal


@pytest.mark.parametrize("form", ["blif", "aig", "aag", "v", "c", "h"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_fails(tmp_path, form, share) -> None:
    model = random_model(n_inputs=8, gates=40)
    for made in (
        export.blif(model), export.aiger(model), export.aiger(model, ascii=True),
        export.verilog(model), export.c(model),
    ):  # fmt: skip
        made.write(tmp_path)
    path = tmp_path / f"model.{form}"
    content = path.read_bytes().rstrip()
    path.write_bytes(content[: int(len(content) * share)])
    checked = path.with_suffix(".c") if form == "h" else path
    # What stands behind the symbols of an AIGER file is a comment.
    harmless = form in ("aig", "aag") and b"\nc\n" in path.read_bytes()
    assert verify(model, checked).equal == harmless


def test_c_that_declares_no_labels_fails(tmp_path) -> None:
    model = random_model()
    main = tmp_path / "model.c"
    export.c(model).write(tmp_path)
    header = tmp_path / "model.h"
    header.write_text(header.read_text().replace(" model_predict(", " model_predicts("))
    assert verify(model, main).failed == ("model.h declares no model_predict, so no labels",)


def test_other_ports_fail(tmp_path) -> None:
    model = random_model(n_inputs=8)
    path = tmp_path / "model.blif"
    text = export.blif(model)["model.blif"]
    path.write_text(text.replace("in_3", "in_x"))
    assert verify(model, path).failed == ("inputs of model.blif are not in_0 to in_7",)
    path.write_text(text.replace("out_3", "out_x"))
    assert verify(model, path).failed == (
        "outputs of model.blif are not the model's gates, sums or label",
    )


def test_a_missing_tool_is_one_sentence(monkeypatch) -> None:
    monkeypatch.setenv("GATEGRAD_ABC", "/nowhere/abc")
    with pytest.raises(export.ExportError, match="GATEGRAD_ABC is '/nowhere/abc', which is no"):
        tools.find_tool("abc")
    monkeypatch.delenv("GATEGRAD_ABC")
    monkeypatch.setattr(tools, "find_spec", lambda name: None)
    monkeypatch.setattr(tools.shutil, "which", lambda name, path=None: None)
    with pytest.raises(tools.ToolError, match=r"abc is needed and not there: pip install gategrad"):
        tools.find_tool("abc")
    with pytest.raises(tools.ToolError, match="yosys is needed and not there"):
        tools.find_yosys()


def test_a_proof_without_its_tool_fails(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GATEGRAD_ABC", "/nowhere/abc")
    model = random_model()
    assert not _verified(model, export.aiger(model), tmp_path).equal


def test_a_proof_that_takes_too_long_fails(tmp_path) -> None:
    # Multiplication in disguise: what random gates of six inputs compute is hard to compare.
    verdict = _verified(random_model(), export.blif(random_model()), tmp_path, seconds=-29.999)
    assert not verdict.equal
    assert "took longer" in verdict.failed[0]


def test_no_such_file(tmp_path) -> None:
    with pytest.raises(export.ExportError, match="is no file; export the model there first"):
        verify(random_model(), tmp_path / "model.v")
    with pytest.raises(export.ExportError, match=r"is none of \.c, \.v, \.blif, \.aig, \.aag"):
        verify(random_model(), tmp_path / "model.txt")
