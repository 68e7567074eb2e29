# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays in and out of the Python package: types, memory, other libraries."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys

import ml_dtypes
import numpy as np
import package_models
import pytest
from onnx import TensorProto, helper

pytest.importorskip("nanobind", reason="without nanobind the build has no Python package")
import orchestra

F32 = TensorProto.FLOAT

#: Types that a node can hand through, and values that its corners are in.
TYPES = {
    "float32": (TensorProto.FLOAT, "f32", [-1.5, 0, 3e38]),
    "float64": (TensorProto.DOUBLE, "f64", [-1.5, 0, 1e300]),
    "float16": (TensorProto.FLOAT16, "f16", [-1.5, 0, 65504]),
    "bfloat16": (TensorProto.BFLOAT16, "bf16", [-1.5, 0, 3e38]),
    "int8": (TensorProto.INT8, "i8", [-128, 0, 127]),
    "int16": (TensorProto.INT16, "i16", [-32768, 0, 32767]),
    "int32": (TensorProto.INT32, "i32", [-(2**31), 0, 2**31 - 1]),
    "int64": (TensorProto.INT64, "i64", [-(2**63), 0, 2**63 - 1]),
    "uint8": (TensorProto.UINT8, "u8", [0, 1, 255]),
    "uint16": (TensorProto.UINT16, "u16", [0, 1, 65535]),
    "uint32": (TensorProto.UINT32, "u32", [0, 1, 2**32 - 1]),
    "uint64": (TensorProto.UINT64, "u64", [0, 1, 2**64 - 1]),
    "bool": (TensorProto.BOOL, "bool", [False, True, True]),
    "float8_e4m3fn": (TensorProto.FLOAT8E4M3FN, "f8E4M3FN", [-1.5, 0, 448]),
    "float8_e5m2": (TensorProto.FLOAT8E5M2, "f8E5M2", [-1.5, 0, 57344]),
    "int4": (TensorProto.INT4, "i4", [-8, 0, 7, -1, 5]),
    "uint4": (TensorProto.UINT4, "u4", [0, 15, 7, 1, 9]),
}


def numpy_type(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name, None) or name)


@pytest.fixture(scope="module")
def relu() -> orchestra.Program:
    return orchestra.compile(package_models.unary("Relu", F32, ["rows", "columns"]))


# ------------------------------------------------------------ types


@pytest.mark.parametrize("name", TYPES)
def test_every_type_goes_through(name):
    """A transpose moves elements and knows nothing of their type: bits in, bits out."""
    element, ours, values = TYPES[name]
    node = helper.make_node("Transpose", ["x"], ["y"], "t", perm=[1, 0])
    rows = len(values) if "int4" in name else "n"  # packed types have static shapes
    model = package_models.make([node], [("x", element, [rows, 2])], [("y", element, [2, rows])], opset=23)
    program = orchestra.compile(model)
    dtype = numpy_type(name)
    assert program.inputs[0].dtype == dtype and program.outputs[0].type == ours
    array = np.array([values, values[::-1]], dtype).T
    (got,) = program(np.ascontiguousarray(array))
    assert got.dtype == dtype and got.shape == array.T.shape
    assert got.tobytes() == array.T.tobytes()


@pytest.mark.parametrize(
    ("name", "op", "want"),
    [
        ("float16", "Abs", np.abs),
        ("bfloat16", "Neg", np.negative),
        ("int8", "Neg", np.negative),
        ("bool", "Not", np.logical_not),
        ("float64", "Exp", np.exp),
    ],
)
def test_types_compute(name, op, want):
    program = orchestra.compile(package_models.unary(op, TYPES[name][0], ["n"]))
    array = np.array([-2, 0, 1, 5]).astype(numpy_type(name))
    got = program(array)[0]
    assert got.dtype == array.dtype
    np.testing.assert_allclose(got.astype("float64"), want(array).astype("float64"), rtol=1e-12)


def test_another_type_is_an_error(relu):
    for array in (np.zeros((2, 2)), np.zeros((2, 2), "float16"), np.zeros((2, 2), ">f4"), np.zeros((2, 2), object)):
        with pytest.raises(orchestra.InputError, match="but the model has f32") as raised:
            relu(array)
        assert raised.value.slug == "tensor-type" and ".astype('float32')" in raised.value.text
    with pytest.raises(orchestra.InputError, match="has type float64"):
        relu(np.float64(3))


