"""`gategrad train`."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

import gategrad as gg
from gategrad.cli import train
from gategrad.cli.sources import load_source
from gategrad.encoding import Thermometer
from gategrad.records import read
from gategrad.train import Recipe
from gategrad.train.recipes import recipe_network
from tests import fresh

QUICK = ("--layers", "60x2", "--steps", 3, "--threads", 1)
KEYS = {"hard_accuracy", "soft_accuracy", "neurons", "gates", "seconds", "steps"} | {
    *("constant_accuracy", "recall", "precision", "f1", "rows", "seen_in_training")
}


def network(recipe, source):
    """The recipe's network on two levels a pixel."""
    encoder = Thermometer.fixed([60, 120], 36)
    shape = source.image_shape
    return recipe_network(recipe, source.x_train, classes=2, image_shape=shape, encoder=encoder)


def test_json_has_exactly_the_keys(trained):
    figures = trained[2]
    assert set(figures) == KEYS
    assert figures["hard_accuracy"] > 0.7
    assert 0 < figures["soft_accuracy"] <= 1
    assert (figures["neurons"], figures["steps"]) == (400, 200)
    assert figures["seconds"] > 0


def test_the_optimized_model_is_saved_with_what_eval_needs(trained):
    model = gg.load(trained[0])
    assert model.optimize() == model
    assert model.labels == ("no", "yes")
    assert model.meta["data"] == "monk.csv"
    assert model.meta["target"] == "answer"
    assert model.encoder.names == ("head", "body", "smile", "jacket", "tie")


def test_the_same_seed_gives_the_same_file(gategrad, monk_csv, tmp_path):
    files = []
    for i, seed in enumerate((1, 1, 2)):
        out = tmp_path / f"{i}.gg"
        gategrad("train", monk_csv, "--target", "answer", *QUICK, "--seed", seed, "-o", out)
        files.append(out.read_bytes())
    assert files[0] == files[1]
    assert gg.load("0.gg").circuit != gg.load("2.gg").circuit


def test_it_reports_to_people(gategrad, monk_csv):
    done = gategrad("train", "monk.csv", "--target", "answer", *QUICK)
    assert "hard, measured on the circuit" in done.out
    assert "54 rows: a quarter of monk.csv, held out of training" in done.out
    assert "step 3 of 3" in done.err
    assert gg.load("monk.gg").neurons == 120


def test_gates_temperatures_and_freezing_come_from_the_command_line(gategrad, monk_csv):
    options = ("--gates", "nand,xor", "--temperature", 2, "--anneal", "1:0.5", "--freeze", "0:0.5")
    gategrad("train", monk_csv, "--target", "answer", *QUICK, *options, "-o", "t.gg")
    assert gg.load("t.gg").neurons == 120
    gategrad("train", monk_csv, "--target", "answer", *QUICK, "--gates", "two-input", "-o", "t.gg")


def test_numbers_become_categories_on_demand(gategrad, monk_csv):
    options = ("--category", "head", "--category", "body", "--thermometer", 2)
    gategrad("train", monk_csv, "--target", "answer", *QUICK, *options, "--out", "c.gg")
    names = gg.load("c.gg").encoder.input_names()
    assert {"head = 1", "head = 3", "body = 2", "tie > 2", "jacket = red"} <= set(names)
    assert gategrad("eval", "c.gg", "--json").json["n"] == 54
    gategrad("predict", "c.gg", monk_csv, "-o", "c.npy")
    assert np.load("c.npy").shape == (216,)


def test_bytes_get_even_levels(gategrad, images):
    gategrad("train", images, *QUICK, "--out", "x.gg")
    model = gg.load("x.gg")
    assert model.encoder.levels[:, 0].tolist() == [63.75, 127.5, 191.25]
    assert model.meta["dtype"] == "uint8"
    gategrad("train", images, *QUICK, "--thermometer", 1, "--out", "x.gg")
    assert gg.load("x.gg").encoder.levels[:, 0].tolist() == [127.5]


def test_quantile_levels_on_demand(gategrad, images):
    options = ("--thermometer", 2, "--spacing", "quantile")
    gategrad("train", images, *QUICK, *options, "--out", "x.gg")
    levels = gg.load("x.gg").encoder.levels
    assert len(np.unique(levels)) > 10


def test_images_with_warped_copies(gategrad, images):
    options = ("--image-shape", "6x6", "--augment", 1, "--layers", "60x2", "--threads", 1)
    done = gategrad("train", images, *options, "--steps", 150, "--out", "x.gg", "--json")
    assert done.json["hard_accuracy"] > 0.75


