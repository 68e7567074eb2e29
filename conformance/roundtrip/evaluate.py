#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs StableHLO programs with jax and jaxlib: XLA's client for the CPU, or the official interpreter.

    evaluate.py cpu|interpreter < jobs

A job is a JSON line: `text` and `given` are files to read, `outputs` a file to write; arrays in both
archives are in the order of the program's. One JSON line answers each job, at once, so that a caller sees
how far it came. Signless integers are what the program says they are: inputs come as their bits.
"""

import json
import sys
import zipfile

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir._mlir_libs import _jax_mlir_ext
from jaxlib.mlir.dialects import stablehlo


class Rejected(Exception):
    """The text is at fault, not a number."""


def make_context():
    context = ir.Context()
    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    context.append_dialect_registry(registry)
    context.load_all_available_dialects()
    stablehlo.register_dialect(context)
    stablehlo.register_interpreter_dialect(context)
    return context


TYPES = {
    "i1": np.dtype(np.bool_),
    "f16": np.dtype(np.float16),
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    **{f"{sign}i{bits}": np.dtype(f"{kind}{bits // 8}") for bits in (8, 16, 32, 64)
       for sign, kind in (("", "i"), ("u", "u"))},
}  # fmt: skip


def type_of(element):
    name = str(element)
    if name in TYPES:
        return TYPES[name]
    import ml_dtypes

    names = {"bf16": "bfloat16", "f8E4M3FN": "float8_e4m3fn", "f8E5M2": "float8_e5m2", "i4": "int4", "ui4": "uint4"}
    return np.dtype(getattr(ml_dtypes, names[name]))


def arguments(module):
    function = next(op for op in module.body.operations if op.attributes["sym_name"].value == "main")
    kind = ir.FunctionType(ir.TypeAttr(function.attributes["function_type"]).value)
    return [ir.RankedTensorType(t) for t in kind.inputs]


def read_inputs(path, wanted):
    with np.load(path) as archive:
        arrays = [archive[name] for name in archive.files]
    if len(arrays) != len(wanted):
        raise ValueError(f"{len(wanted)} arguments, but {len(arrays)} inputs")
    result = []
    for array, kind in zip(arrays, wanted):
        dtype = type_of(kind.element_type)
        if array.size == np.prod(kind.shape, dtype=np.int64):
            array = array.reshape(kind.shape)  # packed elements come in a row
        if list(array.shape) != list(kind.shape):
            raise ValueError(f"an argument of shape {list(kind.shape)}, but an input of {list(array.shape)}")
        if array.dtype != dtype:
            array = np.ascontiguousarray(array).reshape(-1).view(dtype).reshape(kind.shape)
        result.append(array)
    return result


def save(path, arrays):
    """Types that NumPy lacks go as their bits."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, array in enumerate(arrays):
            array = np.ascontiguousarray(array).reshape(array.shape)
            if array.dtype.char not in "?bhilqBHILQefd":
                array = array.view({1: np.uint8, 2: np.uint16}[array.dtype.itemsize])
            with archive.open(f"{number}.npy", "w") as file:
                np.lib.format.write_array(file, array)


class Cpu:
    def __init__(self):
        import jax
        from jaxlib import _jax, xla_client

        jax.config.update("jax_enable_x64", True)
        self.put = jax.device_put
        device = jax.local_devices(backend="cpu")[0]
        self.client, self.devices = device.client, _jax.DeviceList((device,))
        self.options = xla_client.CompileOptions()

    def __call__(self, text, module, inputs):
        try:
            program = self.client.compile_and_load(text.encode(), self.devices, self.options)
        except Exception as error:
            raise Rejected(str(error)) from error
        results = program.execute_sharded([self.put(array) for array in inputs])
        return [np.asarray(one[0]) for one in results.disassemble_into_single_device_arrays()]


class Interpreter:
    def __call__(self, text, module, inputs):
        kinds = arguments(module)
        widened = self.widen(module)
        given = []
        for array, kind in zip(inputs, kinds):
            given.append(
                ir.DenseElementsAttr.get(np.ascontiguousarray(array), type=kind.element_type, shape=list(array.shape))
            )
        results = [np.array(one) for one in stablehlo.eval_module(module, given)]
        return [one.astype(type_of(kind)) if kind else one for one, kind in zip(results, widened)]

    def widen(self, module):
        """Lets bfloat16 results, which do not come out, leave as f32; what they were, or None, of each."""
        function = next(op for op in module.body.operations if op.attributes["sym_name"].value == "main")
        terminator = list(function.regions[0].blocks[0].operations)[-1]
        widened = []
        for index, value in enumerate(list(terminator.operands)):
            kind = ir.RankedTensorType(value.type)
            widened.append(kind.element_type if str(kind.element_type) == "bf16" else None)
            if widened[-1]:
                with ir.InsertionPoint(terminator):
                    wide = ir.RankedTensorType.get(kind.shape, ir.F32Type.get())
                    terminator.operands[index] = stablehlo.convert(wide, value)
        types = [value.type for value in terminator.operands]
        old = ir.FunctionType(ir.TypeAttr(function.attributes["function_type"]).value)
        function.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(old.inputs, types))
        return widened


def one(job, run):
    with open(job["text"], encoding="utf-8") as file:
        text = file.read()
    with make_context(), ir.Location.unknown():
        try:
            module = ir.Module.parse(text)
        except Exception as error:
            return {"status": "rejected", "reason": str(error)}
        try:
            inputs = read_inputs(job["given"], arguments(module))
            save(job["outputs"], run(text, module, inputs))
        except ValueError as error:
            return {"status": "fail", "reason": str(error)}
        except Rejected as error:
            return {"status": "rejected", "reason": str(error)}
        except Exception as error:
            return {"status": "fail", "reason": f"{type(error).__name__}: {error}"}
    return {"status": "pass", "reason": ""}


def main():
    run = Cpu() if sys.argv[1] == "cpu" else Interpreter()
    for line in sys.stdin:
        print(json.dumps(one(json.loads(line), run)), flush=True)


if __name__ == "__main__":
    main()
