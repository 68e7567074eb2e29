# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models of Keras 3, compiled by Orchestra for inference.

    import orchestra.keras

    program = orchestra.keras.compile(model)
    program(images)

The model runs on the JAX backend (KERAS_BACKEND=jax) or on TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

__all__ = ["compile"]


def compile(model: Any, *inputs: Any, **options: Any) -> Callable[..., Any]:
    """Compiles the inference of a built model: what `model(x, training=False)` computes.

    - `inputs`: what it will be called with, arrays or anything with a shape and a dtype. Without
      any, they are the model's own, with sizes that are open there open here, too (JAX backend).
    - `options`: those of `orchestra.compile`, such as `threads`.

    Weights are part of the program, as they are now. It takes and returns arrays of the backend, in
    the model's structures.
    """
    backend = keras.backend.backend()
    if backend == "jax":
        return _on_jax(model, inputs, options)
    if backend == "tensorflow":
        import tensorflow

        import orchestra.tensorflow

        function = tensorflow.function(lambda *args: model(*args, training=False))
        specs = tensorflow.nest.map_structure(_tensor_spec, inputs or (_structure(model),))
        return orchestra.tensorflow.compile(function, *specs, **options)
    raise ValueError(f"Keras runs on {backend!r}; models of its backends 'jax' and 'tensorflow' can be compiled")


def _on_jax(model: Any, inputs: Any, options: dict[str, Any]) -> Callable[..., Any]:
    import jax
    import jax.export

    import orchestra.jax

    trainable = [variable.value for variable in model.trainable_variables]
    fixed = [variable.value for variable in model.non_trainable_variables]

    def infer(*args: Any) -> Any:
        return model.stateless_call(trainable, fixed, *args, training=False)[0]

    infer.__name__ = model.name
    scope = jax.export.SymbolicScope()

    def kind(tensor: Any) -> Any:
        # A size that is open is the batch in dimension 0, else one of its own.
        dims = ["batch" if i == 0 else f"dim{i}" if dim is None else dim for i, dim in enumerate(tensor.shape)]
        dims = [name if size is None else size for name, size in zip(dims, tensor.shape, strict=True)]
        shape = jax.export.symbolic_shape(",".join(map(str, dims)), scope=scope) if dims else ()
        return jax.ShapeDtypeStruct(shape, keras.backend.standardize_dtype(tensor.dtype))

    given = inputs or (_structure(model),)
    kinds = jax.tree_util.tree_map(kind, given, is_leaf=lambda leaf: hasattr(leaf, "shape"))
    exported = jax.export.export(jax.jit(infer), platforms=["cpu"])(*kinds)
    return orchestra.jax.compile(exported, **options)


def _structure(model: Any) -> Any:
    """The inputs of a model as it is called with them."""
    inputs = getattr(model, "inputs", None)
    if inputs is None:
        raise ValueError("the model has no inputs of its own: give examples of them")
    structure = getattr(model, "input", inputs) if len(inputs) > 1 else inputs[0]
    return structure


def _tensor_spec(tensor: Any) -> Any:
    import tensorflow

    return tensorflow.TensorSpec(tensor.shape, keras.backend.standardize_dtype(tensor.dtype))
