"""A killed run goes on as if nothing had happened; a checkpoint of another run is refused."""

import itertools
import os
import re
import signal

import numpy as np
import pytest
import torch

from gategrad import train
from gategrad.train import CheckpointError, loop
from tests import fresh
from tests.train.examples import fit, network, problem, same_weights, with_dropout


def start(checkpoint, steps):
    """The program of examples.py, whose output is a line for each evaluation."""
    return fresh.start("from tests.train.examples import main; main()", checkpoint, steps)


def same_history(a, b):
    return repr(a.history) == repr(b.history)


def uninterrupted(steps):
    net = with_dropout()
    return net, fit(net, steps=steps, eval_every=10)


def resumed(checkpoint, steps):
    """In a network of other weights and wiring: all comes from the checkpoint."""
    net = with_dropout(seed=7)
    return net, fit(net, steps=steps, eval_every=10, checkpoint=checkpoint, resume=True)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this platform")
def test_killed_run_goes_on_bit_for_bit(tmp_path):
    checkpoint, steps = tmp_path / "run.pt", 400
    with start(checkpoint, steps) as process:
        for _ in range(4):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    done = torch.load(checkpoint, weights_only=True)["state"]["step"]
    assert 0 < done < steps
    net, result = resumed(checkpoint, steps)
    expected_net, expected = uninterrupted(steps)
    assert same_weights(net, expected_net)
    assert same_history(result, expected)
    assert (result.steps, result.best_step) == (steps, expected.best_step)


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process on Windows")
def test_ctrl_c_ends_the_step_saves_and_returns(tmp_path):
    checkpoint, steps = tmp_path / "run.pt", 400
    with start(checkpoint, steps) as process:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        lines, errors = process.stdout.read().splitlines(), process.stderr.read()
    assert (process.returncode, errors) == (0, "")
    stopped, done, _ = lines[-1].split()
    assert stopped == "interrupted"
    assert 10 < int(done) < steps
    assert torch.load(checkpoint, weights_only=True)["state"]["step"] == int(done)
    net, result = resumed(checkpoint, steps)
    expected_net, expected = uninterrupted(steps)
    assert same_weights(net, expected_net)
    assert same_history(result, expected)


def interrupt_at(net, step):
    """Ctrl-C in the forward pass of a step."""
    calls = 0

    def hook(module, args):
        nonlocal calls
        calls += torch.is_grad_enabled()
        if calls == step:
            calls += 1
            signal.raise_signal(signal.SIGINT)

    return net[0].register_forward_pre_hook(hook)


@pytest.mark.parametrize("step", [1, 7, 10, 40])
def test_interrupted_anywhere_it_goes_on_bit_for_bit(tmp_path, step):
    net = with_dropout()
    handle = interrupt_at(net, step)
    result = fit(net, steps=40, eval_every=10, checkpoint=tmp_path / "run.pt")
    handle.remove()
    assert result.steps == step
    assert result.stopped == ("finished" if step == 40 else "interrupted")
    assert result.history[-1].step == step
    net, result = resumed(tmp_path / "run.pt", 40)
    expected_net, expected = uninterrupted(40)
    assert same_weights(net, expected_net)
    assert same_history(result, expected)


def test_interrupted_without_a_checkpoint_it_returns_what_it_has():
    net = network()
    interrupt_at(net, 25)
    result = fit(net, steps=200, eval_every=20)
    assert (result.stopped, result.steps) == ("interrupted", 25)
    assert [evaluation.step for evaluation in result.history] == [0, 20, 25]


def test_ctrl_c_is_as_before_afterwards():
    before = signal.getsignal(signal.SIGINT)
    fit(network(), steps=2)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_is_a_keyboard_interrupt():
    def twice(module, args):
        signal.raise_signal(signal.SIGINT)

    net = network()
    net[0].register_forward_pre_hook(twice)
    net[1].register_forward_pre_hook(twice)
    with pytest.raises(KeyboardInterrupt):
        fit(net, steps=5)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_finished_run_resumes_to_its_result(tmp_path):
    checkpoint = tmp_path / "run.pt"
    net = with_dropout()
    result = fit(net, steps=30, eval_every=10, checkpoint=checkpoint)
    again_net, again = resumed(checkpoint, 30)
    assert same_weights(net, again_net)
    assert repr(again) == repr(result)


