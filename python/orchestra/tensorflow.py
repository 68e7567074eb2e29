# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of TensorFlow, compiled by Orchestra.

    import orchestra.tensorflow

    program = orchestra.tensorflow.compile(model, tf.TensorSpec((8, 224, 224, 3), tf.float32))
    program(images)

TensorFlow hands the function over as StableHLO, for sizes that are known.
"""

from __future__ import annotations

from typing import Any

import numpy
import tensorflow

import orchestra.program
from orchestra.program import Program

__all__ = ["Compiled", "compile"]


class Compiled:
    """A compiled function with the structures of arguments and results that TensorFlow's has.

    Variables are read at each call: the program follows what a training changes. It cannot assign
    to them.
    """

    __slots__ = ("_captured", "_outputs", "_structure", "program")

    program: Program  #: for `explain`, `save` and the flat inputs: the arguments, then the variables

    def __init__(self, program: Program, structure: Any, captured: list[Any], outputs: Any) -> None:
        """For `compile`."""
        self.program = program
        self._structure = structure
        self._captured = captured
        self._outputs = outputs

    def __call__(self, *args: Any) -> Any:
        """Takes tensors or NumPy arrays, returns tensors."""
        tensorflow.nest.assert_same_structure(self._structure, args, check_types=False)
        inputs = [
            numpy.asarray(value, spec.dtype.as_numpy_dtype)
            for value, spec in zip(tensorflow.nest.flatten(args), tensorflow.nest.flatten(self._structure), strict=True)
        ]
        inputs += [numpy.asarray(value) for value in self._captured]
        outputs = [tensorflow.convert_to_tensor(array) for array in self.program(*inputs)]
        return tensorflow.nest.pack_sequence_as(self._outputs, outputs)

    def __repr__(self) -> str:
        return f"<orchestra.tensorflow.Compiled {self.program.name!r}>"


def compile(function: Any, *args: Any, **options: Any) -> Compiled:
    """Compiles a `tf.function`, a Keras model on TensorFlow, or any function of tensors.

    - `args`: what it will be called with: tensors or `tf.TensorSpec`, in any structure.
    - `options`: those of `orchestra.compile`, such as `threads`.

    >>> import tensorflow as tf
    >>> double = tf.function(lambda x: x + x)
    >>> compile(double, tf.TensorSpec((2,), tf.float32))(tf.constant([1.0, 2.0])).numpy()
    array([2., 4.], dtype=float32)
    """
    structure = tensorflow.nest.map_structure(_spec, args)
    specs = tensorflow.nest.flatten(structure)
    for spec in specs:
        if not spec.shape.is_fully_defined():
            raise ValueError(f"TensorFlow gives StableHLO for known sizes only, not for {spec}")

    def flat(*values: Any) -> Any:
        return function(*tensorflow.nest.pack_sequence_as(structure, values))

    # Arguments in one list: the way to the compiler takes no structures.
    wrapped = tensorflow.function(flat, jit_compile=True, autograph=False)
    concrete = wrapped.get_concrete_function(*specs)
    text = wrapped.experimental_get_compiler_ir(*specs)(stage="stablehlo")
    owners = {id(variable.handle): variable for variable in concrete.variables}
    captured = [owners.get(id(tensor), tensor) for tensor in concrete.captured_inputs]
    name = getattr(function, "__name__", None) or getattr(function, "name", None) or "function"
    plain = "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name)
    program = orchestra.program.compile(text.encode(), name=f"{plain}.mlir", **options)
    return Compiled(program, structure, captured, concrete.structured_outputs)


def _spec(value: Any) -> Any:
    """The type of an argument."""
    if isinstance(value, tensorflow.TensorSpec):
        return value
    if not tensorflow.is_tensor(value):
        value = tensorflow.convert_to_tensor(value)
    return tensorflow.TensorSpec(value.shape, value.dtype)
