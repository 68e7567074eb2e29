# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of the official corpus as programs that give what they check.

A check (`check.expect_eq_const %r, dense<...>` and its kin, or a custom call to one)
becomes two results of the function: what was computed and what is expected. Whoever
runs the program compares them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

CHECK = re.compile(r"^\s*(?:\"?check\.|stablehlo\.custom_call @check\.)(\w+)")
CALL = re.compile(r"@check\.(\w+)\(([^)]*)\)\s*(\{[^}]*\})?\s*:\s*\((.*)\)\s*->\s*\(\)")
RETURN = re.compile(r"^\s*(?:func\.)?return\b(.*)$")
HEAD = re.compile(r"^(\s*func\.func\s+(?:public |private )?@(\w+)\s*)\((.*?)\)(.*)$")
TOLERANCE = re.compile(r"tolerance\s*=\s*([0-9.eE+-]+)")


@dataclass
class Piece:
    """One program; `checks` say how pairs of results are compared."""

    name: str
    text: str
    checks: list[tuple[str, float]] = field(default_factory=list)
    refusal: str = ""


def statements(text: str) -> list[str]:
    """Lines, joined where brackets or strings are open."""
    result: list[str] = []
    buffer = ""
    depth = 0
    for line in text.split("\n"):
        code = line if '"' in line else line.split("//")[0]
        buffer = buffer + " " + code.strip() if buffer else code
        plain = re.sub(r'"[^"]*"', "", code).replace("->", "")
        depth += sum(plain.count(c) for c in "(<[") - sum(plain.count(c) for c in ")>]")
        if depth <= 0 or "({" in plain or plain.rstrip().endswith("{"):
            result.append(buffer)
            buffer = ""
            depth = 0
    if buffer:
        result.append(buffer)
    return result


def split_types(text: str) -> list[str]:
    """Types of a list, commas inside of brackets left alone."""
    parts, depth, part = [], 0, ""
    for char in text:
        depth += char in "<(["
        depth -= char in ">)]"
        if char == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    return [*parts, part.strip()] if part.strip() else parts


def read_check(kind: str, line: str, number: int):
    """(extra line, the two values, their type, how to compare), or a reason why not."""
    call = CALL.search(line)
    tolerance = TOLERANCE.search(line)
    bound = float(tolerance.group(1)) if tolerance else 1e-4
    if call:
        values = [v.strip() for v in call.group(2).split(",")]
        types = split_types(call.group(4))
        return "", values, types, (call.group(1).removeprefix("expect_"), bound)
    if kind.endswith("_const"):
        match = re.match(r"\s*check\.\w+\s+(%[\w#]+),\s*(dense<.*|array<.*)$", line)
        if not match:
            return "a check of a form that is not known"
        value, constant = match.groups()
        constant = re.sub(r",\s*tolerance\s*=\s*[^:]*(?=:)", " ", constant)
        constant = re.sub(r"\s*\{[^{}]*\}\s*$", "", constant)
        kindless = constant.rsplit(" : ", 1)
        if len(kindless) != 2:
            return "a check of a form that is not known"
        type_text = kindless[1].strip()
        name = f"%expected_{number}"
        extra = f"    {name} = stablehlo.constant {kindless[0].strip()} : {type_text}"
        how = kind.removeprefix("expect_").removesuffix("_const")
        return extra, [value, name], [type_text, type_text], (how, bound)
    match = re.match(r"\s*check\.\w+\s+(%[\w#]+),\s*(%[\w#]+)[^:]*:\s*(.*)$", line)
    if not match:
        return "a check of a form that is not known"
    types = split_types(match.group(3))
    types = types if len(types) > 1 else types * 2
    return "", list(match.groups()[:2]), types, (kind.removeprefix("expect_"), bound)


def rewrite(function: list[str], entry: str) -> Piece:
    """The function `entry` of a module's lines, with checks as results."""
    piece = Piece(entry, "")
    lines: list[str] = []
    values: list[str] = []
    types: list[str] = []
    inside = False
    head = -1
    for line in function:
        match = HEAD.match(line)
        if match:
            inside = match.group(2) == entry
            head = len(lines) if inside else head
        check = CHECK.match(line) if inside else None
        if check:
            read = read_check(check.group(1), line, len(piece.checks))
            if isinstance(read, str):
                piece.refusal = read
                continue
            extra, pair, pair_types, how = read
            if extra:
                lines.append(extra)
            values += pair
            types += pair_types
            piece.checks.append(how)
            continue
        end = RETURN.match(line) if inside else None
        if end:
            given = f"    return {', '.join(values)} : {', '.join(types)}"
            lines.append(given if values else "    return")
            inside = False
            continue
        lines.append(line)
    if head >= 0:
        start, name, arguments, rest = HEAD.match(lines[head]).groups()
        del rest
        lines[head] = f"  func.func public @{name}({arguments}) -> ({', '.join(types)}) {{"
    piece.text = "\n".join(lines) + "\n"
    return piece


def pieces(text: str, name: str) -> list[Piece]:
    """All programs of a file: those between `// -----`, each function that checks."""
    found = []
    for part in text.split("// -----"):
        lines = statements(part)
        entries = []
        current = ""
        for line in lines:
            match = HEAD.match(line)
            if match:
                current = match.group(2)
            if CHECK.match(line) and current not in entries:
                entries.append(current)
        for entry in entries:
            piece = rewrite(lines, entry)
            if "interpreter." in piece.text:
                piece.refusal = "it runs several programs side by side, or probes values"
            module = re.match(r"\s*module @(\w+)", next((l for l in lines if l.strip()), ""))
            piece.name = f"{name}:{module.group(1) + '.' if module else ''}{entry}"
            if piece.name in {other.name for other in found}:
                piece.name += f".{len(found)}"
            found.append(piece)
    return found
