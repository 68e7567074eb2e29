# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Classical models of ai.onnx.ml, as converters write those of scikit-learn, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

pytest.importorskip("nanobind", reason="without nanobind the build has no Python package")
import orchestra

RANDOM = np.random.default_rng(0)
TRAIN = RANDOM.normal(size=(200, 5)).astype("float32")
TEST = RANDOM.normal(size=(40, 5)).astype("float32")
THREE = (TRAIN[:, 0] + TRAIN[:, 1] * TRAIN[:, 2] > 0).astype(int) + (TRAIN[:, 3] > 0.5)
TWO = (THREE > 0).astype(int)
POSTS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]


def labels(kind: str, count: int, ints: str = "classlabels_ints") -> dict:
    return {ints: [3, 5, 9][:count]} if kind == "ints" else {"classlabels_strings": ["a", "bc", "d"][:count]}


def build(op: str, attributes: dict, features: int, *, scores: bool) -> onnx.ModelProto:
    texts = any("strings" in name for name in attributes)
    names = ["label", "scores"] if scores else ["scores"]
    types = [TensorProto.STRING if texts else TensorProto.INT64, TensorProto.FLOAT][-len(names) :]
    node = helper.make_node(op, ["x"], names, domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph(
        [node],
        "classical",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", features])],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in zip(names, types, strict=True)],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def compare(op: str, attributes: dict, inputs: np.ndarray = TEST, *, scores: bool = True) -> None:
    model = build(op, attributes, inputs.shape[1], scores=scores)
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": inputs})
    got = orchestra.compile(model)(inputs)
    if scores:
        assert np.array_equal(np.asarray(got[0], dtype=object), np.asarray(want[0], dtype=object))
    np.testing.assert_allclose(got[-1], want[-1], rtol=1e-3, atol=1e-4)


def forest(trees: list, votes) -> dict:
    """The attributes of scikit-learn's trees; votes(leaf's value) gives (class, weight) pairs."""
    lists: dict[str, list] = {
        name: []
        for name in (
            *("nodes_treeids", "nodes_nodeids", "nodes_truenodeids", "nodes_falsenodeids", "nodes_featureids"),
            *("nodes_modes", "nodes_values", "class_treeids", "class_nodeids", "class_ids", "class_weights"),
        )
    }
    for number, fitted in enumerate(trees):
        tree = fitted.tree_
        for node in range(tree.node_count):
            leaf = tree.children_left[node] < 0
            values = (
                *(number, node, 0 if leaf else tree.children_left[node], 0 if leaf else tree.children_right[node]),
                *(0 if leaf else tree.feature[node], "LEAF" if leaf else "BRANCH_LEQ"),
            )
            for name, value in zip(list(lists)[:6], values, strict=True):
                lists[name].append(value if isinstance(value, str) else int(value))
            lists["nodes_values"].append(0.0 if leaf else float(tree.threshold[node]))
            for target, weight in votes(tree.value[node][0]) if leaf else []:
                for name, value in zip(list(lists)[7:], (number, node, target, float(weight)), strict=True):
                    lists[name].append(value)
    return lists


@pytest.fixture(scope="module")
def ensemble():
    return pytest.importorskip("sklearn.ensemble", reason="scikit-learn grows the trees")


@pytest.mark.parametrize("post", POSTS)
@pytest.mark.parametrize("kind", ["ints", "strings"])
@pytest.mark.parametrize("base", [{}, {"base_values": [0.1, 0.2, -0.3]}], ids=["", "base"])
def test_forest_of_three_classes(ensemble, post, kind, base):
    trees = ensemble.RandomForestClassifier(5, max_depth=4, random_state=0).fit(TRAIN, THREE).estimators_
    attributes = forest(trees, lambda value: [(c, v / 5) for c, v in enumerate(value)])
    compare("TreeEnsembleClassifier", {**attributes, **labels(kind, 3, "classlabels_int64s"), **base, "post_transform": post})


@pytest.mark.parametrize("sign", [1, -1])
def test_leaves_that_vote_for_some_classes(ensemble, sign):
    trees = ensemble.RandomForestClassifier(5, max_depth=4, random_state=0).fit(TRAIN, THREE).estimators_
    attributes = forest(trees, lambda value: [(c, sign * v / 5) for c, v in enumerate(value) if v > 0])
    compare("TreeEnsembleClassifier", {**attributes, **labels("ints", 3, "classlabels_int64s")})


@pytest.mark.parametrize("post", POSTS)
@pytest.mark.parametrize("kind", ["ints", "strings"])
@pytest.mark.parametrize(("bases", "voted"), [([], 0), ([0.1], 0), ([0.1, 0.1], 0), ([], 1)])
def test_two_classes_with_one_score(ensemble, post, kind, bases, voted):
    grown = [
        (ensemble.RandomForestClassifier(5, max_depth=4, random_state=0).fit(TRAIN, TWO).estimators_, lambda value: [(voted, value[1] / 5)]),
        (ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0).fit(TRAIN, TWO).estimators_[:, 0], lambda value: [(voted, value[0])]),
    ]
    for trees, votes in grown:
        attributes = {**forest(list(trees), votes), **labels(kind, 2, "classlabels_int64s"), "post_transform": post}
        compare("TreeEnsembleClassifier", attributes | ({"base_values": bases} if bases else {}))


@pytest.mark.parametrize("kind", ["ints", "strings"])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("post", ["NONE", "LOGISTIC", "SOFTMAX"])
def test_linear_classifier(kind, count, post):
    factors, offsets = RANDOM.normal(size=5 * count), RANDOM.normal(size=count)
    compare("LinearClassifier", {**labels(kind, max(count, 2)), "coefficients": factors.tolist(), "intercepts": offsets.tolist(), "post_transform": post})


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
def test_support_vectors(kernel):
    svm = pytest.importorskip("sklearn.svm", reason="scikit-learn finds the vectors")
    shared = {"kernel_type": kernel.upper(), "kernel_params": [0.2, 0.5, 3.0]}

    def vectors(fitted) -> dict:
        return {"support_vectors": fitted.support_vectors_.ravel().tolist(), "coefficients": fitted.dual_coef_.ravel().tolist(), "rho": fitted.intercept_.tolist()}

    regressor = svm.SVR(kernel=kernel, gamma=0.2, coef0=0.5).fit(TRAIN, TRAIN[:, 0])
    novelty = svm.OneClassSVM(kernel=kernel, gamma=0.2, coef0=0.5).fit(TRAIN)
    for fitted, one in ((regressor, 0), (novelty, 1)):
        compare("SVMRegressor", {**shared, **vectors(fitted), "n_supports": len(fitted.support_), "one_class": one}, scores=False)
    for target in (TWO, THREE):
        fitted = svm.SVC(kernel=kernel, gamma=0.2, coef0=0.5).fit(TRAIN, target)
        for kind in ("ints", "strings"):
            for post in ("NONE", "LOGISTIC", "SOFTMAX"):
                compare("SVMClassifier", {**shared, **vectors(fitted), **labels(kind, len(fitted.classes_)), "vectors_per_class": fitted.n_support_.tolist(), "post_transform": post})


def test_what_is_refused():
    node = helper.make_node("LinearClassifier", ["x"], ["label", "scores"], domain="ai.onnx.ml", coefficients=[1.0] * 5)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 5])],
        [helper.make_tensor_value_info("label", TensorProto.INT64, [2]), helper.make_tensor_value_info("scores", TensorProto.FLOAT, [2, 1])],
    )
    with pytest.raises(orchestra.CompileError) as raised:
        orchestra.compile(helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("", 21)]))
    assert raised.value.slug == "missing-attribute" and "classlabels_strings" in raised.value.text


