#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs StableHLO text in jaxlib's interpreter and checks its numbers.

    execute.py KERNEL.mlir TEXT.mlir

KERNEL.mlir is the kernel as it was, TEXT.mlir what Orchestra made of it. XLA's
compiler for the CPU must accept the text too.
"""

import sys
from pathlib import Path

import numpy as np
from jaxlib import _jax, xla_client
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from official import make_context

sys.path.insert(0, str(Path(__file__).parent.parent / "Inputs"))
from reference import judge, make_inputs, signature  # noqa: E402


def return_f64(module):
    """Converts the result to f64, so that every element type comes out."""
    function = next(iter(module.body.operations))
    terminator = list(function.regions[0].blocks[0].operations)[-1]
    value = terminator.operands[0]
    wide = ir.RankedTensorType.get(
        ir.RankedTensorType(value.type).shape, ir.F64Type.get()
    )
    with ir.InsertionPoint(terminator):
        terminator.operands[0] = stablehlo.convert(wide, value)
    old = ir.FunctionType(ir.TypeAttr(function.attributes["function_type"]).value)
    function.attributes["function_type"] = ir.TypeAttr.get(
        ir.FunctionType.get(old.inputs, [wide])
    )


def interpret(text, arrays, types):
    with make_context(), ir.Location.unknown():
        module = ir.Module.parse(text)
        return_f64(module)
        inputs = []
        for array, (shape, kind) in zip(arrays, types):
            element = ir.Type.parse(kind)
            inputs.append(
                ir.DenseElementsAttr.get(
                    np.ascontiguousarray(array), type=element, shape=list(shape)
                )
            )
        return np.array(stablehlo.eval_module(module, inputs)[0])


def main():
    kernel, text = Path(sys.argv[1]), Path(sys.argv[2]).read_text()
    client = xla_client.make_cpu_client()
    devices = _jax.DeviceList(tuple(client.local_devices()[:1]))
    client.compile_and_load(text.encode(), devices, xla_client.CompileOptions())

    types = signature(kernel.read_text())
    arrays = make_inputs(types[:-1])
    got = interpret(text, arrays, types[:-1])
    sys.exit(0 if judge(kernel.stem, types, arrays, got) else 1)


if __name__ == "__main__":
    main()