@pytest.mark.parametrize(
    ("connections", "is_local"), [(None, True), ("local", True), ("random", False)]
)
def test_images_get_local_wiring_unless_told_otherwise(images, connections, is_local):
    source = replace(load_source(str(images)), image_shape=(1, 6, 6))
    recipe = Recipe(layers="60x2", connections=connections, estimator="soft")
    net = network(recipe, source)
    rows, columns = np.divmod(net[0].indices.numpy() % 36, 6)
    # Both pins are within two pixels of one centre.
    spread = max(np.abs(np.diff(rows, axis=0)).max(), np.abs(np.diff(columns, axis=0)).max())
    assert (spread <= 4) == is_local
    assert net[0].in_dim == 72
    assert set((net[0].indices // 36).flatten().tolist()) == {0, 1}


@pytest.mark.parametrize("connections", ["structured", "learned"])
def test_wirings_of_images_read_the_encoders_layout(images, connections):
    source = replace(load_source(str(images)), image_shape=(1, 6, 6))
    options = {"candidates": 5, "wire_estimator": "soft"} if connections == "learned" else {}
    recipe = Recipe(layers="90x2", connections=connections, estimator="soft").but(**options)
    first, second, _ = network(recipe, source)
    if connections == "structured":
        assert (first.wires()[0] % 36 != first.wires()[1] % 36).all()
        assert second.wiring is None
    else:
        assert first.wiring.candidates.shape == second.wiring.candidates.shape == (2, 90, 5)
        assert {layer.wiring.estimator for layer in (first, second)} == {"soft"}
        rows = first.wiring.candidates % 36 // 6
        assert (rows.amax((0, 2)) - rows.amin((0, 2))).max() <= 6


def test_learned_wiring(gategrad, monk_csv):
    options = ("--connections", "learned", "--candidates", "all", "--wiring-lr", 0.1)
    done = gategrad("train", monk_csv, "--target", "answer", *QUICK, *options, "--json")
    assert set(done.json) == KEYS


def test_gates_with_more_inputs(gategrad, monk_csv, tmp_path):
    out = tmp_path / "k.gg"
    options = (*QUICK, "--target", "answer", "--out", out, "--inputs", 5)
    done = gategrad("train", monk_csv, *options, "--parametrization", "light", "--json")
    assert set(done.json) == KEYS
    assert 2 < gg.load(out).circuit.width <= 5
    text = "inputs=5 applies to parametrizations of table entries (light"
    gategrad("train", monk_csv, *options).fails_with(text)


def test_bits_need_no_encoder(gategrad, tmp_path):
    x = np.array([[i >> j & 1 for j in range(6)] for i in range(64)])
    np.savez(tmp_path / "bits.npz", x=x, y=x[:, 0] ^ x[:, 1])
    found = gategrad("train", "bits.npz", *QUICK[:2], "--steps", 60, "--threads", 1, "--json").json
    model = gg.load("bits.gg")
    assert model.encoder is None
    assert model.labels == (0, 1)
    assert gategrad("eval", "bits.gg", "--json").json["accuracy"] == found["hard_accuracy"]


@pytest.mark.parametrize(
    "options",
    [
        ("--parametrization", "light", "--init", "residual"),
        ("--estimator", "soft", "--connections", "unique", "--tau", 2.5),
        ("--lr", 0.1, "--batch-size", 7, "--validation", 0.3),
        ("--validation", 0, "--patience", 2),
        ("--validation", 20),
    ],
)
def test_options_of_networks_and_training(gategrad, monk_csv, options):
    done = gategrad("train", monk_csv, "--target", "answer", *QUICK, *options, "--json")
    assert set(done.json) == KEYS


@pytest.mark.parametrize(
    ("asked", "n_rows", "given"),
    [
        (None, 60_000, 5000),
        (None, 500, 50),
        (None, 124, None),
        (None, 9, None),
        (0, 100, None),
        (0.2, 100, 0.2),
        (30, 100, 30),
    ],
)
def test_rows_to_choose_on(asked, n_rows, given):
    assert train.rows_to_choose_on(asked, n_rows) == given


def test_tau_and_layers_arrive(gategrad, monk_csv):
    options = ("--layers", "50,30x2", "--tau", 4, "--steps", 1, "--threads", 1)
    gategrad("train", monk_csv, "--target", "answer", *options)
    model = gg.load("monk.gg")
    assert model.neurons == 110
    assert np.allclose(model.readout.scale, 0.25)


def test_default_layers_suit_the_number_of_classes(gategrad, tmp_path):
    np.savez(tmp_path / "three.npz", x=np.eye(12), y=np.arange(12) % 3)
    gategrad("train", "three.npz", "--steps", 1, "--threads", 1)
    assert gg.load("three.gg").meta["layers"] == "2000,2001"


def test_epochs_count_passes(gategrad, monk_csv):
    options = ("--layers", "60x2", "--epochs", 2, "--batch-size", 73, "--threads", 1)
    done = gategrad("train", monk_csv, "--target", "answer", *options, "--json")
    # Of 162 rows none is held back to choose on: two batches a pass.
    assert done.json["steps"] == 4


def test_resuming_gives_the_same_model(gategrad, monk_csv, tmp_path):
    options = (monk_csv, "--target", "answer", *QUICK)
    gategrad("train", *options, "--out", "straight.gg")
    gategrad("train", *options, "--checkpoint", "c.pt", "--out", "first.gg")
    assert (tmp_path / "c.pt").exists()
    done = gategrad("train", *options, "--checkpoint", "c.pt", "--resume", "--out", "again.gg")
    assert done.code == 0, done.err
    assert (tmp_path / "again.gg").read_bytes() == (tmp_path / "straight.gg").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_saves_the_best_network_so_far(monk_csv, tmp_path):
    options = ["--target", "answer", "--layers", "60x2", "--steps", "1000000", "--threads", "1"]
    arguments = ["train", "monk.csv", *options, "--patience", "99"]
    program = "from gategrad.cli import main; main()"
    with fresh.start(program, *arguments, cwd=tmp_path) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "step 0 of" in line:
                process.send_signal(signal.SIGINT)
        out = process.stdout.read()
    text = "".join(lines)
    assert process.returncode == 1, text
    assert "Traceback" not in text
    assert "error: interrupted after " in text
    assert "the best network so far is in monk.gg" in text
    assert "live gates" in out
    assert gg.load(tmp_path / "monk.gg").neurons == 120


def test_nothing_is_trained_where_nothing_can_be_saved(gategrad, monk_csv, monkeypatch):
    monkeypatch.setattr("gategrad.cli.train.load_source", pytest.fail)
    options = (monk_csv, "--target", "answer")
    gategrad("train", *options, "--out", "no/x.gg").fails_with("can't write no/x.gg: ")
    gategrad("train", *options, "--out", ".").fails_with("can't write .: it is a folder")
    gategrad("train", *options, "--checkpoint", "no/c").fails_with("can't write no/c: ")


def test_messages_about_data(gategrad, monk_csv, tmp_path):
    gategrad("train", "nope").fails_with("unknown data set 'nope'; known: mnist-1bit, mnist,")
    gategrad("train", "nope").fails_with("a file of your own ends in .npz or .csv")
    gategrad("train", "nope.csv").fails_with("nope.csv is not a file")
    gategrad("train", monk_csv).fails_with(
        "the columns are: head, body, smile, jacket, tie, answer"
    )
    gategrad("train", monk_csv, "--target", "mood").fails_with("has no column 'mood'")
    gategrad("train", "mnist-1bit", "--target", "x").fails_with("are for .csv files, not for")
    text = monk_csv.read_text().replace(",0.5,", ",nan,", 1)
    monk_csv.write_text(text)
    gategrad("train", monk_csv, "--target", "answer").fails_with("column 'tie' holds 'nan'")
    np.savez(tmp_path / "nan.npz", x=np.full((4, 2), np.nan), y=[0, 1, 0, 1])
    gategrad("train", "nan.npz").fails_with("x is NaN in row 0, column 0")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "nan.npz").read_bytes()[:-50])
    gategrad("train", "cut.npz").fails_with("cut.npz is not a complete .npz file")