def test_numbers_and_lists(relu):
    np.testing.assert_array_equal(relu([[1, -2], [3.5, -4]])[0], [[1, 0], [3.5, 0]])
    np.testing.assert_array_equal(relu([[], []])[0], np.zeros((2, 0)))
    scalar = orchestra.compile(package_models.unary("Neg", TensorProto.INT8, []))
    assert scalar(5)[0] == -5 and scalar(5)[0].shape == ()
    for value in (2.5, 300):
        with pytest.raises(orchestra.InputError) as raised:
            scalar(value)
        assert raised.value.slug == "tensor-type"
    truth = orchestra.compile(package_models.unary("Not", TensorProto.BOOL, []))
    assert truth(True)[0] == np.False_
    with pytest.raises(orchestra.InputError):
        truth(1)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (5, 0), (1, 1)])
def test_small_and_empty(relu, shape):
    got = relu(np.full(shape, -1, "float32"))[0]
    assert got.shape == shape and not got.any()


def test_rank_zero():
    program = orchestra.compile(package_models.unary("Neg", F32, []))
    got = program(np.array(2.5, "float32"))[0]
    assert got.shape == () and got == -2.5


def test_strings():
    node = helper.make_node("StringConcat", ["x", "y"], ["z"], "concat")
    text = TensorProto.STRING
    program = orchestra.compile(
        package_models.make([node], [("x", text, ["n"]), ("y", text, ["n"])], [("z", text, ["n"])])
    )
    assert program.inputs[0].type == "string" and program.inputs[0].dtype == np.dtype(object)
    words = ["", "één", "日本", "x" * 1000]
    for x in (words, np.array(words), np.array(words, object), [word.encode() for word in words]):
        got = program(x, np.array(["-", "🙂", "", "y"]))[0]
        assert got.dtype == np.dtype(object) and got.tolist() == ["-", "één🙂", "日本", "x" * 1000 + "y"]
    assert program([], [])[0].shape == (0,)
    with pytest.raises(orchestra.InputError, match="has type int, but the model has string"):
        program([1], ["a"])


# ------------------------------------------------------------ memory

READS_IN_PLACE = """
import numpy, orchestra, sys

def resident():
    return int(open("/proc/self/statm").read().split()[1]) >> 8  # MB

program = orchestra.compile(sys.argv[1], threads=1)
# Never written: all of it is one page of zeros. Reading costs no memory, a copy 512 MB.
array = numpy.zeros((1 << 27,), "float32")
program(array[:16])
before = resident()
assert program(array)[0] == 0
dense = resident() - before
# The program keeps the place for its copies.
assert program(array[::2])[0] == 0
print(dense, resident() - before)
"""


