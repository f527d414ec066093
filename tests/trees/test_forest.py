"""The form that all forests take, its integers, and its circuit."""

import json

import numpy as np
import pytest

import gategrad as gg
from gategrad import _core, trees
from gategrad.encoding import EncodingError, Splits, from_state
from gategrad.trees.assemble import above, above_float32, least_rounding_to
from gategrad.trees.forest import LEAF
from gategrad.trees.integers import to_integers
from gategrad.trees.lower import circuit_of
from tests.trees.random_forests import random_forest

LIGHTGBM = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1
feature_names=age height
feature_infos=[0:1] [0:1]
tree_sizes=1 1

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
threshold=1.5 -2
decision_type=2 8
left_child=-1 -2
right_child=1 -3
leaf_value=-0.5 0.25 1
is_linear=0
shrinkage=1


Tree=1
num_leaves=1
num_cat=0
leaf_value=0.125


end of trees
"""


@pytest.mark.parametrize("n_sums", [1, 3])
@pytest.mark.parametrize("vector", [False, True])
def test_circuits_add_the_integers_of_the_leaves_that_are_reached(n_sums, vector):
    rng = np.random.default_rng(0)
    for seed in range(12):
        forest = random_forest(seed, n_sums=n_sums, vector=vector)
        x = rng.choice([-np.inf, -1.5, -1, -0.5, -0.0, 0, 0.5, 1, 1.5, np.inf, np.nan], (300, 4))
        integers = to_integers(forest, int(rng.integers(1, 20)))
        circuit, readout = circuit_of(forest, integers)
        model = gg.Model(circuit, readout, forest.encoder)
        leaves = forest.leaves(x)
        sums = np.tile(integers.base, (len(x), 1))
        for tree in range(forest.n_trees):
            value = integers.value[leaves[:, tree]]
            if vector:
                sums += value
            else:
                sums[:, forest.target[tree]] += value[:, 0]
        np.testing.assert_array_equal(model.sums(x), sums)
        np.testing.assert_array_equal(model.optimize().sums(x), sums)
        assert np.abs(model.scores(x) - forest.scores(x)).max() <= integers.bound


def test_leaves_are_found_by_walking():
    """By recursion on one row at a time, which shares nothing with the arrays."""
    forest = random_forest(3)

    def walk(node, row):
        if forest.feature[node] == LEAF:
            return node
        cuts = forest.cuts[forest.first_cut[node] : forest.first_cut[node + 1]]
        odd = sum(row[forest.feature[node]] >= cut for cut in cuts) % 2
        return walk(forest.child[node, odd], row)

    x = np.random.default_rng(0).choice([-1, -0.5, 0.5, np.nan], (40, 4))
    expected = [[walk(root, row) for root in forest.roots] for row in x]
    np.testing.assert_array_equal(forest.leaves(x), expected)


def test_a_models_text_is_read_without_its_library(tmp_path):
    (tmp_path / "f.txt").write_text(LIGHTGBM)
    model = gg.from_trees(tmp_path / "f.txt")
    assert model.encoder.names == ("age", "height")
    # Age goes left when missing, as the second bit of 2 says; height, of type 8, goes right.
    x = np.array([[1.5, 0], [2, -2], [2, 0], [np.nan, 0], [2, np.nan]])
    expected = [-0.375, 0.375, 1.125, -0.375, 1.125]
    np.testing.assert_allclose(model.scores(x)[:, 0], expected, atol=1e-4)
    assert float(model.meta["score_error"]) < 1e-4


def test_files_of_forests_keep_their_encoder(tmp_path):
    forest = random_forest(5)
    integers = to_integers(forest, 8)
    model = gg.Model(*circuit_of(forest, integers), forest.encoder)
    model.save(tmp_path / "f.gg")
    assert gg.load(tmp_path / "f.gg") == model


def test_splits_as_c_ask_the_same(tmp_path):
    """Exporters see the same comparisons, a missing value among them."""
    from gategrad.export.front import front, values_of

    forest = random_forest(6)
    circuit, readout = circuit_of(forest, to_integers(forest, 6))
    whole = front(gg.Model(circuit, readout, forest.encoder), values_of("float64"))
    x = np.random.default_rng(0).choice([-np.inf, -1, 0.5, np.inf, np.nan], (90, 4))
    bits = x[:, whole.feature] >= whole.least
    model = gg.Model(whole.circuit, readout)
    expected = gg.Model(circuit, readout, forest.encoder).sums(x)
    np.testing.assert_array_equal(model.sums(bits), expected)


def test_the_fewest_bits_that_keep_all_labels():
    forest = random_forest(8, n_sums=3)
    x = np.random.default_rng(0).normal(size=(2000, 4))
    found = trees.convert.__globals__["_calibrated"](forest, x)
    model = gg.Model(*circuit_of(forest, found), forest.encoder)
    np.testing.assert_array_equal(model.predict(x), forest.decide(forest.scores(x)))
    assert found.bits < 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("tree\n", "trie\n"), "it is no forest; expected a LightGBM text file"),
        (("right_child=1 -3", "right_child=1 -2"), "the children of tree 0 are no tree"),
        (("threshold=1.5 -2", "threshold=1.5"), "tree 0 has 1 entries of threshold; expected 2"),
        (
            ("threshold=1.5 -2", "threshold=1.5 x"),
            "tree 0 has threshold that is no list of numbers",
        ),
        (("split_feature=0 1", "split_feature=0 2"), "tree 0 splits by column 2 of 2"),
        (("split_feature=0 1", "split_feature=-1 1"), "tree 0 splits by column -1 of 2"),
        (("tree\n", "tree\ntree_sizes=9 9 9\n"), "has 2 trees and says that it has 3.* cut off"),
        (("is_linear=0", "is_linear=1"), "leaves are linear models.*linear_tree=False"),
        (("leaf_value=-0.5", "leaf_value=inf"), "a leaf of the forest is infinite or NaN"),
        (("binary sigmoid:1", "poisson"), "objective 'poisson' transforms its scores.*raw=True"),
    ],
)
def test_what_can_not_be_read_is_said(tmp_path, change, message):
    (tmp_path / "f.txt").write_text(LIGHTGBM.replace(*change))
    with pytest.raises(trees.TreesError, match=message):
        gg.from_trees(tmp_path / "f.txt")


def test_what_is_no_forest_is_said(tmp_path):
    with pytest.raises(trees.TreesError, match="got a int; expected a LightGBM text file"):
        gg.from_trees(3)
    with pytest.raises(trees.TreesError, match=r"can't read '.*nothing\.txt': No such file"):
        gg.from_trees(tmp_path / "nothing.txt")
    (tmp_path / "f.txt").write_text(LIGHTGBM)
    for bits in (0, 25, True, 2.5):
        with pytest.raises(trees.TreesError, match=r"bits is .*; expected an integer from 1 to 24"):
            gg.from_trees(tmp_path / "f.txt", bits=bits)
    rows = np.zeros((3, 2))
    with pytest.raises(trees.TreesError, match="rows set how many bits are taken"):
        gg.from_trees(tmp_path / "f.txt", rows, bits=4)
    with pytest.raises(trees.TreesError, match="there are no rows to calibrate on"):
        gg.from_trees(tmp_path / "f.txt", rows[:0])
    (tmp_path / "r.txt").write_text(LIGHTGBM.replace("binary sigmoid:1", "regression"))
    with pytest.raises(trees.TreesError, match="a regression has none; pass bits="):
        gg.from_trees(tmp_path / "r.txt", rows)
    parts = {"gradient_booster": {"name": "gbtree"}, "learner_model_param": {}, "objective": {}}
    lacks = json.dumps({"learner": parts}).encode()
    many = b"{i\x01a[$Z#L" + (2**62).to_bytes(8, "big")
    for data in (lacks, many, b'{"learner": {}}', b"{L", b"{U\x07learner{U\x01aZ}}", b"{}"):
        (tmp_path / "f.json").write_bytes(data)
        with pytest.raises(trees.TreesError, match=r"can't read .*f\.json"):
            gg.from_trees(tmp_path / "f.json")


def test_cuts_between_float32_numbers():
    """By trying: the float64 on either side of a cut round to either side of the threshold."""
    rng = np.random.default_rng(0)
    some = rng.normal(size=200).astype(np.float32)
    wild = np.exp(np.clip(rng.normal(size=200) * 40, -100, 88)).astype(np.float32)
    odd = np.array([0, -0.0, 1e-45, -1e-45, 1.2e-38, 3.4e38, -3.4e38, np.inf], np.float32)
    least = np.concatenate([some, wild, odd])
    cut = least_rounding_to(least)
    with np.errstate(over="ignore"):
        assert (cut.astype(np.float32) >= least).all()
        assert (np.nextafter(cut, -np.inf).astype(np.float32) < least).all()
        threshold = np.concatenate([rng.normal(size=200), least[:-1].astype(np.float64)])
        cut = above_float32(threshold)
        assert (cut.astype(np.float32) > threshold).all()
        assert (np.nextafter(cut, -np.inf).astype(np.float32) <= threshold).all()
    assert np.isnan(above(np.array([np.inf]))).all()
    assert np.isnan(above_float32(np.array([np.inf]))).all()


SPLITS = Splits(np.array([0, 0, 2]), np.array([-np.inf, 1.0, 0.0]), 3, ("a", "b", "c"), "zero")


def test_splits_say_where_values_begin():
    x = np.array([[1, 9, -0.0], [np.nan, np.nan, np.nan], [-np.inf, 0, -1e-300]])
    expected = [[True, True, True], [False, False, False], [True, False, False]]
    np.testing.assert_array_equal(SPLITS.encode(x), expected)
    assert SPLITS.input_names() == ["a is a number", "a >= 1", "c >= 0"]
    assert from_state(*SPLITS.to_state()) == SPLITS
    assert SPLITS.thresholds() is None
    strict = Splits(SPLITS.feature[1:], SPLITS.least[1:], 3)
    feature, threshold = strict.thresholds()
    np.testing.assert_array_equal(x[[0, 2]][:, feature] > threshold, strict.encode(x[[0, 2]]))
    with pytest.raises(EncodingError, match="row 1, column 0 is NaN"):
        strict.encode(x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [1.0], 2), "splits have 2 features and 1 values"),
        (([2], [1.0], 2), r"split 0 is of feature 2; expected one of 0..1"),
        (([0], [np.nan], 2), "split 0 is at NaN"),
        (([1, 0], [1.0, 2.0], 2), "split 1 does not come after the one before it"),
        (([0, 0], [1.0, 1.0], 2), "split 1 does not come after the one before it"),
        (([0], [1], 2), "splits least has shape .* dtype int64; expected .* floating-point"),
        (([0], [1.0], 0), "n_features is 0; expected an integer from 1"),
        (([0], [1.0], 1, None, "one"), "missing is 'one'; known: error, zero"),
    ],
)
def test_splits_refuse_what_is_out_of_order(arguments, message):
    with pytest.raises(EncodingError, match=message):
        Splits(*(np.array(a) if isinstance(a, list) else a for a in arguments))


def test_nodes_that_form_no_trees_are_refused():
    leaf, value = np.array([False, True, True]), np.zeros((3, 1), np.int64)
    decision, roots = np.array([2, 0, 0]), np.array([0])
    grown = _core.grow_trees(leaf, np.array([[1, 2], [0, 0], [0, 0]]), roots, decision, value, 3)
    assert grown[0].tolist() == [[2, 0]]
    for children in ([1, 1], [0, 1], [1, 3], [1, -1]):
        child = np.array([children, [0, 0], [0, 0]])
        with pytest.raises(ValueError, match="nodes of a forest form no trees"):
            _core.grow_trees(leaf, child, roots, decision, value, 3)
    with pytest.raises(ValueError, match="arrays of nodes differ in length"):
        _core.grow_trees(leaf[:2], child, roots, decision, value, 3)
