# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models of Keras 3 and functions of TensorFlow, against their own results. A backend is for a whole process:
models run in one each."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

HAVE = {name: importlib.util.find_spec(name) is not None for name in ("keras", "jax", "tensorflow")}

KERAS = """
import keras, numpy as np, orchestra.keras
random = np.random.default_rng(3)
layers = keras.layers
model = keras.Sequential([
    layers.Input((12, 12, 3)), layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(),
    layers.MaxPooling2D(), layers.DepthwiseConv2D(3, padding="same"), layers.Flatten(), layers.LayerNormalization(),
    layers.Dense(5, activation="softmax")])
model.layers[1].moving_variance.assign(random.random(8) + 0.5)
images = random.standard_normal((3, 12, 12, 3)).astype("float32")
open_sizes = keras.backend.backend() == "jax"
program = orchestra.keras.compile(model) if open_sizes else orchestra.keras.compile(model, images)
np.testing.assert_allclose(program(images), model(images, training=False), atol=1e-5)
if open_sizes:
    assert program.program.inputs[0].shape == ("batch", 12, 12, 3), program.program
    np.testing.assert_allclose(program(images[:1]), model(images[:1], training=False), atol=1e-5)
a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
pair = keras.Model({"a": a, "b": b}, {"sum": a + b, "dense": layers.Dense(2)(a)})
given = {"a": random.random((2, 4), "float32"), "b": random.random((2, 4), "float32")}
got = orchestra.keras.compile(pair, given)(given)
for name, want in pair(given).items():
    np.testing.assert_allclose(got[name], want, atol=1e-6)
"""

TENSORFLOW = """
import numpy as np, tensorflow as tf, orchestra.tensorflow
random = np.random.default_rng(4)

class Model(tf.Module):
    def __init__(self):
        self.w = tf.Variable(random.random((8, 4), "float32"))
        self.table = tf.constant(random.random((9, 4), "float32"))

    @tf.function
    def __call__(self, x, bias=None):
        y = tf.nn.softmax(x["rows"] @ self.w) + tf.gather(self.table, x["ids"])
        return {"y": y if bias is None else y + bias, "sum": tf.reduce_sum(y)}

model = Model()
given = {"rows": random.random((3, 8), "float32"), "ids": np.array([1, 8, 0], "int32")}
spec = {"rows": tf.TensorSpec((3, 8)), "ids": tf.TensorSpec((3,), tf.int32)}
compiled = orchestra.tensorflow.compile(model, spec)
for _ in range(2):  # a variable that changes changes the result
    for name, want in model(given).items():
        np.testing.assert_allclose(compiled(given)[name], want, rtol=1e-5)
    model.w.assign(-model.w)
assert isinstance(compiled(given)["y"], tf.Tensor)
try:
    orchestra.tensorflow.compile(tf.function(lambda x: x), tf.TensorSpec((None,)))
    raise SystemExit("an open size was taken")
except ValueError as error:
    assert "known sizes" in str(error)
"""


def run(code: str, needed: tuple[str, ...], **env: str) -> None:
    for name in needed:
        if not HAVE[name]:
            pytest.skip(f"no {name} (pip install keras jax tensorflow-cpu)")
    path = os.pathsep.join(sys.path)
    env = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", **env}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_keras(backend):
    run(KERAS, ("keras", backend), KERAS_BACKEND=backend)


@pytest.mark.parametrize("first", ["orchestra", "tensorflow"])
def test_tensorflow(first):
    """In either order of import: TensorFlow brings its own LLVM."""
    run(f"import {first}\n{TENSORFLOW}", ("tensorflow",))
