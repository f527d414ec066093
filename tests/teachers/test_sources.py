"""Every kind of teacher gives the scores of what it was made from, and strange ones are refused."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

import gategrad as gg
from gategrad.teachers import Goal, Logits, Teacher, TeacherError, as_teacher, load_network

RNG = np.random.default_rng(0)
X = RNG.random((40, 6)).astype(np.float32)
Y = (X[:, 0] > 0.5).astype(int) + (X[:, 1] > 0.7)


def module(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))


def expected(net):
    with torch.no_grad():
        return net.eval()(torch.from_numpy(X)).numpy()


def test_a_module_is_asked_in_eval_and_left_in_its_mode():
    net = module().train()
    before = net[1].running_mean.clone()
    found = Teacher(net, batch=7).scores(X)
    assert net.training
    assert torch.equal(before, net[1].running_mean)
    np.testing.assert_allclose(found, expected(net), rtol=1e-5, atol=1e-6)


def test_preprocessing_is_the_teachers_own():
    net = module()
    seen = Teacher(net, preprocess=lambda x: x / 255.0).scores(X * 255)
    np.testing.assert_allclose(seen, expected(net), rtol=1e-4, atol=1e-5)


def test_a_whole_sequential_and_torchscript_are_read_from_files(tmp_path):
    net = module().eval()
    torch.save(net, tmp_path / "net.pt")
    np.testing.assert_array_equal(Teacher(tmp_path / "net.pt").scores(X), Teacher(net).scores(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, that TorchScript is old
        torch.jit.save(torch.jit.trace(net, torch.from_numpy(X)), tmp_path / "script.pt")
    found = Teacher(str(tmp_path / "script.pt")).scores(X)
    np.testing.assert_allclose(found, expected(net), rtol=1e-5, atol=1e-6)


def test_modules_of_bfloat16_and_frozen_ones(tmp_path):
    net = module().eval()
    half = Teacher(module().bfloat16()).scores(X)
    np.testing.assert_allclose(half, expected(net), atol=0.05)
    assert Teacher(torch.ones(4, 3, dtype=torch.bfloat16)).array.dtype == np.float32
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, that TorchScript is old
        frozen = torch.jit.freeze(torch.jit.trace(net, torch.from_numpy(X)))
        torch.jit.save(frozen, tmp_path / "frozen.pt")
    for source in (frozen, tmp_path / "frozen.pt"):
        np.testing.assert_allclose(Teacher(source).scores(X), expected(net), rtol=1e-5, atol=1e-6)


def test_an_onnx_file_with_images(tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs onnx")
    pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weight = RNG.normal(size=(6, 3)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["x"], ["flat"]),
            helper.make_node("MatMul", ["flat", "w"], ["y"]),
        ],
        "net",
        [helper.make_tensor_value_info("x", kind, ["n", 1, 2, 3])],
        [helper.make_tensor_value_info("y", kind, ["n", 3])],
        [onnx.numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, tmp_path / "net.onnx")
    np.testing.assert_allclose(Teacher(tmp_path / "net.onnx").scores(X), X @ weight, rtol=1e-4)
    with pytest.raises(
        TeacherError, match=r"doesn't take rows of shape \(5,\), float32: cannot resh"
    ):
        Teacher(tmp_path / "net.onnx").scores(X[:, :5])
    (tmp_path / "bad.onnx").write_bytes(b"no")
    with pytest.raises(TeacherError, match=r"can't read the teacher '.*bad.onnx'"):
        Teacher(tmp_path / "bad.onnx")


def test_estimators_forests_and_models(tmp_path):
    linear = pytest.importorskip("sklearn.linear_model")
    fitted = linear.LogisticRegression().fit(X, Y)
    teacher = Teacher(fitted)
    np.testing.assert_allclose(teacher.scores(X), fitted.predict_proba(X), rtol=1e-5)
    assert teacher.read.labels == (0, 1, 2)
    lightgbm = pytest.importorskip("lightgbm")
    data = lightgbm.Dataset(X.astype(np.float64), Y)
    options = {"objective": "multiclass", "num_class": 3, "verbose": -1, "min_data_in_leaf": 2}
    booster = lightgbm.train(options, data, 4)
    booster.save_model(tmp_path / "forest.txt")
    raw = booster.predict(X, raw_score=True)
    for source in (booster, tmp_path / "forest.txt"):
        np.testing.assert_allclose(Teacher(source).scores(X.astype(np.float64)), raw, atol=1e-4)
    circuit = gg.Circuit(6, [[2, 3], [4, 5], [6, 7]], [6, 8, 14], [8, 9, 10])
    model = gg.Model(circuit, gg.Readout.group_sum(3, 3, tau=0.5))
    model.save(tmp_path / "net.gg")
    bits = X > 0.5
    np.testing.assert_array_equal(Teacher(tmp_path / "net.gg").scores(bits), model.scores(bits))


def test_arrays_functions_and_teachers_as_they_are(tmp_path):
    soft = RNG.dirichlet(np.ones(3), 40)
    np.save(tmp_path / "soft.npy", soft)
    for source in (soft, torch.from_numpy(soft), tmp_path / "soft.npy"):
        np.testing.assert_array_equal(Teacher(source).array, soft)
    made = Teacher(lambda x: x[:, :3])
    np.testing.assert_array_equal(made.scores(X), X[:, :3])
    assert made.identity is None
    assert as_teacher(made) is made


def test_the_identity_goes_with_the_content():
    net = module()
    first = Teacher(net).identity
    assert Teacher(module()).identity == first
    with torch.no_grad():
        net[0].weight[0, 0] += 1
    assert Teacher(net).identity != first
    assert Teacher(module(), gives="probabilities").identity != first


def _state(path):
    torch.save(module().state_dict(), path)


def _pickle(path):
    torch.save({"a": np.random.default_rng}, path)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("net.pt", _state, "holds weights without their network; build it in Python"),
        ("net.pt", _pickle, "can't read the network .* without running code from it"),
        ("net.pt", lambda p: p.write_bytes(b""), r"without running code .*\((\w*Error): "),
        ("net.pt", lambda p: p.write_bytes(b"no"), "without running code from it"),
        ("net.pt", lambda p: torch.save(torch.zeros(3), p), "holds a Tensor; expected a network"),
        ("net.joblib", lambda p: p.write_bytes(b""), "is a pickle, which runs code when it is"),
        ("net.xyz", lambda p: p.write_bytes(b""), r"no known ending; expected \.pt or \.pth"),
        ("net.onnx", lambda p: None, "there is no teacher '.*net.onnx'; check the name"),
        ("soft.npy", lambda p: p.write_bytes(b"no"), "can't read the soft targets"),
    ],
)
def test_files_that_are_no_teachers(tmp_path, name, write, message):
    write(tmp_path / name)
    with pytest.raises(TeacherError, match=message):
        Teacher(tmp_path / name)


class Labels:
    """A classifier that gives labels alone."""

    classes_ = np.arange(2)

    def predict(self, x):
        return np.zeros(len(x))


class Forest:
    """What scikit-learn's forests give of several labels, each of the classes that it has seen."""

    def __init__(self, classes):
        self.classes_ = [np.array(own) for own in classes]

    def predict_proba(self, x):
        return [np.full((len(x), len(own)), 1 / len(own)) for own in self.classes_]


