"""Learning from a teacher: its loss, what is kept of its scores, and going on after a kill."""

import errno

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from gategrad import train
from gategrad.teachers import Teacher, TeacherError
from gategrad.train import CheckpointError, TrainError
from gategrad.train.teaching import TeacherLoss
from tests.train.examples import fit, network, problem, same_weights

X, Y = problem()
SHAPE = (1, 2, 4)


def knowing(x):
    """Logits of the right classes."""
    right = (x[:, 0] ^ x[:, 1]).astype(int) + (x[:, 2] & x[:, 3])
    return 4.0 * np.eye(3)[right]


def module(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))


def warp():
    return train.Warp(SHAPE, rotation=5, shift=0.3)


def resumed_like_uninterrupted(tmp_path, **options):
    net = network()
    fit(net, steps=40, eval_every=10, **options)
    again, calls = network(), 0

    def interrupt(_, inputs):
        nonlocal calls
        calls += torch.is_grad_enabled()
        if calls == 17:
            raise RuntimeError("killed")

    handle = again[0].register_forward_pre_hook(interrupt)
    checkpoint = tmp_path / "run.pt"
    with pytest.raises(RuntimeError, match="killed"):
        fit(again, steps=40, eval_every=10, checkpoint=checkpoint, **options)
    handle.remove()
    other = network(seed=9)
    fit(other, steps=40, eval_every=10, checkpoint=checkpoint, resume=True, **options)
    return same_weights(net, other)


def test_what_the_teacher_knows_is_learned_whatever_the_labels_say():
    """Labels are noise, and count nothing."""
    noise = np.random.default_rng(1).integers(0, 3, len(X))
    net = network()
    options = {"steps": 240, "validation": (X, Y), "progress": False, "threads": 1}
    result = train.fit(net, X, noise, teacher=knowing, distill_weight=1.0, **options)
    assert result.hard_accuracy > 0.9


def test_without_a_share_of_the_loss_the_teacher_changes_nothing():
    alone, taught = network(), network()
    fit(alone, steps=20)
    fit(taught, steps=20, teacher=module(), distill_weight=0.0)
    assert same_weights(alone, taught)


def test_the_loss_is_the_divergence_of_softened_scores_times_the_squared_temperature():
    g = torch.Generator().manual_seed(0)
    scores, taught = torch.randn(5, 3, generator=g), torch.randn(5, 3, generator=g)
    p, q = torch.softmax(taught / 3, 1), torch.softmax(scores / 3, 1)
    wanted = 9 * (p * (p / q).log()).sum(1)
    loss = TeacherLoss("argmax", 0.25, 3.0, torch.zeros(5, dtype=torch.long))
    assert loss(scores, taught).item() == pytest.approx(wanted.mean().item(), rel=1e-5)
    weights = torch.tensor([2.0, 0, 1, 1, 1])
    found = loss(scores, taught, weights).item()
    assert found == pytest.approx((wanted * weights).mean().item(), rel=1e-5)
    labels = torch.tensor(2.0)
    mixed = 0.75 * 2 + 0.25 * wanted.mean().item()
    assert loss.mixed(labels, scores, taught, None).item() == pytest.approx(mixed, rel=1e-5)


@pytest.mark.parametrize("kind", ["binary", "multilabel", "regression"])
def test_losses_of_other_heads_are_least_at_the_teacher(kind):
    taught = torch.tensor([[0.5], [-2.0], [3.0]])
    loss = TeacherLoss(kind, 1.0, 2.0, torch.tensor([[0.0], [0.0], [3.0]]))
    assert loss(taught, taught).item() == pytest.approx(0, abs=1e-6)
    assert loss(taught + 1, taught).item() > 0.05
    if kind == "regression":  # of a standard deviation of the square root of 2
        assert loss(taught + 1, taught).item() == pytest.approx(0.5)


@pytest.mark.parametrize("kind", ["binary", "multilabel", "regression"])
def test_every_head_learns_from_a_teacher(kind):
    """Whose scores are right where all labels are wrong."""
    k = 1 if kind == "binary" else 2
    y = X[:, 0].astype(int) if kind == "binary" else X[:, :2].astype(int)
    targets = y.astype(float) if kind == "regression" else None
    y = y if targets is None else targets
    net = train.build_network(8, k, layers="60", kind=kind, targets=targets, seed=0)
    result = train.fit(
        net,
        X,
        1 - y,
        teacher=lambda x: 1.0 * x[:, :k] if kind == "regression" else 8.0 * x[:, :k] - 4,
        validation=(X, y),
        distill_weight=1.0,
        steps=120,
        progress=False,
    )
    # From labels alone it would be far below 0 or 0.1.
    assert result.hard > (0.2 if kind == "regression" else 0.9)


def test_soft_targets_are_those_of_the_rows_that_are_trained_on():
    """Of rows that are held back and of copies too: an array has a row for each row of x."""
    soft = functional.softmax(torch.from_numpy(knowing(X)), 1).numpy()
    options = {"steps": 30, "augment": lambda x: np.concatenate([x, x])}
    by_array, by_function = network(), network()
    fit(by_array, teacher=soft, **options)
    fit(by_function, teacher=Teacher(knowing), **options)
    for a, b in zip(by_array.parameters(), by_function.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=2e-2)


