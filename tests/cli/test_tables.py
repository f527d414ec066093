"""Tables on the command line: every format, what columns are taken for, labels, categories."""

import gzip
import json
import os
import re
from functools import partial

import numpy as np
import pytest

import gategrad as gg
from gategrad.cli.sources import load_source, model_stem

QUICK = ("--layers", "60x1", "--steps", 3, "--threads", 1)
N = 120


def content(separator=",", *, index=False):
    """A count of rows, a number with decimals, a date, a colour; yes where the colour is red."""
    lines = [["age", "since", "colour", "answer"]]
    for i in range(N):
        colour = ("red", "green", "blue")[i % 3]
        age = f"{i % 40}.5" if separator != ";" else f"{i % 40},5"
        day = f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}"
        lines.append([age, day, colour, "yes" if colour == "red" else "no"])
    if index:
        lines = [[str(i - 1) if i else "", *line] for i, line in enumerate(lines)]
    return "".join(separator.join(line) + "\n" for line in lines)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def study(gategrad, here):
    """A model and its table."""
    (here / "study.csv").write_text(content())
    gategrad("train", "study.csv", "--target", "answer", *QUICK, "--out", "m.gg")
    return here


def test_it_tells_what_columns_are_taken_for(gategrad, here):
    (here / "study.csv").write_text(content(index=True))
    done = gategrad("train", "study.csv", "--target", "answer", *QUICK, "--record", "r.jsonl")
    for line in (
        "columns of study.csv:",
        "  age     numbers, 0.5 to 39.5",
        "  since   dates as numbers of days, 2024-01-01 to 2024-12-28",
        "  colour  3 categories: 'blue', 'green', 'red'",
        "study.csv: column '' counts the rows, as the index of a DataFrame does; it is left out",
    ):
        assert line in done.err.splitlines()
    (record,) = map(json.loads, (here / "r.jsonl").read_text().splitlines())
    assert record["columns"]["colour"] == "3 categories: 'blue', 'green', 'red'"
    assert gg.load("study.gg").encoder.names == ("age", "since", "colour")
    again = gategrad("train", "study.csv", "--target", "answer", *QUICK, "--ignore", "since")
    assert "since" not in again.err
    assert gg.load("study.gg").encoder.names == ("age", "colour")


