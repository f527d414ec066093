"""`gategrad distill`."""

import numpy as np
import torch
from torch import nn

from gategrad import load

QUICK = ("--head", 20, "--depth", 2, "--steps", 5, "--finetune", 5, "--threads", 1)


def _files(folder) -> None:
    rng = np.random.default_rng(0)
    x = rng.random((300, 8)) < 0.5
    np.savez(folder / "rows.npz", x=x, y=x[:, 0].astype(int))
    torch.manual_seed(0)
    torch.save(nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2)), folder / "net.pt")


def test_a_network_in_a_file_becomes_a_model(gategrad, tmp_path) -> None:
    _files(tmp_path)
    done = gategrad("distill", "net.pt", "rows.npz", "-o", "net.gg", *QUICK, "--json")
    found, model = done.json, load(tmp_path / "net.gg")
    assert model.circuit.n_gates == found["gates"]
    assert [s["name"] for s in found["stages"]] == ["modules 0 to 1", "head", "fine-tuned"]
    assert "% of the bits" in done.err
    assert model.meta["data"] == "rows.npz"
    tested = gategrad("eval", "net.gg", "--data", "rows.npz", "--json").json
    assert tested["accuracy"] == found["hard_accuracy"]


def test_several_trees_learned_levels_and_cuts(gategrad, tmp_path) -> None:
    _files(tmp_path)
    more = ("--trees", 3, "--level-steps", 4, "--cuts", "2", "--json")
    done = gategrad("distill", "net.pt", "rows.npz", "-o", "net.gg", *QUICK, *more)
    assert done.json["stages"][0]["bits"] == 8
    refused = gategrad("distill", "net.pt", "rows.npz", "-o", "net.gg", "--cuts", "2;3")
    refused.fails_with("--cuts is '2;3'; expected places such as 4,8")
    refused = gategrad("distill", "net.pt", "rows.npz", "-o", "net.gg", "--warp")
    refused.fails_with("--warp is for images of a known set, and rows.npz is none")


def test_what_is_no_network_is_refused(gategrad, tmp_path) -> None:
    _files(tmp_path)
    torch.save({"0.weight": torch.zeros(3)}, tmp_path / "state.pt")
    done = gategrad("distill", "state.pt", "rows.npz", "-o", "net.gg", *QUICK)
    done.fails_with("holds weights without their network")
    done = gategrad("distill", "net.pt", "rows.npz", "-o", "net.gg", "--head", 21)
    done.fails_with("the head has 21 trees, which 2 classes can't share equally; use 22")