def test_messages_about_options(gategrad, monk_csv, images):
    options = (monk_csv, "--target", "answer")

    def fails(text, *more, data=options):
        gategrad("train", *data, *more).fails_with(text)

    fails("the last layer has 61 gates, which 2 classes can't share", "--layers", "61")
    fails("expected widths such as '8000x3'", "--layers", "many")
    fails("raw", "--parametrization", "cooked")
    fails("residual", "--init", "cold")
    fails("straight-through", "--estimator", "oracle")
    fails("unknown gate 'nandd'; known: false", "--gates", "nandd,or")
    fails("not to 'light'", "--parametrization", "light", "--temperature", 0.5)
    fails("--anneal is 'cold'; expected such as 1:0.1, or none", "--anneal", "cold")
    fails("expected two shares of the steps", "--freeze", "0.9:0.1")
    fails("unique", "--connections", "tangled")
    fails("--connections local is for images", "--connections", "local")
    fails("--connections structured is for images", "--connections", "structured")
    fails("--candidates is 'few'; expected a number", "--candidates", "few")
    fails('candidates applies only to connections="learned"', "--candidates", 4)
    fails("unknown wire_estimator 'hard'", "--connections", "learned", "--wire-estimator", "hard")
    fails("--wiring-lr is for --connections learned", "--wiring-lr", 0.1)
    fails("--augment warps images", "--augment", 1)
    fails("--spacing is 'wide'; known: uniform, quantile", "--spacing", "wide")
    fails("--image-shape is '6'; expected such as 28x28", "--image-shape", "6", data=(images,))
    fails("but the rows have 36 numbers", "--image-shape", "5x6", data=(images,))
    fails("--resume needs --checkpoint FILE", "--resume")
    fails("--validation is 2.5", "--validation", 2.5)
    fails("tau must be", "--tau", 0)
    fails("lr", "--lr", -1)