@pytest.mark.parametrize("name", ["S.CSV", "s.tsv", "s.csv.gz", "s.parquet", "-"])
def test_train_eval_and_predict_take_the_same_files(gategrad, here, name):
    text = content("\t" if name.endswith("tsv") else ",")
    (here / "plain.csv").write_text(content())
    if name == "s.parquet":
        arrow = pytest.importorskip("pyarrow.csv", reason="needs gategrad[tables]")
        from pyarrow import parquet

        parquet.write_table(arrow.read_csv(here / "plain.csv"), here / name)
    elif name != "-":
        data = text.encode()
        (here / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)

    run = partial(gategrad, stdin=text)
    made = run("train", name, "--target", "answer", *QUICK, "--json").json
    out = f"{model_stem(name)}.gg"
    assert gg.load(out).meta["dates"] == '["since"]'
    if name != "-":
        assert run("eval", out, "--json").json["accuracy"] == made["hard_accuracy"]
    found = run("eval", out, "--data", name, "--json").json
    whole = run("eval", out, "--data", "plain.csv", "--json").json
    assert whole["n"] == N
    assert found["n"] in (N, N // 4)
    for data in (name, "plain.csv"):
        run("predict", out, data, "-o", f"{len(data)}.npy")
    assert np.array_equal(np.load(f"{len(name)}.npy"), np.load("9.npy"))


def test_a_model_of_standard_input_needs_data(gategrad, here):
    gategrad("train", "-", "--target", "answer", *QUICK, stdin=content())
    gategrad("eval", "model.gg").fails_with("was trained on standard input; name data by --data")


def test_decimal_commas(gategrad, here):
    (here / "s.csv").write_text(content(";"))
    (here / "t.csv").write_text(content(";").replace(",", ".").replace(";", ","))
    gategrad("train", "s.csv", "--target", "answer", *QUICK, "--out", "m.gg")
    for name in ("s", "t"):
        gategrad("predict", "m.gg", f"{name}.csv", "-o", f"{name}.npy")
    assert np.array_equal(np.load("s.npy"), np.load("t.npy"))
    gategrad("predict", "m.gg", "t.csv", "-o", "t.npy", "--decimal", ",").fails_with(
        "t.csv, row 1 (line 2): column 'age' holds '0.5'"
    )
    (here / "q.csv").write_text("a,answer\n" + '"1,5",yes\n"2,5",no\n' * 40)
    gategrad("train", "q.csv", "--target", "answer").fails_with("for decimal commas add --decimal")
    gategrad("train", "q.csv", "--target", "answer", *QUICK, "--decimal", ",")
    gategrad("predict", "q.gg", "q.csv", "-o", "q.npy")
    gategrad("eval", "q.gg", "--data", "q.csv")


def test_unknown_categories_are_told_and_refused_on_demand(gategrad, study):
    rows = content().splitlines()
    rows[5] = rows[5].replace("red", "mauve").replace("blue", "mauve").replace("green", "mauve")
    rows[9] = rows[9].replace("red", "pink").replace("blue", "pink").replace("green", "pink")
    (study / "new.csv").write_text("\n".join(rows) + "\n")
    told = (
        "colour: 2 of 120 rows hold a category that the model doesn't know, such as 'mauve'; it "
        "counts as none of those that it knows"
    )
    assert told in gategrad("predict", "m.gg", "new.csv", "-o", "y.npy").err
    assert told in gategrad("eval", "m.gg", "--data", "new.csv").err
    assert "doesn't know" not in gategrad("predict", "m.gg", "study.csv", "-o", "y.npy").err
    gategrad("predict", "m.gg", "new.csv", "-o", "z.npy", "--unknown", "error").fails_with(
        "new.csv, row 5 (line 6), column 2 (colour) is 'mauve', which the model doesn't know"
    )
    assert not (study / "z.npy").exists()
    gategrad("eval", "m.gg", "--data", "new.csv", "--unknown", "error").fails_with(
        "colour: 2 of 120 rows hold a category that the model doesn't know"
    )


def test_training_refuses_unknown_categories_of_test_rows_on_demand(gategrad, here):
    rows = content().splitlines()
    # Colours of one row each, of which some are held out to test on.
    rows[1::8] = [row.replace("red", f"c{i}") for i, row in enumerate(rows[1::8])]
    (here / "t.csv").write_text("\n".join(rows) + "\n")
    arguments = ("train", "t.csv", "--target", "answer", *QUICK)
    told = re.compile(r"colour: \d of 30 rows hold a category that the model doesn't know, such as")
    assert told.search(gategrad(*arguments).err)
    refused = gategrad(*arguments, "--out", "u.gg", "--unknown", "error")
    refused.fails_with("correct it, or leave out --unknown error")
    assert told.search(refused.err)
    assert not (here / "u.gg").exists()


def test_categories_in_another_spelling_are_known(gategrad, here):
    text = "code,y\n" + "".join(f"{i % 3},{'yes' if i % 3 else 'no'}\n" for i in range(60))
    (here / "a.csv").write_text(text)
    (here / "b.csv").write_text(text.replace("\n1,", "\n1.0,").replace("\n2,", "\n02,"))
    gategrad("train", "a.csv", "--target", "y", "--category", "code", *QUICK)
    for name in ("a", "b"):
        done = gategrad("predict", "a.gg", f"{name}.csv", "-o", f"{name}.npy")
        assert "doesn't know" not in done.err
    assert np.array_equal(np.load("a.npy"), np.load("b.npy"))
    assert gg.load("a.gg").encoder.input_names() == ["code = 0", "code = 1", "code = 2"]


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        (np.array(["7", "8"]), ("7", "8")),
        (np.array([7, 8]), (7, 8)),
        (np.array([7.0, 8.0]), (7, 8)),
        (np.array(["01", "2"]), ("01", "2")),
    ],
)
def test_labels_come_back_in_the_type_that_came_in(gategrad, here, y, labels):
    x = np.tile([[0, 1], [1, 0]], (30, 1)).astype(bool)
    np.savez("x.npz", x=x, y=np.tile(y, 30))
    gategrad("train", "x.npz", *QUICK)
    model = gg.load("x.gg")
    assert model.labels == labels
    assert model.predict(x).dtype.kind == ("U" if isinstance(labels[0], str) else "i")


@pytest.mark.parametrize("label", ["a\udc80", "a\0b", "a\rb"])
def test_labels_that_do_not_fit_are_refused_before_training(gategrad, here, label):
    np.savez("x.npz", x=np.eye(40, dtype=bool), y=np.array([label, "b"] * 20))
    done = gategrad("train", "x.npz", "--layers", "60x1", "--steps", 10**9)
    done.fails_with("x.npz: y has the label 'a")
    assert not (here / "x.gg").exists()


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_file_whose_name_is_no_text(here):
    name = os.fsdecode(b"b\xff.csv")
    (here / name).write_text(content())
    assert load_source(name, target="answer").name == "b?.csv"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a/b.csv.gz", "b"),
        ("b.TSV", "b"),
        ("-", "model"),
        ("mnist-1bit", "mnist-1bit"),
        ("b.c.npz", "b.c"),
    ],
)
def test_the_model_is_named_for_its_data(name, stem):
    assert model_stem(name) == stem


def test_options_of_tables_are_not_for_sets(gategrad):
    gategrad("train", "mnist-1bit", "--ignore", "a").fails_with("so are --ignore and --decimal")