@pytest.mark.parametrize("strings", [False, True])
def test_one_hot(strings):
    kind = TensorProto.STRING if strings else TensorProto.INT64
    categories = {"cats_strings": ["x", "yy", "z"]} if strings else {"cats_int64s": [4, 7, 1]}
    node = helper.make_node("OneHotEncoder", ["x"], ["y"], domain="ai.onnx.ml", **categories)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", kind, ["n", 2])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2, 3])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=10)
    inputs = np.array([["z", "x"], ["yy", "none"]], dtype=object) if strings else np.array([[1, 4], [7, 5]])
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": inputs})[0]
    assert np.array_equal(orchestra.compile(model)(inputs)[0], want)


@pytest.mark.parametrize("strings", [False, True])
def test_category_mapper(strings):
    kinds = (TensorProto.STRING, TensorProto.INT64)[:: 1 if strings else -1]
    node = helper.make_node("CategoryMapper", ["x"], ["y"], domain="ai.onnx.ml", cats_strings=["x", "yy"], cats_int64s=[4, 7])
    shape = ["n", 2]
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", kinds[0], shape)], [helper.make_tensor_value_info("y", kinds[1], shape)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=10)
    inputs = np.array([["yy", "x"], ["yy", "none"]], dtype=object) if strings else np.array([[1, 4], [7, 5]])
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": inputs})[0]
    assert np.array_equal(np.asarray(orchestra.compile(model)(inputs)[0], dtype=object), np.asarray(want, dtype=object))


@pytest.mark.parametrize("count", [3, 5])
def test_probabilities_of_pairs_are_coupled(count):
    svm = pytest.importorskip("sklearn.svm", reason="scikit-learn finds the vectors")
    target = np.argsort(np.argsort(TRAIN[:, 0] + TRAIN[:, 1] * TRAIN[:, 2])) * count // len(TRAIN)
    fitted = svm.SVC(gamma=0.2).fit(TRAIN, target)
    pairs = count * (count - 1) // 2
    attributes = {
        "kernel_type": "RBF",
        "kernel_params": [0.2, 0.0, 3.0],
        "support_vectors": fitted.support_vectors_.ravel().tolist(),
        "coefficients": fitted.dual_coef_.ravel().tolist(),
        "rho": fitted.intercept_.tolist(),
        "vectors_per_class": fitted.n_support_.tolist(),
        "prob_a": np.linspace(-2, -0.7, pairs).tolist(),
        "prob_b": np.linspace(-0.2, 0.3, pairs).tolist(),
        "classlabels_ints": list(range(count)),
    }
    for post in ("NONE", "SOFTMAX"):
        compare("SVMClassifier", {**attributes, "post_transform": post})
    with pytest.raises(orchestra.CompileError, match="prob_a and prob_b do not fit"):
        orchestra.compile(build("SVMClassifier", {**attributes, "prob_b": [0.1]}, 5, scores=True))


