#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Broken and hostile ONNX files, by name: what must end in an error and never in a crash.

    hostile.py -o FOLDER      # writes them all: the seed corpus of the importer's fuzzer

Each maker returns the bytes of a model, or a dictionary of files of which `model.onnx` is
the model. test/python/test_hostile.py feeds each to `orchestra compile` and wants exit
code 1, an error that names the file, a bound on time, and a bound on memory.
"""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
Files = bytes | dict[str, bytes]
MAKERS: dict[str, Callable[[], Files]] = {}
OPSET = 18


def case(maker: Callable[[], Files]) -> Callable[[], Files]:
    MAKERS[maker.__name__.replace("_", "-")] = maker
    return maker


def info(name: str, shape, kind: int = FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, constants=(), opset: int = OPSET, functions=(), imports=()) -> bytes:
    """No checks on purpose: what is built here is wrong."""
    tensors = [
        numpy_helper.from_array(np.asarray(v), n) if not isinstance(v, TensorProto) else v
        for n, v in dict(constants).items()
    ]
    graph = helper.make_graph(list(nodes), "hostile", list(inputs), list(outputs), tensors)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset), *imports], ir_version=10, functions=list(functions)
    ).SerializeToString()


def one(op: str, shapes, constants=(), out=(1,), kind: int = FLOAT, **attributes) -> bytes:
    """One node: inputs x0, x1, ... of these shapes, then the constants."""
    constants = dict(constants)
    names = [f"x{i}" for i in range(len(shapes))]
    node = helper.make_node(op, [*names, *constants], ["y"], name="the_node", **attributes)
    return model([node], [info(n, s) for n, s in zip(names, shapes, strict=True)], [info("y", out, kind)], constants)


def good() -> bytes:
    return one("Relu", [(2, 3)], out=(2, 3))


# ------------------------------------------------------------ not a model at all


@case
def empty_file() -> Files:
    return b""


@case
def text_file() -> Files:
    return b"This is not a model, it is a letter.\n" * 20


@case
def random_bytes() -> Files:
    return np.random.default_rng(0).bytes(4096)


@case
def zeros() -> Files:
    return bytes(4096)


@case
def truncated_early() -> Files:
    return good()[:7]


@case
def truncated_late() -> Files:
    return good()[:-5]


@case
def huge_length_prefix() -> Files:
    return good() + b"\x3a\xff\xff\xff\xff\x0f"  # field 7, graph: 4 GB that are not there


@case
def no_graph() -> Files:
    return onnx.ModelProto(ir_version=10).SerializeToString()


# ------------------------------------------------------------ graphs that are no graphs


@case
def no_opset() -> Files:
    m = onnx.ModelProto.FromString(good())
    del m.opset_import[:]
    return m.SerializeToString()


@case
def opset_from_the_future() -> Files:
    return model([helper.make_node("Relu", ["x"], ["y"])], [info("x", [1])], [info("y", [1])], opset=9999)


@case
def opset_negative() -> Files:
    return model([helper.make_node("Relu", ["x"], ["y"])], [info("x", [1])], [info("y", [1])], opset=-3)


@case
def cycle_of_two() -> Files:
    return model([helper.make_node("Relu", ["b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])], [], [info("b", [1])])


@case
def cycle_of_one() -> Files:
    return model([helper.make_node("Add", ["x", "y"], ["y"])], [info("x", [1])], [info("y", [1])])


@case
def undefined_name() -> Files:
    return model([helper.make_node("Relu", ["nobody"], ["y"])], [info("x", [1])], [info("y", [1])])


@case
def output_of_nobody() -> Files:
    return model([helper.make_node("Relu", ["x"], ["y"])], [info("x", [1])], [info("z", [1])])


@case
def same_name_twice() -> Files:
    return model(
        [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"])],
        [info("x", [1])],
        [info("y", [1])],
    )


@case
def unknown_operator() -> Files:
    return one("FrobnicateTensors", [(1,)])


@case
def unknown_domain() -> Files:
    node = helper.make_node("Thing", ["x"], ["y"], domain="com.example.nobody")
    return model([node], [info("x", [1])], [info("y", [1])], imports=[helper.make_opsetid("com.example.nobody", 1)])


@case
def many_gaps() -> Files:
    """Three different unsupported operators: the one report must name them all."""
    nodes = [helper.make_node(f"Unknown{i}", ["x" if i == 0 else f"t{i - 1}"], [f"t{i}"]) for i in range(3)]
    return model(nodes, [info("x", [1])], [info("t2", [1])])


@case
def element_type_unknown() -> Files:
    return model([helper.make_node("Relu", ["x"], ["y"])], [info("x", [1], 999)], [info("y", [1], 999)])


@case
def input_without_type() -> Files:
    return model([helper.make_node("Relu", ["x"], ["y"])], [onnx.ValueInfoProto(name="x")], [info("y", [1])])


@case
def negative_input_dim() -> Files:
    return one("Relu", [(-4, 3)], out=(-4, 3))


@case
def huge_input_dims() -> Files:
    return one("Relu", [(1 << 40, 1 << 40)], out=(1 << 40, 1 << 40))


# ------------------------------------------------------------ operators used wrongly


@case
def too_few_inputs() -> Files:
    return one("MatMul", [(2, 3)], out=(2, 3))


@case
def too_many_inputs() -> Files:
    return one("Relu", [(2,), (2,), (2,)], out=(2,))


@case
def attribute_missing() -> Files:
    return one("Concat", [(2,), (2,)], out=(4,))


@case
def attribute_of_wrong_type() -> Files:
    return one("Conv", [(1, 1, 8, 8), (1, 1, 3, 3)], out=(1, 1, 6, 6), strides="fast")


@case
def attribute_unknown() -> Files:
    return one("Relu", [(2,)], out=(2,), surprise=3)


@case
def types_disagree() -> Files:
    node = helper.make_node("Add", ["a", "b"], ["y"])
    return model([node], [info("a", [2]), info("b", [2], INT64)], [info("y", [2])])


@case
def add_shapes_disagree() -> Files:
    return one("Add", [(2, 3), (4, 5)], out=(2, 3))


@case
def matmul_shapes_disagree() -> Files:
    return one("MatMul", [(2, 384, 64), (2, 65, 384)], out=(2, 384, 384))


@case
def gemm_rank_three() -> Files:
    return one("Gemm", [(2, 3, 4), (4, 5)], out=(2, 5))


@case
def concat_shapes_disagree() -> Files:
    return one("Concat", [(2, 3), (4, 5)], out=(6, 3), axis=0)


@case
def concat_axis_out_of_range() -> Files:
    return one("Concat", [(2, 3), (2, 3)], out=(4, 3), axis=7)


@case
def conv_channels_disagree() -> Files:
    return one("Conv", [(1, 3, 8, 8), (4, 5, 3, 3)], out=(1, 4, 6, 6))


@case
def conv_group_zero() -> Files:
    return one("Conv", [(1, 3, 8, 8), (4, 3, 3, 3)], out=(1, 4, 6, 6), group=0)


@case
def conv_stride_zero() -> Files:
    return one("Conv", [(1, 3, 8, 8), (4, 3, 3, 3)], out=(1, 4, 6, 6), strides=[0, 0])


@case
def conv_stride_negative() -> Files:
    return one("Conv", [(1, 3, 8, 8), (4, 3, 3, 3)], out=(1, 4, 6, 6), strides=[-1, -1])


@case
def conv_window_larger_than_picture() -> Files:
    return one("Conv", [(1, 3, 4, 4), (4, 3, 9, 9)], out=(1, 4, 1, 1))


@case
def conv_pads_of_wrong_length() -> Files:
    return one("Conv", [(1, 3, 8, 8), (4, 3, 3, 3)], out=(1, 4, 8, 8), pads=[1, 1, 1])


@case
def conv_pads_huge() -> Files:
    return one("Conv", [(1, 3, 8, 8), (4, 3, 3, 3)], out=(1, 4, 8, 8), pads=[1 << 40] * 4)


@case
def conv_auto_pad_nonsense() -> Files:
    return one("Conv", [(1, 3, 8, 8), (4, 3, 3, 3)], out=(1, 4, 8, 8), auto_pad="SOMEHOW")


@case
def pool_window_zero() -> Files:
    return one("MaxPool", [(1, 3, 8, 8)], out=(1, 3, 8, 8), kernel_shape=[0, 0])


@case
def pool_window_of_wrong_rank() -> Files:
    return one("AveragePool", [(1, 3, 8, 8)], out=(1, 3, 8, 8), kernel_shape=[2, 2, 2])


@case
def transpose_not_a_permutation() -> Files:
    return one("Transpose", [(2, 3)], out=(2, 3), perm=[0, 0])


@case
def transpose_out_of_range() -> Files:
    return one("Transpose", [(2, 3)], out=(3, 2), perm=[5, 0])


@case
def reshape_other_size() -> Files:
    return one("Reshape", [(2, 3)], {"shape": np.array([7, 7], np.int64)}, out=(7, 7))


@case
def reshape_two_unknown() -> Files:
    return one("Reshape", [(2, 3)], {"shape": np.array([-1, -1], np.int64)}, out=(2, 3))


@case
def reshape_overflow() -> Files:
    return one("Reshape", [(2, 3)], {"shape": np.array([1 << 62, 1 << 62, 6], np.int64)}, out=(2, 3))


@case
def squeeze_of_two() -> Files:
    return one("Squeeze", [(2, 3)], {"axes": np.array([0], np.int64)}, out=(3,))


@case
def unsqueeze_twice_the_same() -> Files:
    return one("Unsqueeze", [(2, 3)], {"axes": np.array([0, 0], np.int64)}, out=(1, 1, 2, 3))


@case
def slice_step_zero() -> Files:
    one_ = lambda v: np.array([v], np.int64)  # noqa: E731
    return one("Slice", [(8,)], {"starts": one_(0), "ends": one_(8), "axes": one_(0), "steps": one_(0)}, out=(8,))


@case
def split_sizes_disagree() -> Files:
    node = helper.make_node("Split", ["x", "sizes"], ["y", "z"], axis=0)
    return model([node], [info("x", [8])], [info("y", [4]), info("z", [4])], {"sizes": np.array([4, 9], np.int64)})


@case
def gather_axis_out_of_range() -> Files:
    return one("Gather", [(2, 3)], {"indices": np.array([0], np.int64)}, out=(1, 3), axis=4)


@case
def gather_constant_index_out_of_range() -> Files:
    node = helper.make_node("Gather", ["table", "index"], ["row"])
    add = helper.make_node("Add", ["row", "x"], ["y"])
    return model(
        [node, add],
        [info("x", [3])],
        [info("y", [3])],
        {"table": np.ones((2, 3), np.float32), "index": np.array(99, np.int64)},
    )


@case
def softmax_axis_out_of_range() -> Files:
    return one("Softmax", [(2, 3)], out=(2, 3), axis=9)


@case
def batch_norm_statistics_of_wrong_length() -> Files:
    four = {n: np.ones(4, np.float32) for n in ("scale", "bias", "mean", "var")}
    return one("BatchNormalization", [(1, 3, 8, 8)], four, out=(1, 3, 8, 8))


@case
def cast_to_nothing() -> Files:
    return one("Cast", [(2,)], out=(2,), to=12345)


# ------------------------------------------------------------ huge by intent


@case
def constant_of_huge_shape() -> Files:
    shape = {"shape": np.array([1 << 20, 1 << 20], np.int64)}
    return one("ConstantOfShape", [], shape, out=(1 << 20, 1 << 20))


@case
def constant_of_overflowing_shape() -> Files:
    shape = {"shape": np.array([1 << 33, 1 << 33], np.int64)}
    return one("ConstantOfShape", [], shape, out=(1 << 33, 1 << 33))


@case
def constant_of_negative_shape() -> Files:
    return one("ConstantOfShape", [], {"shape": np.array([-5, 3], np.int64)}, out=(5, 3))


@case
def range_without_end() -> Files:
    ends = {"start": np.array(0, np.int64), "limit": np.array(1 << 50, np.int64), "delta": np.array(1, np.int64)}
    return one("Range", [], ends, out=(1 << 50,), kind=INT64)


@case
def range_step_zero() -> Files:
    ends = {"start": np.array(0, np.int64), "limit": np.array(9, np.int64), "delta": np.array(0, np.int64)}
    return one("Range", [], ends, out=(9,), kind=INT64)


@case
def expand_huge() -> Files:
    return one("Expand", [(1,)], {"shape": np.array([1 << 45], np.int64)}, out=(1 << 45,))


@case
def weights_missing_their_data() -> Files:
    short = TensorProto(name="w", data_type=FLOAT, dims=[1000, 1000], raw_data=b"\0" * 16)
    return one("Add", [(1000, 1000)], {"w": short}, out=(1000, 1000))


@case
def weights_too_long() -> Files:
    return one("Add", [(2,)], {"w": TensorProto(name="w", data_type=FLOAT, dims=[2], raw_data=b"\0" * 64)}, out=(2,))


@case
def weights_of_negative_size() -> Files:
    return one("Add", [(2,)], {"w": TensorProto(name="w", data_type=FLOAT, dims=[-2], raw_data=b"\0" * 8)}, out=(2,))


@case
def weights_of_overflowing_size() -> Files:
    dims = [1 << 32, 1 << 32, 4]
    return one("Add", [(2,)], {"w": TensorProto(name="w", data_type=FLOAT, dims=dims, raw_data=b"\0" * 8)}, out=(2,))


# ------------------------------------------------------------ data outside the file


def outside(entries: dict[str, str], dims=(4,), **files: bytes) -> Files:
    tensor = TensorProto(name="w", data_type=FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return {"model.onnx": one("Add", [dims], {"w": tensor}, out=dims), **files}


@case
def external_data_above_the_folder() -> Files:
    return outside({"location": "../../../../../../etc/passwd", "length": "16"})


@case
def external_data_absolute() -> Files:
    return outside({"location": "/etc/passwd", "length": "16"})


@case
def external_data_missing() -> Files:
    return outside({"location": "not-there.bin"})


@case
def external_data_is_the_folder() -> Files:
    return outside({"location": "."})


@case
def external_data_beyond_the_end() -> Files:
    return outside({"location": "w.bin", "offset": "1000000"}, **{"w.bin": bytes(16)})


@case
def external_data_offset_negative() -> Files:
    return outside({"location": "w.bin", "offset": "-16", "length": "16"}, **{"w.bin": bytes(16)})


@case
def external_data_offset_no_number() -> Files:
    return outside({"location": "w.bin", "offset": "everywhere"}, **{"w.bin": bytes(16)})


@case
def external_data_length_too_short() -> Files:
    return outside({"location": "w.bin", "length": "8"}, **{"w.bin": bytes(16)})


@case
def external_data_huge() -> Files:
    return outside({"location": "w.bin"}, (1 << 40,), **{"w.bin": bytes(16)})


# ------------------------------------------------------------ bombs


def functions(names: int, calls: int) -> list[onnx.FunctionProto]:
    """f0 is a Relu; each later one calls the one before it `calls` times."""
    opset = [helper.make_opsetid("", OPSET), helper.make_opsetid("bomb", 1)]
    out = [helper.make_function("bomb", "f0", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], opset)]
    for i in range(1, names):
        nodes = [
            helper.make_node(
                f"f{i - 1}", ["x" if c == 0 else f"t{c - 1}"], ["y" if c == calls - 1 else f"t{c}"], domain="bomb"
            )
            for c in range(calls)
        ]
        out.append(helper.make_function("bomb", f"f{i}", ["x"], ["y"], nodes, opset))
    return out


def calling(name: str, of: list[onnx.FunctionProto]) -> bytes:
    node = helper.make_node(name, ["x"], ["y"], domain="bomb")
    return model([node], [info("x", [1])], [info("y", [1])], functions=of, imports=[helper.make_opsetid("bomb", 1)])


@case
def function_bomb() -> Files:
    return calling("f29", functions(30, 2))  # 2 to the 29th operators in 3 KB


@case
def function_calls_itself() -> Files:
    opset = [helper.make_opsetid("", OPSET), helper.make_opsetid("bomb", 1)]
    node = helper.make_node("f", ["x"], ["y"], domain="bomb")
    return calling("f", [helper.make_function("bomb", "f", ["x"], ["y"], [node], opset)])


@case
def functions_call_each_other() -> Files:
    opset = [helper.make_opsetid("", OPSET), helper.make_opsetid("bomb", 1)]
    return calling(
        "f",
        [
            helper.make_function(
                "bomb", "f", ["x"], ["y"], [helper.make_node("g", ["x"], ["y"], domain="bomb")], opset
            ),
            helper.make_function(
                "bomb", "g", ["x"], ["y"], [helper.make_node("f", ["x"], ["y"], domain="bomb")], opset
            ),
        ],
    )


@case
def deep_nesting() -> Files:
    """An If in an If in an If, five thousand deep, written as bytes: libraries refuse to build it."""

    def field(number: int, data: bytes) -> bytes:
        size, length = len(data), b""
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        return bytes([number << 3 | 2]) + length + bytes([size]) + data

    graph = field(2, b"deep")
    for _ in range(5000):
        attribute = field(1, b"then_branch") + field(6, graph) + b"\xa0\x01\x05"
        graph = field(1, field(4, b"If") + field(5, attribute)) + field(2, b"deep")
    return b"\x08\x0a" + field(7, graph) + field(8, b"\x10\x12")


@case
def name_of_a_megabyte() -> Files:
    return model([helper.make_node("Unknown", ["x"], ["y"], name="n" * (1 << 20))], [info("x", [1])], [info("y", [1])])


@case
def name_with_control_characters() -> Files:
    return model(
        [helper.make_node("Unknown", ["x"], ["y"], name="a\n\x1b[31mb\0c\"'<>")], [info("x", [1])], [info("y", [1])]
    )


def files_of(name: str) -> dict[str, bytes]:
    made = MAKERS[name]()
    return made if isinstance(made, dict) else {"model.onnx": made}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=pathlib.Path, required=True, metavar="FOLDER")
    out: pathlib.Path = parser.parse_args().out
    for name in MAKERS:
        for file, data in files_of(name).items():
            path = out / (f"{name}.onnx" if file == "model.onnx" else f"{name}.{file}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    print(f"{len(MAKERS)} models in {out}")


if __name__ == "__main__":
    main()
