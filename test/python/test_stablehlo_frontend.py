# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of StableHLO through `orchestra run`, against NumPy in double precision."""

from __future__ import annotations

import numpy as np
import pytest

RANDOM = np.random.default_rng(7)
F = np.float32


def real(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(F)


def wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64)


def run(orchestra, folder, text: str, arrays: dict) -> list[np.ndarray]:
    (folder / "f.mlir").write_text(text)
    np.savez(folder / "in.npz", **arrays)
    orchestra("run", folder / "f.mlir", "--inputs", folder / "in.npz", "--outputs", folder / "out.npz")
    with np.load(folder / "out.npz") as archive:
        return [archive[name] for name in archive.files]


def tensor(array: np.ndarray) -> str:
    names = {"f4": "f32", "f8": "f64", "i4": "i32", "i8": "i64", "u4": "ui32", "b1": "i1"}
    return "tensor<" + "".join(f"{n}x" for n in array.shape) + names[array.dtype.str[1:]] + ">"


UNARY = {
    "abs": np.abs,
    "cbrt": np.cbrt,
    "ceil": np.ceil,
    "cosine": np.cos,
    "exponential": np.exp,
    "exponential_minus_one": np.expm1,
    "floor": np.floor,
    "log": lambda x: np.log(np.abs(x)),
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "negate": np.negative,
    "round_nearest_afz": lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x),
    "round_nearest_even": np.round,
    "sign": np.sign,
    "sine": np.sin,
    "tan": np.tan,
    "tanh": np.tanh,
}


@pytest.mark.parametrize("name", UNARY)
def test_unary(orchestra, tmp_path, name):
    x = real(3, 17) * 2
    x[0, :4] = [0.5, -0.5, 1.5, -2.5]
    given = np.abs(x) if name == "log" else x
    text = f"func.func public @main(%x: {tensor(x)}) -> {tensor(x)} {{ %0 = stablehlo.{name} %x : {tensor(x)} return %0 : {tensor(x)} }}"
    (got,) = run(orchestra, tmp_path, text, {"arg0": given})
    want = UNARY[name](wide(given))
    np.testing.assert_allclose(got, want, rtol=8 * np.finfo(F).eps * (1 + np.abs(want).max()), atol=1e-6)


BINARY = {
    "add": np.add,
    "atan2": np.arctan2,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "multiply": np.multiply,
    "power": lambda x, y: np.power(np.abs(x), y),
    "remainder": np.fmod,
    "subtract": np.subtract,
}


@pytest.mark.parametrize("name", BINARY)
def test_binary(orchestra, tmp_path, name):
    x, y = real(5, 7), real(5, 7)
    if name == "power":
        x = np.abs(x)
    t = tensor(x)
    text = f"func.func public @main(%x: {t}, %y: {t}) -> {t} {{ %0 = stablehlo.{name} %x, %y : {t} return %0 : {t} }}"
    (got,) = run(orchestra, tmp_path, text, {"arg0": x, "arg1": y})
    np.testing.assert_allclose(got, BINARY[name](wide(x), wide(y)), rtol=1e-5, atol=1e-6)


def test_integers(orchestra, tmp_path):
    """Division by zero and overflow are specified; so are shifts by too much."""
    low = np.iinfo(np.int32).min
    x = np.array([7, -7, 5, low, 3, low], np.int32)
    y = np.array([2, 2, 0, -1, 40, 1], np.int32)
    t = tensor(x)
    ops = ["divide", "remainder", "shift_left", "shift_right_arithmetic", "shift_right_logical"]
    body = "\n".join(f"%{i} = stablehlo.{op} %x, %y : {t}" for i, op in enumerate(ops))
    results = ", ".join(f"%{i}" for i in range(len(ops)))
    types = ", ".join([t] * len(ops))
    text = f"func.func public @main(%x: {t}, %y: {t}) -> ({types}) {{ {body}\n return {results} : {types} }}"
    got = run(orchestra, tmp_path, text, {"arg0": x, "arg1": y})
    assert got[0].tolist() == [3, -3, -1, low, 0, low]
    assert got[1].tolist() == [1, -1, 5, 0, 3, 0]
    assert got[2].tolist() == [28, -28, 5, 0, 0, 0]
    assert got[3].tolist() == [1, -2, 5, -1, 0, low >> 1]
    assert got[4].tolist() == [1, (-7 & 0xFFFFFFFF) >> 2, 5, 0, 0, 1 << 30]


