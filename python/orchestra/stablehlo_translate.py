#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The interface of OpenXLA's `stablehlo-translate`, over jaxlib.

Versioned portable artefacts and XLA's HLO are made by the official library only;
this command is the door to it for an Orchestra that does not link it. It imports
nothing of the package beside it, so it runs by path or as a console script.

    stablehlo_translate.py --serialize --target=1.9.0 IN -o OUT
    stablehlo_translate.py --deserialize IN -o OUT
    stablehlo_translate.py --to-hlo IN -o OUT     (not in the official command)

IN may be '-'; so may OUT, the default. Exit code 4: jaxlib is missing.
"""

import argparse
import os
import sys
from typing import Any, BinaryIO, Callable

MAGIC = b"ML\xefR"  # MLIR's bytecode, whatever it holds


def make_context() -> Any:
    """A context with the official dialects."""
    from jaxlib.mlir import ir
    from jaxlib.mlir._mlir_libs import _jax_mlir_ext
    from jaxlib.mlir.dialects import chlo, sdy, stablehlo

    context = ir.Context()
    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    context.append_dialect_registry(registry)
    context.load_all_available_dialects()
    for dialect in (stablehlo, chlo, sdy):
        dialect.register_dialect(context)
    return context


def is_artefact(data: bytes) -> bool:
    return data.startswith(MAGIC) and b"StableHLO_v" in data[:64]


def serialize(data: bytes, target: str) -> bytes:
    from jaxlib.mlir.dialects import stablehlo

    named = {
        "current": stablehlo.get_current_version,
        "minimum": stablehlo.get_minimum_version,
    }
    version = named[target]() if target in named else target
    return bytes(stablehlo.serialize_portable_artifact_str(data, version))


def read_module(context: Any, data: bytes) -> Any:
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import stablehlo

    if is_artefact(data):
        return stablehlo.deserialize_portable_artifact(context, data)
    return ir.Module.parse(data, context)


def to_text(module: Any) -> bytes:
    """The text of a module, with the names of the user's nodes."""
    return (str(module.operation.get_asm(enable_debug_info=True)) + "\n").encode()


def drop_shardings(module: Any) -> None:
    """Takes away how values are spread over devices (`sdy`), which means nothing on one."""
    from jaxlib.mlir import ir

    found = []

    def visit(operation: Any) -> Any:
        if operation.name in ("sdy.sharding_constraint", "sdy.mesh"):
            found.append(operation)
        for name in [name for name in operation.attributes if name.startswith("sdy.")]:
            del operation.attributes[name]
        for key in ("arg_attrs", "res_attrs"):
            if operation.name == "func.func" and key in operation.attributes:
                operation.attributes[key] = ir.ArrayAttr.get(
                    [
                        ir.DictAttr.get({one.name: one.attr for one in attributes if not one.name.startswith("sdy.")})
                        for attributes in operation.attributes[key]
                    ]
                )
        return ir.WalkResult.ADVANCE

    with module.context:
        module.operation.walk(visit)
        for operation in found:
            for result, operand in zip(operation.results, operation.operands):
                result.replace_all_uses_with(operand)
            operation.erase()


def deserialize(data: bytes) -> bytes:
    """The text of an artefact, or of any bytecode, which the official command refuses."""
    if not data.startswith(MAGIC):
        raise ValueError("the input is no portable artefact")
    module = read_module(make_context(), data)
    drop_shardings(module)
    return to_text(module)


# ---- HLO ---------------------------------------------------------------------
# XLA numbers instructions with 64 bits, which older readers of HloModuleProto
# truncate. The proto is rewritten field by field in the wire format, so that
# nothing this file does not know is lost.

Rewriter = Callable[[int, Any], Any]


def read_varint(data: bytes, at: int) -> "tuple[int, int]":
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("the proto is damaged")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def fields(data: bytes) -> "list[tuple[int, int, Any]]":
    """Number, wire type and value of each field of a message."""
    found: "list[tuple[int, int, Any]]" = []
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        number, kind = key >> 3, key & 7
        value: Any
        if kind == 0:
            value, at = read_varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = data[at : at + size], at + size
        elif kind == 2:
            size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
            if len(value) != size:
                raise ValueError("the proto is damaged")
        else:
            raise ValueError("the proto has a field of unknown kind")
        found.append((number, kind, value))
    return found


