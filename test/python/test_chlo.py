# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions that JAX writes as CHLO, against series and identities in double precision."""

from __future__ import annotations

import math

import numpy as np
import pytest

X = np.concatenate([np.linspace(-6.3, 12, 61), [0.25, 0.5, 1, 2, 30, 100]])


def digamma(x: float) -> float:
    if x <= 0 and x == math.floor(x):
        return math.nan
    result = 0.0
    if x < 0.5:
        return digamma(1 - x) - math.pi / math.tan(math.pi * x)
    while x < 20:
        result -= 1 / x
        x += 1
    f = 1 / (x * x)
    return result + math.log(x) - 0.5 / x - f * (1 / 12 - f * (1 / 120 - f * (1 / 252 - f / 240)))


def bessel_i1e(x: float) -> float:
    """By the integral over an angle; the rectangle rule is exact for periodic functions."""
    angles = np.arange(400) * 2 * math.pi / 400
    return float(np.mean(np.exp(x * np.cos(angles) - abs(x)) * np.cos(angles)))


def erf_inv(y: float) -> float:
    low, high = -6.0, 6.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < y else (low, middle)
    return low


CASES = {
    "lgamma": (math.lgamma, X),
    "digamma": (digamma, X),
    "bessel_i1e": (bessel_i1e, X),
    "erf_inv": (erf_inv, np.concatenate([np.linspace(-0.999, 0.999, 41), [0.99999, -1e-6]])),
    "atan": (math.atan, np.concatenate([X, [0.0, 1e30, -1e30]])),
}


def run(orchestra, folder, text: str, **arrays: np.ndarray) -> list[np.ndarray]:
    (folder / "f.mlir").write_text(text)
    np.savez(folder / "in.npz", **arrays)
    orchestra("run", folder / "f.mlir", "--inputs", folder / "in.npz", "--outputs", folder / "out.npz")
    with np.load(folder / "out.npz") as archive:
        return [archive[name] for name in archive.files]


@pytest.mark.parametrize("kind", ["f32", "f64"])
@pytest.mark.parametrize("name", CASES)
def test_functions(orchestra, tmp_path, name, kind):
    function, x = CASES[name]
    x = x.astype({"f32": np.float32, "f64": np.float64}[kind])
    t = f"tensor<{x.size}x{kind}>"
    text = f"func.func @main(%x: {t}) -> {t} {{ %0 = chlo.{name} %x : {t} -> {t} return %0 : {t} }}"
    (got,) = run(orchestra, tmp_path, text, arg0=x)
    want = np.array([function(float(value)) for value in x])
    # Near a zero of the function, and near a pole, the argument's rounding is what counts.
    slope = np.array([abs(function(float(v) * (1 + 1e-7)) - function(float(v) * (1 - 1e-7))) / 2e-7 for v in x])
    bound = 40 * np.finfo(x.dtype).eps * (1 + np.abs(want) + np.nan_to_num(slope))
    assert np.all(np.abs(got - want) <= bound), (x, got, want)


def test_edges(orchestra, tmp_path):
    x = np.array([0, -1, -3, np.inf, -np.inf, np.nan], np.float32)
    t = "tensor<6xf32>"
    names = ["lgamma", "digamma", "bessel_i1e", "atan"]
    lines = "\n".join(f"%{i} = chlo.{name} %x : {t} -> {t}" for i, name in enumerate(names))
    values, types = ", ".join(f"%{i}" for i in range(4)), ", ".join([t] * 4)
    got = run(orchestra, tmp_path, f"func.func @main(%x: {t}) -> ({types}) {{ {lines}\n return {values} : {types} }}", arg0=x)
    assert got[0][:5].tolist() == [np.inf] * 5 and np.isnan(got[0][5])
    assert np.isnan(got[1][:3]).all() and got[1][3] == np.inf and np.isnan(got[1][5])
    assert got[2][0] == 0 and np.isnan(got[2][5])
    np.testing.assert_allclose(got[3][3:5], [np.pi / 2, -np.pi / 2], rtol=1e-6)
    y = np.array([1, -1, 1.5], np.float32)
    t = "tensor<3xf32>"
    (got,) = run(orchestra, tmp_path, f"func.func @main(%x: {t}) -> {t} {{ %0 = chlo.erf_inv %x : {t} -> {t} return %0 : {t} }}", arg0=y)
    assert got[0] == np.inf and got[1] == -np.inf and np.isnan(got[2])


def test_angles_of_all_quadrants(orchestra, tmp_path):
    special = np.array([0.0, -0.0, 1, -1, np.inf, -np.inf, 1e-30, -1e30, np.nan], np.float32)
    y, x = (a.ravel().copy() for a in np.meshgrid(special, special))
    t = f"tensor<{x.size}xf32>"
    text = f"func.func @main(%y: {t}, %x: {t}) -> {t} {{ %0 = stablehlo.atan2 %y, %x : {t} return %0 : {t} }}"
    (got,) = run(orchestra, tmp_path, text, arg0=y, arg1=x)
    want = np.arctan2(y.astype(np.float64), x.astype(np.float64))
    np.testing.assert_allclose(got, want, rtol=3e-7)
    np.testing.assert_array_equal(np.signbit(got[want == 0]), np.signbit(want[want == 0]))


@pytest.mark.parametrize("kind", ["i8", "ui8", "i32", "ui32", "i64", "ui64"])
def test_upper_half_of_a_product(orchestra, tmp_path, kind):
    dtype = np.dtype(kind.replace("i", "int"))
    bits, info = 8 * dtype.itemsize, np.iinfo(dtype)
    numbers = [info.min, info.max, 3, info.max // 2, info.min // 2, 7]
    x, y = np.array(numbers, dtype), np.array(numbers[::-1], dtype)
    t = f"tensor<6x{kind}>"
    text = f"func.func @main(%x: {t}, %y: {t}) -> {t} {{ %0 = chlo.mulhi %x, %y : {t}, {t} -> {t} return %0 : {t} }}"
    (got,) = run(orchestra, tmp_path, text, arg0=x, arg1=y)
    assert got.tolist() == [int(a) * int(b) >> bits for a, b in zip(x, y, strict=True)]


def test_complex_functions(orchestra, tmp_path):
    random = np.random.default_rng(5)
    z = (random.standard_normal(20) * 2 + 2j * random.standard_normal(20)).astype(np.complex64)
    t = "tensor<20xcomplex<f32>>"
    text = f"""func.func @main(%z: {t}) -> ({t}, {t}, {t}) {{
      %0 = chlo.cosh %z : {t} -> {t}
      %1 = chlo.sinh %z : {t} -> {t}
      %2 = chlo.tan %z : {t} -> {t}
      return %0, %1, %2 : {t}, {t}, {t} }}"""
    got = run(orchestra, tmp_path, text, arg0=z.view(np.float32).reshape(20, 2))
    wide = z.astype(np.complex128)
    for array, want in zip(got, (np.cosh(wide), np.sinh(wide), np.tan(wide)), strict=True):
        np.testing.assert_allclose(array.view(np.complex64)[:, 0], want, rtol=3e-6, atol=1e-6)


def test_transform_of_nothing(orchestra, tmp_path):
    text = """func.func @main(%x: tensor<0x8xf32>) -> tensor<0x5xcomplex<f32>> {
      %0 = stablehlo.fft %x, type = RFFT, length = [8] : (tensor<0x8xf32>) -> tensor<0x5xcomplex<f32>>
      return %0 : tensor<0x5xcomplex<f32>> }"""
    (got,) = run(orchestra, tmp_path, text, arg0=np.zeros((0, 8), np.float32))
    assert got.shape == (0, 5, 2)