def test_labels_that_never_change_are_taught_as_they_are():
    found = Teacher(Forest([[0, 1], [0], [1]])).scores(X)
    assert (found == [0.5, 0.0, 1.0]).all()


def test_classifiers_without_probabilities_teach_what_they_decide_by():
    svm = pytest.importorskip("sklearn.svm")
    fitted = svm.LinearSVC().fit(X, Y)
    teacher = Teacher(fitted)
    np.testing.assert_allclose(teacher.scores(X), fitted.decision_function(X), rtol=1e-5)
    assert teacher.read.gives == "logits"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Teacher(3), "teacher is a int; expected a torch module, an estimator"),
        (lambda: Teacher(np.zeros((2, 2, 2))), r"soft targets are float64 of shape \(2, 2, 2\)"),
        (lambda: Teacher(module(), gives="odds"), "gives is 'odds'; expected 'logits'"),
        (lambda: Teacher(module(), batch=0), "batch is 0; expected rows at a time"),
        (lambda: Teacher(X, preprocess=abs), "reads no rows; leave preprocess out"),
        (lambda: Teacher(X).scores(X), "no scores for other rows"),
        (
            lambda: Teacher(lambda x: np.zeros((5, 3))).scores(X),
            r"gave float64 of shape \(5, 3\) for 40 rows; expected \(40, classes\)",
        ),
        (lambda: Teacher(nn.LSTM(6, 3)).scores(X), "gave a tuple; expected one tensor"),
        (
            lambda: Teacher(module()).scores(X[:, :5]),
            r"doesn't take rows of shape \(5,\), float32: mat1 .*; give Teacher\(..., pre",
        ),
        (
            lambda: Teacher(module()).scores(X.astype(object)),
            r"doesn't take rows of shape \(6,\), object: can't convert np.ndarray",
        ),
        (lambda: Teacher(Labels()), "the teacher, a Labels, gives labels, no scores; give one"),
        (
            lambda: Teacher(Forest([["no", "yes"]])).scores(X),
            r"classes of label 0 are \['no', 'yes'\]; expected 0 and 1",
        ),
        (lambda: load_network("none.pt"), "there is no network 'none.pt'; check the name"),
    ],
)
def test_messages_of_sources(make, message):
    with pytest.raises(TeacherError, match=message):
        make()