def test_inputs_are_read_where_they_are(tmp_path):
    """The measure can fail: a strided array, which must be copied, does grow the process."""
    import onnx

    node = helper.make_node("ReduceMax", ["x"], ["y"], "reduce", keepdims=0)
    path = tmp_path / "reduce.onnx"
    onnx.save(package_models.make([node], [("x", F32, ["n"])], [("y", F32, [])]), path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", READS_IN_PLACE, str(path)],
        env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    dense, strided = map(int, done.stdout.split())
    assert dense < 64 and strided > 200, f"{dense} MB and {strided} MB"


def test_outputs_own_the_memory_the_program_wrote(relu):
    array = np.arange(12, dtype="float32").reshape(3, 4)
    first = relu(array)[0]
    assert first.ctypes.data % 64 == 0 and first.flags.c_contiguous and first.flags.writeable
    assert type(first.base).__name__ == "PyCapsule" and not first.flags.owndata
    second = relu(array)[0]
    assert not np.shares_memory(first, second) and not np.shares_memory(first, array)
    first[:] = 7
    np.testing.assert_array_equal(second, array)
    view = second[1:, ::2]
    del second
    gc.collect()
    for _ in range(20):
        relu(array + 1)
    np.testing.assert_array_equal(view, array[1:, ::2])


def test_outputs_outlive_their_program():
    program = orchestra.compile(package_models.unary("Neg", F32, ["n"]))
    got = program(np.arange(1000, dtype="float32"))[0]
    del program
    gc.collect()
    np.testing.assert_array_equal(got, -np.arange(1000, dtype="float32"))


def test_outputs_are_freed(relu):
    array = np.ones((1024, 1024), "float32")
    for _ in range(4):
        relu(array)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(200):
        relu(array)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


def test_inputs_are_let_go(relu):
    array = np.ones((4, 4), "float32")
    before = sys.getrefcount(array)
    for _ in range(10):
        relu(array)
    with pytest.raises(orchestra.InputError):
        relu(array[0])
    assert sys.getrefcount(array) == before


def test_odd_layouts_are_copied(relu):
    base = np.random.default_rng(0).standard_normal((6, 8)).astype("float32")
    records = np.zeros((3, 4), [("tag", "i1"), ("value", "f4")])
    records["value"] = base[:3, :4]
    shifted = np.frombuffer(b"\0" + base.tobytes(), np.uint8)[1:].view("float32").reshape(6, 8)
    read_only = base.copy()
    read_only.flags.writeable = False
    for array in (
        base.T, base[::2, 1::3], base[::-1], np.broadcast_to(base[0], (5, 8)), np.asfortranarray(base),
        records["value"], shifted, read_only,
    ):  # fmt: skip
        np.testing.assert_array_equal(relu(array)[0], np.maximum(array, 0))


# ------------------------------------------------------------ other libraries


def test_torch():
    torch = pytest.importorskip("torch")
    program = orchestra.compile(package_models.unary("Neg", F32, ["rows", "columns"]))
    tensor = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    result = program(tensor)[0]
    np.testing.assert_array_equal(result, -tensor.numpy())
    back = torch.from_dlpack(result)
    assert back.data_ptr() == result.ctypes.data
    np.testing.assert_array_equal(program(tensor.T)[0], -tensor.T.numpy())
    with pytest.raises(orchestra.InputError, match="detach") as raised:
        program(tensor.clone().requires_grad_())
    assert raised.value.slug == "dlpack-unsupported"
    with pytest.raises(orchestra.InputError, match="has type f64"):
        program(tensor.double())
    for name, dtype in (("bfloat16", torch.bfloat16), ("float16", torch.float16), ("bool", torch.bool), ("int8", torch.int8)):
        op = "Not" if name == "bool" else "Neg"
        typed = orchestra.compile(package_models.unary(op, TYPES[name][0], ["n"]))
        given = torch.tensor([1, 0, 1, 1]).to(dtype)
        want = ~given if name == "bool" else -given
        assert typed(given)[0].astype("float32").tolist() == want.float().tolist()


def test_torch_tensors_live_during_the_run():
    """A tensor that only the call holds."""
    torch = pytest.importorskip("torch")
    program = orchestra.compile(package_models.unary("Neg", F32, ["n"]))
    for size in (10, 1000, 100000):
        future = program.run_async(torch.full((size,), float(size)))
        gc.collect()
        assert (future.result(30)[0] == -size).all()


def test_jax():
    numpy_of_jax = pytest.importorskip("jax.numpy")
    program = orchestra.compile(package_models.unary("Neg", F32, ["n"]))
    np.testing.assert_array_equal(program(numpy_of_jax.arange(5.0))[0], -np.arange(5.0))


class Elsewhere:
    """An array that says it is on a GPU."""

    def __dlpack_device__(self) -> tuple[int, int]:
        return (2, 0)

    def __dlpack__(self, **_: object) -> object:
        raise AssertionError("its memory cannot be read here")


class OlderArray:
    """An array of a library from before DLPack 1.0."""

    def __init__(self, array: np.ndarray):
        self.array = array

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __dlpack__(self, stream: object = None) -> object:
        return self.array.__dlpack__()


def test_device_memory_is_refused(relu):
    with pytest.raises(orchestra.InputError, match="copy it to host memory") as raised:
        relu(Elsewhere())
    assert raised.value.slug == "device-memory"


def test_older_dlpack(relu):
    array = np.array([[1, -1]], "float32")
    np.testing.assert_array_equal(relu(OlderArray(array))[0], [[1, 0]])
    before = sys.getrefcount(array)
    relu(OlderArray(array))
    assert sys.getrefcount(array) == before