def rewrite(data: bytes, change: Rewriter) -> bytes:
    """The message with changed values; None drops a field."""
    out = []
    for number, kind, value in fields(data):
        value = change(number, value)
        if value is None:
            continue
        out.append(varint(number << 3 | kind))
        if kind == 0:
            out.append(varint(value))
        elif kind == 2:
            out += [varint(len(value)), value]
        else:
            out.append(value)
    return b"".join(out)


# Numbers of fields in XLA's hlo.proto.
MODULE_COMPUTATIONS, MODULE_SCHEDULE = 3, 7
COMPUTATION_INSTRUCTIONS, COMPUTATION_ROOT_ID = 2, 6
INSTRUCTION_ID, INSTRUCTION_OPERANDS, INSTRUCTION_CONTROL = 35, 36, 37


def renumber_hlo(module: bytes) -> bytes:
    """An HloModuleProto whose instructions are numbered from 1."""
    numbers: "dict[int, int]" = {}
    for number, _, computation in fields(module):
        if number != MODULE_COMPUTATIONS:
            continue
        for inner, _, instruction in fields(computation):
            if inner == COMPUTATION_INSTRUCTIONS:
                for field, _, value in fields(instruction):
                    if field == INSTRUCTION_ID:
                        numbers[value] = len(numbers) + 1

    def in_instruction(number: int, value: Any) -> Any:
        if number == INSTRUCTION_ID:
            return numbers[value]
        if number not in (INSTRUCTION_OPERANDS, INSTRUCTION_CONTROL):
            return value
        if isinstance(value, int):
            return numbers[value]
        packed, at = b"", 0
        while at < len(value):
            old, at = read_varint(value, at)
            packed += varint(numbers[old])
        return packed

    def in_computation(number: int, value: Any) -> Any:
        if number == COMPUTATION_INSTRUCTIONS:
            return rewrite(value, in_instruction)
        return numbers[value] if number == COMPUTATION_ROOT_ID else value

    def in_module(number: int, value: Any) -> Any:
        if number == MODULE_SCHEDULE:  # by the old numbers; a compiler makes its own
            return None
        return rewrite(value, in_computation) if number == MODULE_COMPUTATIONS else value

    return rewrite(module, in_module)


def to_hlo(data: bytes) -> bytes:
    from jaxlib import _jax

    context = make_context()
    text = str(read_module(context, data)).encode()
    computation = _jax.mlir.mlir_module_to_xla_computation(
        text, use_tuple_args=False, return_tuple=False
    )
    return renumber_hlo(computation.as_serialized_hlo_module_proto())


# ---- The command -------------------------------------------------------------


def open_output(path: str) -> BinaryIO:
    return sys.stdout.buffer if path == "-" else open(path, "wb")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    for name in ("serialize", "deserialize", "to-hlo"):
        mode.add_argument("--" + name, action="store_true")
    parser.add_argument("--target", default="current", help="version of the artefact")
    parser.add_argument("-o", dest="output", default="-")
    parser.add_argument("input", nargs="?", default="-")
    options = parser.parse_args()
    try:
        import jaxlib  # noqa: F401
    except ImportError as error:
        print("error: Python has no jaxlib: %s" % error, file=sys.stderr)
        return 4
    try:
        if options.input == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(options.input, "rb") as file:
                data = file.read()
        if options.serialize:
            result = serialize(data, options.target)
        elif options.deserialize:
            result = deserialize(data)
        else:
            result = to_hlo(data)
        # Only now: what fails leaves no file behind.
        with open_output(options.output) as out:
            out.write(result)
    except Exception as error:  # whatever the official library raises
        print("error: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # By path, this folder comes first in the search path: it is no place for
    # other people's imports.
    if sys.path and os.path.abspath(sys.path[0]) == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    sys.exit(main())