def test_levels_are_refused_where_rows_are_bits(gategrad, tmp_path):
    np.savez(tmp_path / "bits.npz", x=np.eye(8), y=np.arange(8) % 2)
    gategrad("train", "bits.npz", "--thermometer", 2).fails_with("the rows are bits already")


@pytest.mark.parametrize(
    ("names", "labels"),
    [(["7", "-3"], ("-3", "7")), (["007", "042"], ("007", "042")), (["1", "x"], ("1", "x"))],
)
def test_names_stay_text_where_they_look_like_integers(gategrad, tmp_path, names, labels):
    np.savez(tmp_path / "names.npz", x=np.eye(8), y=np.array(names * 4))
    gategrad("train", "names.npz", *QUICK)
    assert gg.load("names.gg").labels == labels


def test_a_gate_penalty_leaves_a_smaller_circuit(gategrad, monk_csv):
    options = ("--target", "answer", "--layers", "60x2", "--steps", 100, "--threads", 1, "--json")
    free, small = (
        gategrad("train", monk_csv, *options, "--gate-penalty", penalty).json["gates"]
        for penalty in (0, 2)
    )
    assert small < free / 2


def test_duplicates_across_the_split_are_told(gategrad, monk_csv):
    lines = monk_csv.read_text().splitlines()
    monk_csv.write_text("\n".join([*lines, *lines[1:]]) + "\n")
    done = gategrad("train", monk_csv, "--target", "answer", *QUICK, "--json")
    share = done.json["seen_in_training"]
    assert 0.5 < share < 1
    n = round(share * 108)
    text = f"of the rows to test on, {n} of 108 were seen in training: equal in all columns"
    assert text in done.err


def test_parts_without_rows_of_a_class(gategrad, tmp_path):
    y = np.array(["a"] * 20 + ["b"] * 19 + ["rare"])
    np.savez(tmp_path / "rare.npz", x=np.arange(40)[:, None] >> np.arange(6) & 1, y=y)
    done = gategrad("train", "rare.npz", "--layers", "60x2", "--steps", 1, "--threads", 1)
    assert "no row to test on is of class 'rare'" in done.err
    np.savez(
        tmp_path / "none.npz", x_train=np.eye(8), y_train=np.arange(8) % 2,
        x_test=np.zeros((0, 8)), y_test=np.zeros(0, int),
    )  # fmt: skip
    gategrad("train", "none.npz", *QUICK).fails_with("none.npz leaves no rows to test on; give it")


def test_where_the_model_can_not_be_saved_it_is_kept_elsewhere(
    gategrad, monk_csv, tmp_path, monkeypatch
):
    """As where the disk is full at the end of a training."""
    real = gg.Model.save

    def full(model, path):
        if str(path) == "full.gg":
            raise gg.ModelFileError("can't save 'full.gg': No space left on device")
        real(model, path)

    monkeypatch.setattr(gg.Model, "save", full)
    monkeypatch.setenv("HOME", str(tmp_path))
    done = gategrad("train", monk_csv, "--target", "answer", *QUICK, "-o", "full.gg")
    done.fails_with("can't save 'full.gg': No space left on device; the trained model is in ")
    (kept,) = tmp_path.glob("full-*.gg")
    assert f"{kept} instead" in done.err
    assert gg.load(kept).neurons == 120


def test_no_more_threads_than_the_process_may_use(gategrad, monk_csv, monkeypatch):
    """As in a container whose quota is one core of many."""
    monkeypatch.setattr("gategrad.cli.fitting.usable_cores", lambda: 1)
    options = ("--target", "answer", "--layers", "60x2", "--steps", 2, "--record", "r.jsonl")
    assert gategrad("train", monk_csv, *options).code == 0
    assert read("r.jsonl")[0].threads == 1


def test_convolutions_by_name(gategrad, images, monk_csv, tmp_path):
    """Four convolutions of 6x6 images with three thresholds, and dense layers of one's own."""
    out, arch = tmp_path / "conv.gg", ("--arch", "compact-2", *QUICK)
    shape = ("--image-shape", "6x6", "--batch-size", 16)
    done = gategrad("train", images, *arch, *shape, "-o", out)
    assert done.code == 0, done.err
    model = gg.load(out)
    # 2, 2, 8 and 8 channels at 9, 9, 4 and 4 positions.
    assert model.neurons == 2 * (2 * 9 + 8 * 4) + 2 * 60
    assert model.circuit.n_inputs == 108
    table = gategrad("train", monk_csv, "--target", "answer", *arch)
    table.fails_with(
        "arch 'compact-2' is for images; give image_shape, on the command line --image"
    )