def test_scores_are_computed_once_and_kept_for_the_next_run(tmp_path):
    calls = []

    class Counted(nn.Module):
        def forward(self, x):
            calls.append(len(x))
            return x[:, :3]

    folder = tmp_path / "scores"
    first, again = network(), network()
    fit(first, steps=10, teacher=Counted(), teacher_scores=folder)
    (path,) = folder.iterdir()
    assert np.load(path).shape == (450, 3)
    assert sum(calls) == 256 + 450
    calls.clear()
    fit(again, steps=10, teacher=Counted(), teacher_scores=folder)
    assert sum(calls) == 256
    assert same_weights(first, again)
    fit(network(), steps=2, teacher=Counted(), teacher_scores=folder, validation=100)
    assert len(list(folder.iterdir())) == 2
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(TeacherError, match=r"can't be read \(.*\); delete the file"):
        fit(network(), steps=2, teacher=Counted(), teacher_scores=folder)


@pytest.mark.parametrize(("kept", "named"), [(True, "teacher_scores="), (False, "TMPDIR")])
def test_a_full_disk_is_told_before_scores_are_computed(tmp_path, monkeypatch, kept, named):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    options = {"teacher_scores": tmp_path} if kept else {}
    message = f"No space left on device; name a folder that has more room by {named}"
    with pytest.raises(TeacherError, match=message):
        fit(network(), steps=2, teacher=module(), **options)
    assert not list(tmp_path.iterdir())


def test_a_file_system_that_takes_no_room_in_advance_will_do(tmp_path, monkeypatch):
    def unable(*_):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr("os.posix_fallocate", unable, raising=False)
    fit(network(), steps=2, teacher=module(), teacher_scores=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_the_teacher_itself_raises_is_no_error_of_the_folder(tmp_path):
    class Far(nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            if self.calls == 2:
                raise ConnectionError("gone")
            return x[:, :3]

    with pytest.raises(ConnectionError, match=r"^gone$"):
        fit(network(), steps=2, teacher=Far(), teacher_scores=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("as_array", [True, False])
def test_a_bad_score_is_told_by_the_users_row(as_array):
    """Which counts the rows held back before it as well."""
    soft = np.where(np.arange(len(X))[:, None] == 501, np.nan, knowing(X))
    rows = np.c_[X, np.arange(len(X)) == 501][:, 1:]
    teacher = soft if as_array else lambda x: np.where(x[:, -1:], np.nan, np.ones((len(x), 3)))
    options = {"steps": 2, "progress": False, "seed": 0}
    with pytest.raises(TeacherError, match="score of row 501, class 0 is nan"):
        train.fit(network(), rows, problem()[1], teacher=teacher, **options)


@pytest.mark.parametrize("online", [False, True])
def test_a_killed_run_goes_on_bit_for_bit_with_the_same_teacher(tmp_path, online):
    options = {"transform": warp()} if online else {}
    assert resumed_like_uninterrupted(tmp_path, teacher=module(), **options)


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        {"teacher": module(1)},
        {"distill_weight": 0.3},
        {"distill_temperature": 3},
        {"teacher": None},
    ],
)
def test_a_checkpoint_of_another_teacher_is_refused(tmp_path, online, change):
    options = {"transform": warp()} if online else {}
    options |= {"steps": 4, "eval_every": 2, "teacher": module(), "checkpoint": tmp_path / "run.pt"}
    fit(network(), **options)
    with pytest.raises(CheckpointError, match=r"is of another run: (another )?teacher"):
        fit(network(), **(options | change), resume=True)


def test_online_it_is_asked_about_the_rows_as_they_are_made():
    seen = []

    def teacher(x):
        seen.append(x.copy())
        return knowing(x)

    fit(network(), steps=3, batch_size=50, teacher=teacher, transform=lambda x, _: ~x)
    rows = {row.tobytes() for row in ~X}
    assert [len(part) for part in seen] == [256, 50, 50, 50]
    assert all(row.tobytes() in rows for part in seen[1:] for row in part)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"distill_weight": 0.5}, TrainError, "distill_weight=0.5 is for a teacher; give teacher="),
        ({"teacher_scores": "x"}, TrainError, "teacher_scores='x' is for a teacher"),
        ({"teacher": knowing, "distill_weight": 2}, TrainError, "distill_weight is 2; expected"),
        ({"teacher": knowing, "distill_temperature": 0}, TrainError, "distill_temperature is 0"),
        ({"teacher": knowing, "teacher_scores": "x"}, TeacherError, "leave it out for a function"),
        ({"teacher": np.eye(3)}, TrainError, "soft targets have 3 rows, and x has 600; expected"),
        (
            {"teacher": np.ones((600, 3)), "teacher_scores": "x"},
            TrainError,
            "soft targets are kept already; leave teacher_scores out",
        ),
        ({"teacher": np.ones((600, 4))}, TeacherError, "gives 4 scores a row; expected 3"),
        (
            {"teacher": module(), "teacher_scores": "x", "transform": warp()},
            TrainError,
            "a transform makes them anew in every step; leave it out",
        ),
    ],
)
def test_messages(options, error, message):
    with pytest.raises(error, match=message):
        fit(network(), steps=2, **options)