def test_complex(orchestra, tmp_path):
    """A complex tensor is a real one with both parts in its last dimension."""
    z = (RANDOM.standard_normal(9) + 1j * RANDOM.standard_normal(9)).astype(np.complex64)
    w = (RANDOM.standard_normal(9) + 1j * RANDOM.standard_normal(9)).astype(np.complex64)
    t = "tensor<9xcomplex<f32>>"
    ops = {"add": z + w, "multiply": z * w, "divide": z / w, "power": z.astype(complex) ** w}
    single = {"exponential": np.exp(z), "log": np.log(z), "sqrt": np.sqrt(z), "tanh": np.tanh(z), "sine": np.sin(z)}
    lines = [f"%a{i} = stablehlo.{name} %z, %w : {t}" for i, name in enumerate(ops)]
    lines += [f"%b{i} = stablehlo.{name} %z : {t}" for i, name in enumerate(single)]
    names = [f"%a{i}" for i in range(len(ops))] + [f"%b{i}" for i in range(len(single))]
    types = ", ".join([t] * len(names))
    text = f"func.func public @main(%z: {t}, %w: {t}) -> ({types}) {{\n" + "\n".join(lines)
    text += f"\nreturn {', '.join(names)} : {types}\n}}"
    pairs = {"arg0": z.view(F).reshape(9, 2), "arg1": w.view(F).reshape(9, 2)}
    for got, (name, want) in zip(run(orchestra, tmp_path, text, pairs), [*ops.items(), *single.items()], strict=True):
        have = got[:, 0] + 1j * got[:, 1]
        np.testing.assert_allclose(have, want, rtol=2e-5, atol=2e-5, err_msg=name)


@pytest.mark.parametrize(
    "left, right, numbers, formula",
    [
        ((5, 7), (7, 3), "contracting_dims = [1] x [0]", "ik,kj->ij"),
        ((4, 5, 7), (4, 7, 3), "batching_dims = [0] x [0], contracting_dims = [2] x [1]", "bik,bkj->bij"),
        ((5, 4, 7), (3, 7, 4), "batching_dims = [1] x [2], contracting_dims = [2] x [1]", "ibk,jkb->bij"),
        ((5, 4, 7), (4, 7, 3), "contracting_dims = [1, 2] x [0, 1]", "iab,abj->ij"),
        ((5,), (5,), "contracting_dims = [0] x [0]", "i,i->"),
    ],
)
def test_products(orchestra, tmp_path, left, right, numbers, formula):
    x, y = real(*left), real(*right)
    want = np.einsum(formula, wide(x), wide(y))
    result = tensor(want.astype(F))
    text = f"""func.func public @main(%x: {tensor(x)}, %y: {tensor(y)}) -> {result} {{
      %0 = stablehlo.dot_general %x, %y, {numbers} : ({tensor(x)}, {tensor(y)}) -> {result}
      return %0 : {result}
    }}"""
    (got,) = run(orchestra, tmp_path, text, {"arg0": x, "arg1": y})
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_convolution(orchestra, tmp_path):
    """Strides, padding, both dilations and two groups, channels last."""
    x, w = real(2, 9, 4), real(3, 2, 6)
    text = """func.func public @main(%x: tensor<2x9x4xf32>, %w: tensor<3x2x6xf32>) -> tensor<2x8x6xf32> {
      %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f],
        window = {stride = [2], pad = [[2, 1]], lhs_dilate = [2], rhs_dilate = [2]}
        {batch_group_count = 1 : i64, feature_group_count = 2 : i64}
        : (tensor<2x9x4xf32>, tensor<3x2x6xf32>) -> tensor<2x8x6xf32>
      return %0 : tensor<2x8x6xf32>
    }"""
    dilated = np.zeros((2, 2 + 17 + 1, 4))
    dilated[:, 2:19:2] = x
    want = np.zeros((2, 8, 6))
    for i in range(8):
        for group in range(2):
            window = dilated[:, 2 * i : 2 * i + 5 : 2, 2 * group : 2 * group + 2]
            kernel = wide(w)[:, :, 3 * group : 3 * group + 3]
            want[:, i, 3 * group : 3 * group + 3] = np.einsum("bki,kio->bo", window, kernel)
    (got,) = run(orchestra, tmp_path, text, {"arg0": x, "arg1": w})
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_windows(orchestra, tmp_path):
    x = real(3, 10)
    text = """func.func public @main(%x: tensor<3x10xf32>) -> tensor<3x5xf32> {
      %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
      %0 = "stablehlo.reduce_window"(%x, %low) <{padding = dense<[[0, 0], [1, 0]]> : tensor<2x2xi64>,
        window_dimensions = array<i64: 1, 3>, window_strides = array<i64: 1, 2>}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %c = stablehlo.maximum %a, %b : tensor<f32>
        stablehlo.return %c : tensor<f32>
      }) : (tensor<3x10xf32>, tensor<f32>) -> tensor<3x5xf32>
      return %0 : tensor<3x5xf32>
    }"""
    padded = np.pad(x, ((0, 0), (1, 0)), constant_values=-np.inf)
    want = np.stack([padded[:, 2 * i : 2 * i + 3].max(1) for i in range(5)], 1)
    (got,) = run(orchestra, tmp_path, text, {"arg0": x})
    assert np.array_equal(got, want)