def test_resume_keeps_the_time_already_spent(tmp_path, monkeypatch):
    """By a clock that goes on by one second whenever it is looked at."""
    checkpoint, ticks = tmp_path / "run.pt", itertools.count()
    monkeypatch.setattr(loop, "perf_counter", lambda: float(next(ticks)))
    net = with_dropout()
    interrupt_at(net, 35)
    spent = fit(net, steps=40, eval_every=10, checkpoint=checkpoint).seconds
    assert spent >= 3
    assert resumed(checkpoint, 40)[1].seconds >= spent


def test_patience_holds_across_a_resume(tmp_path):
    options = {"eval_every": 5, "lr": 1e-12, "patience": 6, "steps": 200}
    net = network()
    interrupt_at(net, 12)
    fit(net, checkpoint=tmp_path / "run.pt", **options)
    result = fit(network(), checkpoint=tmp_path / "run.pt", resume=True, **options)
    assert (result.stopped, result.steps) == ("patience", 30)


@pytest.fixture
def checkpoint(tmp_path):
    fit(network(), steps=20, eval_every=10, checkpoint=tmp_path / "run.pt")
    return tmp_path / "run.pt"


OTHER_RUNS = {
    "batch_size": ({"batch_size": 64}, "batch_size was 128 there and is 64 here"),
    "steps": ({"steps": 30}, "steps was 20 there and is 30 here"),
    "eval_every": ({"eval_every": 5}, "eval_every was 10 there and is 5 here"),
    "schedule": ({"schedule": "constant"}, "schedule was 'cosine' there and is 'constant' here"),
    "seed": ({"seed": 1, "validation": problem(50)}, "seed was 0 there and is 1 here"),
    "optimizer": ({"optimizer": "adamw"}, "optimizer was 'Adam' there and is 'AdamW' here"),
    "lr": ({"lr": 0.02}, "another optimizer settings"),
    "validation": ({"validation": 100}, "another set of rows"),
    "validation pair": ({"validation": problem(50)}, "another set of"),
    "augment": ({"augment": lambda x: x}, "another set of rows"),
}


@pytest.mark.parametrize("case", OTHER_RUNS)
def test_a_checkpoint_of_another_run_is_refused(checkpoint, case):
    options, message = OTHER_RUNS[case]
    options = {"steps": 20, "eval_every": 10} | options
    net = network(seed=5)
    before = [p.clone() for p in net.parameters()]
    with pytest.raises(CheckpointError) as caught:
        fit(net, checkpoint=checkpoint, resume=True, **options)
    assert str(caught.value) == (
        f"checkpoint {str(checkpoint)!r} is of another run: {message}; use the settings that it "
        "was made with, or another file"
    ) or (case == "validation pair" and message in str(caught.value))
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_a_checkpoint_of_another_network_is_refused(checkpoint):
    with pytest.raises(CheckpointError, match="is of another run: another network; use"):
        fit(network(layers="120x2"), checkpoint=checkpoint, resume=True, steps=20, eval_every=10)


def test_other_labels_are_other_rows(checkpoint):
    x, y = problem()
    options = {"steps": 20, "eval_every": 10, "threads": 1, "progress": False, "validation": 150}
    with pytest.raises(CheckpointError, match="another set of rows"):
        train.fit(network(), x, (y + 1) % 3, checkpoint=checkpoint, resume=True, **options)


