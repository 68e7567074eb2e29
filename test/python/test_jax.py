# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of JAX through `orchestra.jax`, against NumPy in double precision and JAX's own random numbers."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="no jax (pip install jax==0.10.2)")
jnp = jax.numpy
export = pytest.importorskip("jax.export")
orchestra = pytest.importorskip("orchestra")
import orchestra.jax  # noqa: E402

RANDOM = np.random.default_rng(11)


def real(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def test_pytrees_in_and_out():
    @orchestra.jax.jit
    def layer(x, weights, *, scale=2.0):
        product = x @ weights["w"] + weights["b"]
        return {"tanh": jnp.tanh(product), "rest": (product.sum(), None, [scale * x])}

    x, w, b = real(5, 8), real(8, 3), real(3)
    got = layer(x, {"w": jnp.asarray(w), "b": b})
    want = x.astype(float) @ w + b
    np.testing.assert_allclose(got["tanh"], np.tanh(want), atol=1e-6)
    assert isinstance(got["tanh"], jax.Array)
    np.testing.assert_allclose(got["rest"][0], want.sum(), rtol=1e-5)
    assert got["rest"][1] is None
    np.testing.assert_array_equal(got["rest"][2][0], 2 * x)
    np.testing.assert_array_equal(layer(x, {"w": w, "b": b}, scale=3.0)["rest"][2][0], 3 * x)


def test_one_program_for_each_kind_of_arguments():
    traced = []

    @orchestra.jax.jit
    def double(x):
        traced.append(x.shape)
        return x + x

    for size in (3, 4, 3, 4):
        np.testing.assert_array_equal(double(np.ones(size, np.float32)), np.full(size, 2))
    assert double(np.ones(3, np.int32)).dtype == np.int32
    assert double.cache_size() == 3 and traced == [(3,), (4,), (3,)]


def test_numbers_are_weak_as_in_jax():
    assert orchestra.jax.jit(lambda x, y: x * y)(jnp.ones(2, jnp.bfloat16), 3.0).dtype == jnp.bfloat16
    assert orchestra.jax.jit(lambda x: x)(np.ones(2)).dtype == np.float32  # jax_enable_x64 is off


def test_static_arguments_by_place_and_name():
    function = orchestra.jax.jit(lambda x, n: x**n if isinstance(n, int) else 0, static_argnums=1)
    np.testing.assert_allclose(function(np.full(2, 3, np.float32), 2), [9, 9])
    np.testing.assert_allclose(function(np.full(2, 3, np.float32), n=3), [27, 27])
    named = orchestra.jax.jit(lambda x, how="sum": getattr(jnp, how)(x), static_argnames="how")
    assert named(np.arange(4.0), how="max") == 3 and named(np.arange(4.0), "prod") == 0 and named(np.arange(4.0)) == 6


def test_unused_arguments_and_results_that_are_arguments():
    x, y = real(3), real(3)
    got = orchestra.jax.jit(lambda x, y: (x, x))(x, y)
    np.testing.assert_array_equal(got[0], x)
    np.testing.assert_array_equal(got[1], x)


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "int8", "uint32", "bool", "complex64"])
def test_types(kind):
    x = jnp.asarray(RANDOM.integers(0, 2, (3, 4))).astype(kind)
    got = orchestra.jax.jit(lambda x: x.T)(x)
    assert got.dtype == x.dtype
    np.testing.assert_array_equal(np.asarray(got), np.asarray(x).T)


def test_results_are_not_copied():
    function = orchestra.jax.jit(lambda x: x + 1)
    compiled = function.compiled(jax.ShapeDtypeStruct((64, 64), "float32"))
    outputs = compiled.program(real(64, 64))
    array = jax.dlpack.from_dlpack(outputs[0])
    assert array.unsafe_buffer_pointer() == outputs[0].ctypes.data


def test_random_numbers_are_jax_s():
    """Threefry is specified to the bit; normal numbers come of the inverse error function."""

    def draw(key):
        first, second = jax.random.split(key)
        return jax.random.bits(first, (7,)), jax.random.uniform(second, (7,)), jax.random.normal(key, (100,)), first

    key = jax.random.key(42)
    got, want = orchestra.jax.jit(draw)(key), draw(key)
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])
    np.testing.assert_allclose(got[2], want[2], rtol=1e-5, atol=1e-6)
    assert got[3] == want[3]


def test_inside_of_a_gradient_it_is_jax_s_own():
    square = orchestra.jax.jit(lambda x: (x * x).sum())
    x = real(4)
    np.testing.assert_allclose(jax.grad(square)(x), 2 * x, rtol=1e-6)
    np.testing.assert_allclose(orchestra.jax.jit(jax.grad(square))(x), 2 * x, rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(square)(x[:, None]), x**2, rtol=1e-6)