def test_gather_and_scatter(orchestra, tmp_path):
    """Starts of a gather are moved inside; updates of a scatter that are outside are lost."""
    x, update = real(6, 4), real(3, 4)
    index = np.array([[4], [-1], [9]], np.int64)
    text = """func.func public @main(%x: tensor<6x4xf32>, %i: tensor<3x1xi64>, %u: tensor<3x4xf32>) -> (tensor<3x4xf32>, tensor<6x4xf32>) {
      %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1],
        collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>,
        slice_sizes = array<i64: 1, 4>}> : (tensor<6x4xf32>, tensor<3x1xi64>) -> tensor<3x4xf32>
      %1 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<
        update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0],
        index_vector_dim = 1>}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %c = stablehlo.add %a, %b : tensor<f32>
        stablehlo.return %c : tensor<f32>
      }) : (tensor<6x4xf32>, tensor<3x1xi64>, tensor<3x4xf32>) -> tensor<6x4xf32>
      return %0, %1 : tensor<3x4xf32>, tensor<6x4xf32>
    }"""
    rows, added = run(orchestra, tmp_path, text, {"arg0": x, "arg1": index, "arg2": update})
    assert np.array_equal(rows, x[[4, 0, 5]])
    want = x.copy()
    want[4] += update[0]
    assert np.array_equal(added, want)


def test_sort(orchestra, tmp_path):
    """Two tensors by the first one, falling; equal keys keep their order."""
    keys = RANDOM.integers(0, 5, 40).astype(F)
    values = np.arange(40, dtype=np.int32)
    text = """func.func public @main(%k: tensor<40xf32>, %v: tensor<40xi32>) -> (tensor<40xf32>, tensor<40xi32>) {
      %0:2 = "stablehlo.sort"(%k, %v) <{dimension = 0 : i64, is_stable = true}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
        %e = stablehlo.compare GT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
        stablehlo.return %e : tensor<i1>
      }) : (tensor<40xf32>, tensor<40xi32>) -> (tensor<40xf32>, tensor<40xi32>)
      return %0#0, %0#1 : tensor<40xf32>, tensor<40xi32>
    }"""
    got = run(orchestra, tmp_path, text, {"arg0": keys, "arg1": values})
    order = np.argsort(-keys, kind="stable")
    assert np.array_equal(got[0], keys[order])
    assert np.array_equal(got[1], values[order])