def test_a_run_is_not_written_over(checkpoint):
    before = checkpoint.read_bytes()
    message = (
        f"there already is a file at checkpoint {str(checkpoint)!r}; continue that run with "
        "resume, delete it, or name another file"
    )
    with pytest.raises(CheckpointError, match=re.escape(message)):
        fit(network(), steps=20, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == before


def test_no_checkpoint_to_resume_from(tmp_path):
    message = "there is no checkpoint '.*none.pt' to resume from; check the name, or start without"
    with pytest.raises(CheckpointError, match=message):
        fit(network(), checkpoint=tmp_path / "none.pt", resume=True)


@pytest.mark.parametrize("damage", ["truncated", "empty", "foreign", "another torch file"])
def test_damaged_checkpoints(checkpoint, damage):
    data = checkpoint.read_bytes()
    contents = {"truncated": data[: len(data) // 2], "empty": b"", "foreign": b"not torch" * 99}
    if damage in contents:
        checkpoint.write_bytes(contents[damage])
    else:
        torch.save({"weight": torch.zeros(3)}, checkpoint)
    message = "run.pt' is no checkpoint, or a damaged one: start without resume, with another file"
    with pytest.raises(CheckpointError, match=message):
        fit(network(), checkpoint=checkpoint, resume=True)


def test_a_checkpoint_of_another_version(checkpoint):
    saved = torch.load(checkpoint, weights_only=True)
    torch.save(saved | {"version": 99}, checkpoint)
    with pytest.raises(CheckpointError, match="has version 99; this gategrad reads 1"):
        fit(network(), checkpoint=checkpoint, resume=True)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(CheckpointError, match=r"can't write checkpoint '.*run.pt': "):
        fit(network(), checkpoint=tmp_path / "no" / "run.pt")


def test_a_failed_save_leaves_the_checkpoint_whole(tmp_path, monkeypatch):
    """The disk is full at the second evaluation."""
    checkpoint = tmp_path / "run.pt"
    real, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) > 2:  # the first save flushes its file, then its folder
            raise OSError("no space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="no space left on device; what it held before is w"):
        fit(network(), steps=20, eval_every=10, checkpoint=checkpoint)
    assert torch.load(checkpoint, weights_only=True)["state"]["step"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


def test_it_holds_no_code(checkpoint):
    """torch.load(weights_only=True) takes it, and its history is plain values."""
    state = torch.load(checkpoint, weights_only=True)["state"]
    assert np.array(state["history"]).shape == (3, 6)


def changed(checkpoint, change, *, version):
    """The checkpoint after `change(state)`; of version 1, which has no digest, or 2."""
    saved = torch.load(checkpoint, weights_only=True)
    change(saved["state"])
    if version == 1:
        del saved["digest"]
    torch.save(saved | {"version": version}, checkpoint)


def shrink(state):
    moments = state["optimizer"]["state"][0]
    moments["exp_avg"] = moments["exp_avg"][:3].clone()


CHANGES = {
    "moment": (shrink, "its optimizer has exp_avg of shape (3,"),
    "no moments": (lambda s: s["optimizer"]["state"][0].clear(), "lacks moments of parameter 0"),
    "group": (lambda s: s["optimizer"]["param_groups"].pop(), "its optimizer has other groups of"),
    "optimizer": (lambda s: s["optimizer"].pop("state"), "has no groups or no state"),
    "weight": (
        lambda s: s["net"].update({"0.weight": torch.zeros(2)}),
        "its weights have (2,) for '0.weight'; expected (",
    ),
    "best": (lambda s: s["best_weights"].pop("0.weight"), "of the network differ in '0.weight'"),
    "history": (lambda s: s["history"][0].pop(), "its history is none"),
    "place": (lambda s: s.update(best=9), "its best evaluation is number 9 of 3"),
    "missing": (lambda s: s.pop("step"), "its 'step' is missing or of another type"),
    "random": (lambda s: s.update(random=torch.zeros(3)), "its random state is none"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_state_that_does_not_fit_is_refused_before_torch_sees_it(checkpoint, case):
    change, message = CHANGES[case]
    changed(checkpoint, change, version=1)
    net = network(seed=5)
    before = [p.clone() for p in net.parameters()]
    with pytest.raises(CheckpointError, match=re.escape(message)) as caught:
        fit(net, checkpoint=checkpoint, resume=True, steps=20, eval_every=10)
    assert "start without resume, with another file" in str(caught.value)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.update(step=11),
        lambda state: state["net"]["0.weight"].add_(1),
        lambda state: state["history"][1].__setitem__(3, 1.0),
        lambda state: state["optimizer"]["state"][0]["step"].add_(1),
    ],
)
def test_what_was_changed_afterwards_is_refused(checkpoint, change):
    changed(checkpoint, change, version=2)
    with pytest.raises(CheckpointError, match="or was changed: its digest does not match its con"):
        fit(network(), checkpoint=checkpoint, resume=True, steps=20, eval_every=10)


def test_checkpoints_without_a_digest_go_on(tmp_path):
    """As earlier versions wrote them: no losses of the circuit either."""
    checkpoint = tmp_path / "run.pt"
    net = with_dropout()
    interrupt_at(net, 25)
    fit(net, steps=40, eval_every=10, checkpoint=checkpoint)
    changed(checkpoint, lambda state: state.pop("hard_losses"), version=1)
    net, result = resumed(checkpoint, 40)
    _, expected = uninterrupted(40)
    assert [e.hard for e in result.history] == [e.hard for e in expected.history]
    assert result.steps == 40