def test_training_step_of_a_network():
    """Loss and gradients of two layers, by the chain rule in double precision."""
    x, y = real(16, 8), real(16, 2)
    weights = {"a": real(8, 12) / 3, "b": real(12, 2) / 3}

    def loss(weights, x, y):
        return jnp.mean((jnp.tanh(x @ weights["a"]) @ weights["b"] - y) ** 2)

    value, gradient = orchestra.jax.jit(jax.value_and_grad(loss))(weights, x, y)
    a, b = weights["a"].astype(float), weights["b"].astype(float)
    hidden = np.tanh(x @ a)
    error = hidden @ b - y
    np.testing.assert_allclose(value, np.mean(error**2), rtol=1e-5)
    down = 2 * error / error.size
    np.testing.assert_allclose(gradient["b"], hidden.T @ down, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(gradient["a"], x.T @ (down @ b.T * (1 - hidden**2)), rtol=1e-4, atol=1e-6)


def test_methods():
    class Model:
        def __init__(self):
            self.scale = 3

        @orchestra.jax.jit
        def plain(x):
            return x

        def __call__(self, x):
            return orchestra.jax.jit(self.apply)(x)

        def apply(self, x):
            return self.scale * x

    np.testing.assert_array_equal(Model()(np.ones(2, np.float32)), [3, 3])


def test_options_reach_the_compiler():
    function = orchestra.jax.jit(lambda x: x + 1, threads=1, reference=True)
    assert function.compiled(np.ones(3)).program.threads == 1
    with pytest.raises(TypeError):
        orchestra.jax.jit(lambda x: x, no_such_option=1)(np.ones(1))


def test_exported_with_open_sizes():
    batch, length = export.symbolic_shape("batch, length")
    exported = export.export(jax.jit(lambda x, w: {"y": (x @ w).sum(1)}))(
        jax.ShapeDtypeStruct((batch, length, 4), "float32"), jax.ShapeDtypeStruct((4, 2), "float32")
    )
    compiled = orchestra.jax.compile(exported)
    assert compiled.program.inputs[0].shape == ("batch", "length", 4)
    for shape in ((2, 3, 4), (5, 1, 4), (1, 7, 4)):
        x, w = real(*shape), real(4, 2)
        np.testing.assert_allclose(compiled(x, w)["y"], (x.astype(float) @ w).sum(1), rtol=1e-4, atol=1e-5)
    fixed = orchestra.compile(exported, dims={"batch": 3, "length": 2})
    assert fixed.inputs[0].shape == (3, 2, 4)
    with pytest.raises(orchestra.CompileError, match="unknown-dimension"):
        orchestra.compile(exported, dims={"width": 3})


def test_exported_and_lowered_are_models():
    function = jax.jit(lambda x, weights: x * weights["w"])
    kinds = jax.ShapeDtypeStruct((3,), "float32"), {"w": jax.ShapeDtypeStruct((3,), "float32")}
    x, w = real(3), real(3)
    for model in (export.export(function)(*kinds), function.lower(*kinds)):
        program = orchestra.compile(model)
        assert [info.name for info in program.inputs] == ["x", "weights['w']"]
        np.testing.assert_array_equal(program(x, w)[0], x * w)


def test_serialized_artefact_is_a_model(tmp_path, monkeypatch):
    """An artefact on disk is read by the official library, in a process of its own."""
    import sys

    script = orchestra.program.__file__.replace("program.py", "stablehlo_translate.py")
    monkeypatch.setenv("ORCHESTRA_STABLEHLO_TRANSLATE", f"{sys.executable} {script}")
    exported = export.export(jax.jit(lambda x: x + 1))(jax.ShapeDtypeStruct((3,), "float32"))
    path = tmp_path / "model.stablehlo"
    path.write_bytes(exported.mlir_module_serialized)
    for model in (path, exported.mlir_module_serialized):
        np.testing.assert_array_equal(orchestra.compile(model)(np.zeros(3, np.float32))[0], np.ones(3))


def test_side_effects_are_refused():
    def noisy(x):
        jax.debug.print("{}", x)
        return x

    with pytest.raises((orchestra.CompileError, ValueError, NotImplementedError)):
        orchestra.jax.jit(noisy)(np.ones(1))


def test_wrong_arguments_of_an_exported_function():
    exported = export.export(jax.jit(lambda x: x))(jax.ShapeDtypeStruct((3,), "float32"))
    with pytest.raises(TypeError, match="compiled for"):
        orchestra.jax.compile(exported)(1, 2)
