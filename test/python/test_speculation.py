# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Conditionals of ONNX models: counted in runs, speculated on two devices, with the same numbers.

The condition takes two products; its branches need the model's input only, and one takes three
products: it can be computed meanwhile, on the other device, but takes longer than the condition.
"""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from test_random_schedules import topology

SIZE = 128


def product(net: list, value: str, name: str, weight: str = "w") -> str:
    net.append(helper.make_node("MatMul", [value, weight], [name], name=name))
    return name


def branch(name: str, nodes: list, result: str) -> onnx.GraphProto:
    info = helper.make_tensor_value_info(result, TensorProto.FLOAT, (SIZE, SIZE))
    return helper.make_graph(nodes, name, [], [info])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("speculation")
    random = np.random.default_rng(3)
    weight = random.standard_normal((SIZE, SIZE), dtype=np.float32) / np.float32(np.sqrt(SIZE))
    nodes: list = []
    product(nodes, product(nodes, "x", "gate1"), "gate2")
    nodes.append(helper.make_node("ReduceSum", ["gate2"], ["sum"], name="sum", keepdims=0))
    nodes.append(helper.make_node("Greater", ["sum", "zero"], ["positive"], name="positive"))
    then: list = []
    product(then, product(then, product(then, "x", "then1", "v"), "then2", "v"), "then3", "v")
    otherwise = [helper.make_node("Neg", ["x"], ["else1"], name="else1")]
    nodes.append(
        helper.make_node(
            "If",
            ["positive"],
            ["chosen"],
            name="choice",
            then_branch=branch("then", then, "then3"),
            else_branch=branch("else", otherwise, "else1"),
        )
    )
    nodes.append(helper.make_node("Relu", ["chosen"], ["y"], name="end"))
    shape = (SIZE, SIZE)
    graph = helper.make_graph(
        nodes,
        "choice",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [
            numpy_helper.from_array(weight, "w"),
            numpy_helper.from_array(weight.T.copy(), "v"),
            numpy_helper.from_array(np.float32(0), "zero"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path / "m.onnx")
    x = random.standard_normal(shape, dtype=np.float32)
    sign = np.float32(np.sign((x @ weight @ weight).sum()))
    np.savez(path / "holds.npz", x=x * sign)
    np.savez(path / "fails.npz", x=-x * sign)
    for name, way in (("holds", sign), ("fails", -sign)):
        value = x * way
        want = np.maximum(value @ weight.T @ weight.T @ weight.T if name == "holds" else -value, 0)
        np.savez(path / f"{name}-want.npz", y=want)
    machine = topology(2)
    for device in machine["devices"]:
        device["peak_flops"] = {"f32": 1e9, "f64": 1e9, "i32": 1e9, "i8": 1e9}
    (path / "machine.json").write_text(json.dumps(machine))
    return path


def optimized(orchestra, folder, *words: object) -> str:
    machine = ["--topology", folder / "machine.json"]
    return orchestra(
        "compile", folder / "m.onnx", *machine, *words, "--stop-after=optimize", "--emit=mlir"
    ).stdout


def test_branches_become_tasks(orchestra, folder):
    text = optimized(orchestra, folder)
    assert text.count("orchestra.commit") == 1
    assert "scf.if" not in text


@pytest.mark.parametrize("case", ["holds", "fails"])
@pytest.mark.parametrize("devices", [1, 2])
def test_numbers_are_right(orchestra, folder, case, devices):
    machine = ["--topology", folder / "machine.json"] if devices == 2 else []
    compare = ["--compare", folder / f"{case}-want.npz", "--rtol", 1e-4, "--atol", 1e-4]
    orchestra("run", folder / "m.onnx", "--inputs", folder / f"{case}.npz", "--poison-arena", *machine, *compare)


def test_profile_of_runs_changes_the_decision(orchestra, folder, tmp_path):
    counts = tmp_path / "branches.json"

    def run(case: str, *words: object) -> str:
        return orchestra(
            "run", folder / "m.onnx", "--inputs", folder / f"{case}.npz", "--profile-branches", counts, *words
        ).stdout

    assert "orchestra.branch" not in run("fails")
    run("fails", "--topology", folder / "machine.json")
    run("fails", "--outputs", tmp_path / "out.npz")
    assert list(np.load(tmp_path / "out.npz")) == ["y"]
    assert json.loads(counts.read_text()) == {"branches": {"choice": {"true": 0, "false": 3}}}
    # What is never taken is not worth its time, however idle the other device is.
    text = optimized(orchestra, folder, "--branches", counts)
    assert "orchestra.commit" not in text
    assert "scf.if" in text
    run("holds")
    assert json.loads(counts.read_text())["branches"]["choice"] == {"true": 1, "false": 3}


def test_files_that_are_no_branch_profile(orchestra, folder, tmp_path):
    wrong = tmp_path / "wrong.json"
    for content, why in (("{}", "it has no 'branches'"), ("no", "it is no JSON")):
        wrong.write_text(content)
        words = ["run", folder / "m.onnx", "--inputs", folder / "holds.npz", "--profile-branches", wrong]
        error = orchestra(*words, code=2).stderr
        assert "[bad-branch-profile]" in error
        assert why in error
        assert wrong.read_text() == content
    orchestra("compile", folder / "m.onnx", "-o", tmp_path / "m.so", "-q")
    words = ["run", tmp_path / "m.so", "--inputs", folder / "holds.npz", "--profile-branches", tmp_path / "b.json"]
    assert "does not tell how its conditions go" in orchestra(*words, code=2).stderr