def test_control_flow(orchestra, tmp_path):
    """A loop whose body chooses: powers of a matrix, added up while even."""
    x = (real(3, 3) / 4).astype(F)
    text = """func.func public @main(%x: tensor<3x3xf32>, %n: tensor<i32>) -> (tensor<3x3xf32>, tensor<3x3xf32>) {
      %zero = stablehlo.constant dense<0> : tensor<i32>
      %none = stablehlo.constant dense<0.0> : tensor<3x3xf32>
      %0:3 = stablehlo.while(%i = %zero, %p = %x, %s = %none) : tensor<i32>, tensor<3x3xf32>, tensor<3x3xf32>
      cond {
        %c = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
        stablehlo.return %c : tensor<i1>
      } do {
        %one = stablehlo.constant dense<1> : tensor<i32>
        %next = stablehlo.add %i, %one : tensor<i32>
        %q = stablehlo.dot_general %p, %x, contracting_dims = [1] x [0] : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
        %odd = stablehlo.and %i, %one : tensor<i32>
        %t = "stablehlo.case"(%odd) ({
          %a = stablehlo.add %s, %p : tensor<3x3xf32>
          stablehlo.return %a : tensor<3x3xf32>
        }, {
          stablehlo.return %s : tensor<3x3xf32>
        }) : (tensor<i32>) -> tensor<3x3xf32>
        stablehlo.return %next, %q, %t : tensor<i32>, tensor<3x3xf32>, tensor<3x3xf32>
      }
      return %0#1, %0#2 : tensor<3x3xf32>, tensor<3x3xf32>
    }"""
    for count in (0, 1, 5):
        power, total = wide(x), np.zeros((3, 3))
        for i in range(count):
            total = total + power if i % 2 == 0 else total
            power = power @ wide(x)
        got = run(orchestra, tmp_path, text, {"arg0": x, "arg1": np.array(count, np.int32)})
        np.testing.assert_allclose(got[0], power, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(got[1], total, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("start", [-3, 0, 2, 99])
def test_boxes(orchestra, tmp_path, start):
    """A box that would leave the tensor is moved inside."""
    x, update = real(7, 5), real(3, 5)
    text = """func.func public @main(%x: tensor<7x5xf32>, %u: tensor<3x5xf32>, %i: tensor<i32>) -> (tensor<3x5xf32>, tensor<7x5xf32>) {
      %z = stablehlo.constant dense<0> : tensor<i32>
      %0 = stablehlo.dynamic_slice %x, %i, %z, sizes = [3, 5] : (tensor<7x5xf32>, tensor<i32>, tensor<i32>) -> tensor<3x5xf32>
      %1 = stablehlo.dynamic_update_slice %x, %u, %i, %z : (tensor<7x5xf32>, tensor<3x5xf32>, tensor<i32>, tensor<i32>) -> tensor<7x5xf32>
      return %0, %1 : tensor<3x5xf32>, tensor<7x5xf32>
    }"""
    got = run(orchestra, tmp_path, text, {"arg0": x, "arg1": update, "arg2": np.array(start, np.int32)})
    place = min(max(start, 0), 4)
    want = x.copy()
    want[place : place + 3] = update
    assert np.array_equal(got[0], x[place : place + 3])
    assert np.array_equal(got[1], want)


@pytest.mark.parametrize("n", [1, 5, 12, 64])
def test_fourier(orchestra, tmp_path, n):
    x = real(3, n)
    half = n // 2 + 1
    text = f"""func.func public @main(%x: tensor<3x{n}xf32>) -> (tensor<3x{half}xcomplex<f32>>, tensor<3x{n}xf32>) {{
      %0 = stablehlo.fft %x, type = RFFT, length = [{n}] : (tensor<3x{n}xf32>) -> tensor<3x{half}xcomplex<f32>>
      %1 = stablehlo.fft %0, type = IRFFT, length = [{n}] : (tensor<3x{half}xcomplex<f32>>) -> tensor<3x{n}xf32>
      return %0, %1 : tensor<3x{half}xcomplex<f32>>, tensor<3x{n}xf32>
    }}"""
    got = run(orchestra, tmp_path, text, {"arg0": x})
    np.testing.assert_allclose(got[0][..., 0] + 1j * got[0][..., 1], np.fft.rfft(wide(x)), atol=2e-5)
    np.testing.assert_allclose(got[1], x, atol=2e-6)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("turn", ["NO_TRANSPOSE", "TRANSPOSE"])
def test_triangular(orchestra, tmp_path, lower, left, turn):
    a = real(2, 4, 4) + 4 * np.eye(4, dtype=F)
    b = real(2, 4, 3) if left else real(2, 3, 4)
    flags = f"left_side = {str(left).lower()}, lower = {str(lower).lower()}, unit_diagonal = false"
    text = f"""func.func public @main(%a: {tensor(a)}, %b: {tensor(b)}) -> {tensor(b)} {{
      %0 = "stablehlo.triangular_solve"(%a, %b) <{{{flags}, transpose_a = #stablehlo<transpose {turn}>}}>
        : ({tensor(a)}, {tensor(b)}) -> {tensor(b)}
      return %0 : {tensor(b)}
    }}"""
    (got,) = run(orchestra, tmp_path, text, {"arg0": a, "arg1": b})
    part = np.tril(wide(a)) if lower else np.triu(wide(a))
    part = np.swapaxes(part, 1, 2) if turn == "TRANSPOSE" else part
    product = part @ got if left else got @ part
    np.testing.assert_allclose(product, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("lower", ["true", "false"])
def test_cholesky(orchestra, tmp_path, lower):
    half = real(2, 5, 5)
    a = (wide(half) @ wide(half).swapaxes(1, 2) + np.eye(5)).astype(F)
    text = f"""func.func public @main(%a: {tensor(a)}) -> {tensor(a)} {{
      %0 = stablehlo.cholesky %a, lower = {lower} : {tensor(a)}
      return %0 : {tensor(a)}
    }}"""
    (got,) = run(orchestra, tmp_path, text, {"arg0": a})
    got = got if lower == "true" else got.swapaxes(1, 2)
    np.testing.assert_allclose(got, np.linalg.cholesky(wide(a)), rtol=1e-4, atol=1e-4)


def test_open_sizes(orchestra, tmp_path):
    """Sizes that the inputs have, and shapes computed of them."""
    x = real(5, 3)
    text = """func.func public @main(%x: tensor<?x3xf32>) -> tensor<?xf32> {
      %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x3xf32>) -> tensor<i32>
      %three = stablehlo.constant dense<3> : tensor<i32>
      %count = stablehlo.multiply %n, %three : tensor<i32>
      %shape = stablehlo.reshape %count : (tensor<i32>) -> tensor<1xi32>
      %0 = stablehlo.dynamic_reshape %x, %shape : (tensor<?x3xf32>, tensor<1xi32>) -> tensor<?xf32>
      %1 = stablehlo.dynamic_iota %shape, dim = 0 : (tensor<1xi32>) -> tensor<?xf32>
      %2 = stablehlo.add %0, %1 : tensor<?xf32>
      return %2 : tensor<?xf32>
    }"""
    (got,) = run(orchestra, tmp_path, text, {"arg0": x})
    assert np.array_equal(got, x.reshape(-1) + np.arange(15, dtype=F))


def test_functions_beside(orchestra, tmp_path):
    """What JAX writes as CHLO, a NaN of each sign among the greatest elements."""
    x = np.array([0.5, -0.25, np.nan, 3, np.copysign(np.nan, -1), -np.inf, np.inf, 0, -0.0], F)
    text = """func.func public @main(%x: tensor<9xf32>) -> (tensor<9xf32>, tensor<9xf32>, tensor<9xf32>, tensor<9xi32>) {
      %0 = chlo.erf %x : tensor<9xf32> -> tensor<9xf32>
      %up = stablehlo.constant dense<0x7F800000> : tensor<9xf32>
      %1 = chlo.next_after %x, %up : tensor<9xf32>, tensor<9xf32> -> tensor<9xf32>
      %2, %3 = chlo.top_k(%x, k = 9) : tensor<9xf32> -> (tensor<9xf32>, tensor<9xi32>)
      return %0, %1, %2, %3 : tensor<9xf32>, tensor<9xf32>, tensor<9xf32>, tensor<9xi32>
    }"""
    erf, after, _, order = run(orchestra, tmp_path, text, {"arg0": x})
    np.testing.assert_allclose(erf[:2], [0.5204998778, -0.2763263902], rtol=1e-6)
    assert np.array_equal(after, np.nextafter(x, F(np.inf)), equal_nan=True)
    assert order.tolist() == [2, 6, 3, 0, 7, 8, 1, 5, 4]


CONVOLUTIONS = {  # features of the input, of the result, groups, strides, padding, dilation, spatial sizes
    "line": (3, 5, 1, [2], [(1, 2)], [1], [9]),
    "plane": (3, 5, 1, [1, 2], [(1, 1), (0, 2)], [1, 2], [7, 8]),
    "space": (2, 3, 1, [1, 1, 2], [(1, 0), (0, 1), (1, 1)], [1, 1, 1], [4, 5, 6]),
    "depthwise": (4, 4, 4, [1, 1], [(1, 1), (1, 1)], [1, 1], [6, 5]),
    "grouped": (4, 6, 2, [1, 1], [(1, 1), (0, 0)], [2, 1], [7, 5]),
    "grouped line": (4, 6, 2, [1], [(1, 1)], [1], [7]),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_channels_last_convolution(orchestra, tmp_path, name):
    """As JAX writes them: features last, the kernel's in the order of window, input, output."""
    features, outputs, groups, strides, padding, dilation, sizes = CONVOLUTIONS[name]
    rank = len(sizes)
    x, w = real(2, *sizes, features), real(*[3] * rank, features // groups, outputs)
    letters = ", ".join(map(str, range(rank)))
    padded = np.pad(wide(x), [(0, 0), *padding, (0, 0)])
    out = [(n - 2 * d - 1) // s + 1 for n, d, s in zip(padded.shape[1:-1], dilation, strides, strict=True)]
    want = np.zeros((2, *out, outputs))
    for place in np.ndindex(*out):
        window = tuple(slice(p * s, p * s + 2 * d + 1, d) for p, s, d in zip(place, strides, dilation, strict=True))
        for group in range(groups):
            part = padded[(slice(None), *window, slice(group * features // groups, (group + 1) * features // groups))]
            kernel = wide(w)[..., group * outputs // groups : (group + 1) * outputs // groups]
            chosen = slice(group * outputs // groups, (group + 1) * outputs // groups)
            want[(slice(None), *place, chosen)] = np.tensordot(part, kernel, rank + 1)
    t = tensor(want.astype(F))
    text = f"""func.func public @main(%x: {tensor(x)}, %w: {tensor(w)}) -> {t} {{
      %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, {letters}, f]x[{letters}, i, o]->[b, {letters}, f],
        window = {{stride = {strides}, pad = {[list(p) for p in padding]}, rhs_dilate = {dilation}}}
        {{batch_group_count = 1 : i64, feature_group_count = {groups} : i64}} : ({tensor(x)}, {tensor(w)}) -> {t}
      return %0 : {t} }}"""
    (got,) = run(orchestra, tmp_path, text, {"arg0": x, "arg1": w})
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_transposed_product(orchestra, tmp_path):
    """A gradient of weights is a product, transposed; a product that is used twice stays."""
    x, d = real(7, 3), real(7, 4)
    text = f"""func.func public @main(%x: {tensor(x)}, %d: {tensor(d)}) -> (tensor<3x4xf32>, tensor<3x4xf32>, tensor<4x3xf32>) {{
      %0 = stablehlo.dot_general %d, %x, contracting_dims = [0] x [0] : ({tensor(d)}, {tensor(x)}) -> tensor<4x3xf32>
      %1 = stablehlo.transpose %0, dims = [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
      %2 = stablehlo.dot_general %d, %x, contracting_dims = [0] x [0] : ({tensor(d)}, {tensor(x)}) -> tensor<4x3xf32>
      %3 = stablehlo.transpose %2, dims = [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
      return %1, %3, %2 : tensor<3x4xf32>, tensor<3x4xf32>, tensor<4x3xf32> }}"""
    got = run(orchestra, tmp_path, text, {"arg0": x, "arg1": d})
    want = wide(x).T @ wide(d)
    for array, wanted in zip(got, (want, want, want.T), strict=True):
        np.testing.assert_allclose(array, wanted, atol=1e-5)