@pytest.mark.parametrize("strings", [False, True])
@pytest.mark.parametrize("rows", [3, 0, None])
def test_scores_with_names(strings, rows):
    """ZipMap, at the end of every classifier that scikit-learn's converter writes."""
    names = {"classlabels_strings": ["a", "bc", "d"]} if strings else {"classlabels_int64s": [3, 5, 9]}
    kind = TensorProto.STRING if strings else TensorProto.INT64
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(kind, helper.make_tensor_type_proto(TensorProto.FLOAT, None)))
    graph = helper.make_graph(
        [
            helper.make_node("LinearClassifier", ["x"], ["label", "p"], domain="ai.onnx.ml", coefficients=[float(i) for i in range(12)], intercepts=[0.0, 1.0, 2.0], post_transform="SOFTMAX", **labels("strings" if strings else "ints", 3)),
            helper.make_node("Squeeze" if rows is None else "Identity", ["p"], ["q"]),
            helper.make_node("ZipMap", ["q"], ["named"], domain="ai.onnx.ml", **names),
        ],
        "named",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1 if rows is None else "n", 4])],
        [helper.make_value_info("named", maps), helper.make_tensor_value_info("label", kind, ["n"])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=10)
    x = RANDOM.normal(size=(1 if rows is None else rows, 4)).astype("float32") / 10
    right, ours = onnxruntime.InferenceSession(model.SerializeToString()), orchestra.InferenceSession(model)
    assert [(o.name, o.type) for o in ours.get_outputs()] == [(o.name, o.type) for o in right.get_outputs()]
    (want, label), (got, ours_label) = right.run(None, {"x": x}), ours.run(None, {"x": x})
    assert [list(row) for row in got] == [list(row) for row in want] and list(ours_label) == list(label)
    for mine, row in zip(got, want, strict=True):
        assert mine == pytest.approx(row, rel=1e-5) and all(type(value) is float for value in mine.values())
    assert [list(row) for row in ours.run(["named"], {"x": x})[0]] == [list(row) for row in want]
    keys, values, _ = orchestra.compile(model)(x)
    assert keys.tolist() == list(names.values())[0] and values.shape == (len(x), 3)


def test_maps_are_outputs_only():
    text = """<ir_version: 10, opset_import: ["" : 21, "ai.onnx.ml" : 3]>
        g (float[n,2] x) => (int64 y) { m = ai.onnx.ml.ZipMap <classlabels_int64s = [1, 2]> (x)  y = SequenceLength (m) }"""
    with pytest.raises(orchestra.CompileError, match="'m' is a sequence of maps") as raised:
        orchestra.compile(onnx.parser.parse_model(text))
    assert raised.value.slug == "unsupported-form"
    with pytest.raises(orchestra.CompileError, match="not one label for each score"):
        orchestra.compile(onnx.parser.parse_model(text.replace("n,2", "n,3").replace("SequenceLength", "Identity").replace("int64 y", "seq(map(int64, float)) y")))


@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_targets_that_no_tree_votes_for(ensemble, aggregate):
    trees = ensemble.RandomForestRegressor(3, max_depth=2, random_state=0).fit(TRAIN, TRAIN[:, 0]).estimators_
    attributes = forest(trees, lambda value: [(0, value[0] - 2)] if value[0] < 0 else [(2, value[0] + 2)])
    attributes = {name.replace("class_", "target_"): values for name, values in attributes.items()}
    compare("TreeEnsembleRegressor", {**attributes, "n_targets": 3, "aggregate_function": aggregate}, scores=False)


@pytest.mark.parametrize(
    "text",
    [
        "(int64[n] x) => (int64[n] y) { y = ai.onnx.ml.LabelEncoder <keys_int64s = [1, 2, 1, 2], values_int64s = [10, 20, 30, 40]> (x) }",
        "(int64[n] x) => (string[n] y) { y = ai.onnx.ml.CategoryMapper <cats_int64s = [1, 2, 1], cats_strings = [\"a\", \"b\", \"c\"]> (x) }",
        "(int64[n] x) => (float[n,3] y) { y = ai.onnx.ml.OneHotEncoder <cats_int64s = [1, 2, 1]> (x) }",
    ],
)  # fmt: skip
def test_keys_that_come_twice(text):
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 21, "ai.onnx.ml" : 3]> twice {text}')
    x = np.array([1, 2, 3, 1])
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
    assert np.array_equal(np.asarray(orchestra.compile(model)(x)[0], dtype=object), np.asarray(want, dtype=object))