def logits(scores, kind, k, gives=None):
    scores = np.asarray(scores, np.float32)
    return Logits.of(scores, Goal(kind, k), gives)(scores)


def test_logits_of_every_kind():
    p = np.array([[0.2, 0.8], [0.5, 0.5]])
    np.testing.assert_allclose(logits(p, "argmax", 2), np.log(p), rtol=1e-5)
    odds = np.log(p[:, 1:] / p[:, :1])
    for gives in (None, "probabilities"):
        np.testing.assert_allclose(logits(p, "binary", 1, gives), odds, atol=1e-5)
    np.testing.assert_allclose(logits(p[:, 1:], "binary", 1, "probabilities"), odds, atol=1e-5)
    both = logits(odds, "argmax", 2)
    np.testing.assert_allclose(both[:, 1:] - both[:, :1], odds, atol=1e-5)
    z = [[3.0, -1.0], [2.0, 5.0]]
    for kind in ("argmax", "multilabel", "regression"):
        np.testing.assert_array_equal(logits(z, kind, 2), np.float32(z))
    np.testing.assert_array_equal(logits(z, "binary", 1), [[-4.0], [3.0]])
    np.testing.assert_allclose(
        logits(p, "multilabel", 2, "probabilities"), np.log(p / (1 - p)), atol=1e-5
    )


@pytest.mark.parametrize(
    ("scores", "kind", "k", "gives", "message"),
    [
        ([[0.2, 0.8]], "binary", 1, "logits", "said to be logits, and those of each row sum to 1"),
        (np.zeros((4, 9)), "argmax", 10, None, "gives 9 scores a row; expected 10, for the netw"),
        (np.zeros((4, 3)), "binary", 1, None, "gives 3 scores a row; expected 1 or 2, for the"),
        (np.zeros((4, 3)), "regression", 2, None, "expected 2, for the network's 2 outputs"),
        ([[1, 2], [np.nan, 0]], "argmax", 2, None, "score of row 1, class 0 is nan; expected fin"),
        ([[1, 2], [0, np.inf]], "argmax", 2, None, "score of row 1, class 1 is inf; expected fin"),
        ([[0.5, 0.5]], "argmax", 2, "logits", "said to be logits, and those of each row sum to 1"),
        ([[0.9, 0.5]], "argmax", 2, "probabilities", "probabilities of row 0 sum to 1.4; expected"),
        ([[1.5, -0.5]], "argmax", 2, "probabilities", "of row 0, class 0 is 1.5; expected 0 to 1"),
    ],
)
def test_messages_of_scores(scores, kind, k, gives, message):
    with pytest.raises(TeacherError, match=message):
        logits(scores, kind, k, gives)
