# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What JAX made of a function, as text of StableHLO for the compiler."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

# By name: who checks the types of a program that uses this package need not have jaxlib.
stablehlo_translate: Any = importlib.import_module("orchestra.stablehlo_translate")


def text_of(model: Any) -> tuple[str, bytes]:
    """Name and text of a `jax.export.Exported` or a `jax.stages.Lowered`."""
    if hasattr(model, "mlir_module_serialized"):
        context = stablehlo_translate.make_context()
        module = stablehlo_translate.read_module(context, model.mlir_module_serialized)
        name = model.fun_name
        _name_dims(module, [model.in_avals[i] for i in model.module_kept_var_idx])
    else:
        module = model.compiler_ir("stablehlo")
        name = str(module.operation.attributes["sym_name"]).strip('"')
        # Of JAX's own module: a copy is changed.
        module = type(module).parse(stablehlo_translate.to_text(module), module.context)
    stablehlo_translate.drop_shardings(module)
    plain = "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name)
    return f"{plain}.mlir", stablehlo_translate.to_text(module)


def _name_dims(module: Any, avals: Iterable[Any]) -> None:
    """Writes down the names of dimensions that an export left open."""
    shapes = [[dim if isinstance(dim, int) else str(dim) for dim in aval.shape] for aval in avals]
    if all(isinstance(dim, int) for shape in shapes for dim in shape):
        return
    ir: Any = importlib.import_module("jaxlib.mlir.ir")
    with module.context:
        main = next(op for op in module.body.operations if _symbol(op) == "main")
        function = main.operation
        count = len(main.arguments)
        old = function.attributes["arg_attrs"] if "arg_attrs" in function.attributes else [{}] * count
        new = []
        # The platform's number comes first, if there is one.
        padded: list[list[int | str]] = [[]] * (count - len(shapes)) + shapes
        for attributes, shape in zip(old, padded, strict=True):
            names = {one.name: one.attr for one in attributes} if attributes else {}
            texts = [dim if isinstance(dim, str) and dim.isidentifier() else "" for dim in shape]
            names["orchestra.dim_names"] = ir.ArrayAttr.get([ir.StringAttr.get(text) for text in texts])
            new.append(ir.DictAttr.get(names))
        function.attributes["arg_attrs"] = ir.ArrayAttr.get(new)


def _symbol(operation: Any) -> str:
    attributes = operation.operation.attributes
    return str(attributes["sym_name"]).strip('"') if "sym_name" in attributes else ""
