#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the files of a new thing: code that compiles, tests that pass, and the
entries in CMake and in the registry, in the shape that CONTRIBUTING.md asks for.

    utils/new.py pass Transforms/HoistPadding
    utils/new.py --list

Nothing that exists is overwritten. utils/scaffolds.py tries every kind."""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE / "templates"


class Refusal(Exception):
    """Why nothing was written."""


def words_of(name):
    """HoistPadding -> [hoist, padding]; LLVMToGPU -> [llvm, to, gpu]."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+|[0-9]+", name)
    return [part.lower() for part in parts]


def pad_header(text):
    """Fills the dashes of `//===- ... -===//` lines up to column 80."""

    def fill(match):
        head, tail = match.group(1).rstrip("- "), match.group(2)
        return head + " " + "-" * (80 - len(head) - 1 - len(tail)) + tail

    return re.sub(r"^(//===- .*?)-*((?:-\*- C\+\+ -\*|-\*- tablegen -\*)?-(?:===)?//)$", fill, text, flags=re.M)


class Scaffold:
    """The edits of one new thing, done together at the end."""

    def __init__(self, root, values):
        self.root = root
        self.values = values
        self.texts = {}  # path -> new content

    def fill(self, template):
        text = (TEMPLATES / (template + ".in")).read_text()

        def value(match):
            return self.values.get(match.group(1), match.group(0))

        return pad_header(re.sub(r"@(\w+)@", value, text))

    def read(self, path):
        if path in self.texts:
            return self.texts[path]
        file = self.root / path
        if not file.exists():
            raise Refusal("there is no file %s" % path)
        return file.read_text()

    def exists(self, path):
        return path in self.texts or (self.root / path).exists()

    def new(self, path, template):
        if self.exists(path):
            raise Refusal("%s exists already" % path)
        self.texts[path] = self.fill(template)

    def edit(self, path, text):
        self.texts[path] = text

    def insert_before(self, path, pattern, text):
        """Puts `text` before the last match of `pattern`, unless it is there."""
        old = self.read(path)
        if text.strip() in old:
            return
        places = list(re.finditer(pattern, old, re.M))
        if not places:
            raise Refusal("%s: found no place for '%s'" % (path, text.strip()))
        at = places[-1].start()
        self.edit(path, old[:at] + text + old[at:])

    def add_words(self, path, library, keyword, word):
        """Adds `word` to the list after `keyword` of `orchestra_add_library(library`."""
        old = self.read(path)
        keywords = "ROOM|SOURCES|LINK|LINK_PUBLIC|DEPENDS|NO_PCH"
        call = re.search(r"(?:orchestra_add_library|orchestra_add_tool|add_\w+)\(%s\b[^)]*\)" % library, old)
        if not call:
            raise Refusal("%s: found no library %s" % (path, library))
        body = call.group(0)
        listed = re.search(r"\b%s\b((?:\s+(?!(?:%s)\b)[^\s)]+)*)" % (keyword, keywords), body)
        if listed:
            words = listed.group(1).split()
            if word in words:
                return
            start, end = listed.span()
            lead = ""
        else:
            words, start, end, lead = [], len(body) - 1, len(body) - 1, "\n  "
        lines, line = [], lead + keyword
        for item in sorted(words + [word]):
            if len(line.lstrip("\n")) + 1 + len(item) > (76 if not lines else 79):
                lines.append(line)
                line = " " * (2 + len(keyword)) + " " + item
            else:
                line += " " + item
        body = body[:start] + "\n".join(lines + [line]) + body[end:]
        self.edit(path, old[: call.start()] + body + old[call.end() :])

    def write(self, quiet=False):
        formatter = shutil.which("clang-format-22")
        for path, text in self.texts.items():
            file = self.root / path
            known = file.exists()
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            if formatter and not known and file.suffix in (".cpp", ".h"):
                subprocess.run([formatter, "-i", "--style=LLVM", str(file)], check=True)
            if not quiet:
                print("%s %s" % ("changed" if known else "wrote  ", path))


# ---------------------------------------------------------------- shared edits

REGISTRATION = "lib/Pipeline/Registration.cpp"
# In processing order: where a new room stands in lib/CMakeLists.txt.
ROOMS = ["Support", "Dialect", "Frontend", "Schedule", "Transforms", "Conversion",
         "Strategy", "Target", "Pipeline", "Driver"]  # fmt: skip


def ensure_room(scaffold, room):
    """Makes the room's Passes.td, library and registration if they are missing."""
    scaffold.values.update(Room=room, ROOM=room.upper())
    include = "include/orchestra/%s" % room
    if scaffold.exists(include + "/Passes.td"):
        return
    scaffold.new(include + "/Passes.td", "Passes.td")
    scaffold.new(include + "/Passes.h", "Passes.h")
    cmake = "lib/%s/CMakeLists.txt" % room
    if scaffold.exists(cmake):
        raise Refusal("%s exists, but declares no passes; write Passes.td by hand" % cmake)
    scaffold.new(cmake, "room-CMakeLists.txt")
    later = [name for name in ROOMS[ROOMS.index(room) + 1 :]]
    scaffold_line = "add_subdirectory(%s)\n" % room
    old = scaffold.read("lib/CMakeLists.txt")
    for name in later:
        if "add_subdirectory(%s)" % name in old:
            scaffold.insert_before("lib/CMakeLists.txt", r"^add_subdirectory\(%s\)" % name, scaffold_line)
            break
    scaffold.add_words("lib/Pipeline/CMakeLists.txt", "OrchestraPipeline", "LINK", "Orchestra" + room)
    add_include(scaffold, REGISTRATION, "orchestra/%s/Passes.h" % room)
    register(scaffold, "registerOrchestra%sPasses();" % room)


def add_include(scaffold, path, header):
    """Adds an #include to the sorted block of our own headers."""
    text = scaffold.read(path)
    blocks = list(re.finditer(r'(?:^#include "orchestra/.*\n)+', text, re.M))
    lines = set(blocks[-1].group(0).splitlines(True)) | {'#include "%s"\n' % header}
    scaffold.edit(path, text[: blocks[-1].start()] + "".join(sorted(lines)) + text[blocks[-1].end() :])


def register(scaffold, call):
    """Adds a call to registerPasses()."""
    text = scaffold.read(REGISTRATION)
    if call in text:
        return
    text = text.replace("{ registerAllPasses(); }", "{\n  registerAllPasses();\n}")
    at = text.index("registerAllPasses();") + len("registerAllPasses();")
    scaffold.edit(REGISTRATION, text[:at] + "\n  " + call + text[at:])


def add_pass(scaffold, room, template):
    ensure_room(scaffold, room)
    scaffold.insert_before("include/orchestra/%s/Passes.td" % room, r"^#endif", scaffold.fill(template))
    if "registerOrchestra%sPasses();" % room not in scaffold.read(REGISTRATION):
        register(scaffold, "register%sPass();" % scaffold.values["Name"])


def split(name, wanted):
    room, _, rest = name.rpartition("/")
    if not room or not re.fullmatch(r"[A-Z]\w*", rest):
        raise Refusal("'%s' is not of the form %s" % (name, wanted))
    return room, rest


def named(root, name, **more):
    stem = "-".join(words_of(name))
    return Scaffold(root, dict(Name=name, NAME=name.upper(), stem=stem, stem_=stem.replace("-", "_"), **more))


# ---------------------------------------------------------------- the kinds


def new_pass(root, name):
    """<Room>/<Name>: a pass on functions, with both tests"""
    room, name = split(name, "<Room>/<Name>, such as Transforms/HoistPadding")
    if room not in ("Schedule", "Transforms", "Strategy"):
        raise Refusal("passes live in Schedule, Transforms or Strategy, not in '%s'" % room)
    scaffold = named(root, name)
    add_pass(scaffold, room, "pass.td")
    scaffold.new("lib/%s/%s.cpp" % (room, name), "pass.cpp")
    scaffold.add_words("lib/%s/CMakeLists.txt" % room, "Orchestra" + room, "SOURCES", name + ".cpp")
    for suffix in ("", "-invalid"):
        test = "test/%s/%s%s.mlir" % (room, scaffold.values["stem"], suffix)
        scaffold.new(test, "pass%s.mlir" % suffix)
    return scaffold


def new_op(root, name):
    """<Dialect>/<Name>: an op of a dialect, with verifier and both tests"""
    dialect, name = split(name, "<Dialect>/<Name>, such as Orchestra/Barrier")
    scaffold = named(root, name, Dialect=dialect, dialect="_".join(words_of(dialect)))
    ods = "include/orchestra/Dialect/%s/%sOps.td" % (dialect, dialect)
    scaffold.insert_before(ods, r"^#endif", scaffold.fill("op.td"))
    source = "%s/%sOp.cpp" % (dialect, name)
    scaffold.new("lib/Dialect/" + source, "op.cpp")
    library = "OrchestraDialect" if dialect == "Orchestra" else "Orchestra%sDialect" % dialect
    scaffold.add_words("lib/Dialect/CMakeLists.txt", library, "SOURCES", source)
    for suffix in ("", "-invalid"):
        test = "test/Dialect/%s/%s%s.mlir" % (dialect, scaffold.values["stem"], suffix)
        scaffold.new(test, "op%s.mlir" % suffix)
    return scaffold


def new_conversion(root, name):
    """<From>To<To>: a conversion between two dialects, with both tests"""
    match = re.fullmatch(r"([A-Z]\w*?)To([A-Z]\w*)", name)
    if not match:
        raise Refusal("'%s' is not of the form <From>To<To>, such as LinalgToRock" % name)
    scaffold = named(root, name, From=match.group(1), To=match.group(2))
    add_pass(scaffold, "Conversion", "conversion.td")
    scaffold.new("include/orchestra/Conversion/%s/%s.h" % (name, name), "conversion.h")
    source = "%s/%s.cpp" % (name, name)
    scaffold.new("lib/Conversion/" + source, "conversion.cpp")
    scaffold.add_words("lib/Conversion/CMakeLists.txt", "OrchestraConversion", "SOURCES", source)
    for suffix in ("", "-invalid"):
        test = "test/Conversion/%s/%s%s.mlir" % (name, scaffold.values["stem"], suffix)
        scaffold.new(test, "conversion%s.mlir" % suffix)
    return scaffold


def new_strategy(root, name):
    """<family>: a strategy script for a family of machines, with both tests"""
    if not re.fullmatch(r"[a-z]\w*", name):
        raise Refusal("'%s' is not of the form family_of_machines" % name)
    scaffold = named(root, name)
    scaffold.values.update(Name=name, stem_=name, stem=name.replace("_", "-"))
    scaffold.new("strategies/%s_strategy.mlir" % name, "strategy.mlir")
    scaffold.new("test/Strategy/%s.mlir" % scaffold.values["stem"], "strategy-test.mlir")
    scaffold.new("test/Strategy/%s-invalid.mlir" % scaffold.values["stem"], "strategy-invalid.mlir")
    return scaffold


def camel(name):
    if not re.fullmatch(r"[A-Z]\w*", name):
        raise Refusal("'%s' is not of the form SomeName" % name)


def new_target(root, name):
    """<Name>: a target's folder with its first pass, with both tests"""
    camel(name)
    scaffold = named(root, name)
    include = "include/orchestra/Target/" + name
    scaffold.new(include + "/Passes.td", "target-Passes.td")
    scaffold.new(include + "/Passes.h", "target-Passes.h")
    scaffold.new("lib/Target/%s/CMakeLists.txt" % name, "target-CMakeLists.txt")
    scaffold.new("lib/Target/%s/CheckKernel.cpp" % name, "target-CheckKernel.cpp")
    cmake = "lib/Target/CMakeLists.txt"
    scaffold.edit(cmake, scaffold.read(cmake) + "add_subdirectory(%s)\n" % name)
    scaffold.add_words("lib/Pipeline/CMakeLists.txt", "OrchestraPipeline", "LINK", "OrchestraTarget" + name)
    add_include(scaffold, REGISTRATION, "orchestra/Target/%s/Passes.h" % name)
    register(scaffold, "registerOrchestraTarget%sPasses();" % name)
    for suffix in ("", "-invalid"):
        scaffold.new("test/Target/%s/check-kernel%s.mlir" % (name, suffix), "target%s.mlir" % suffix)
    return scaffold


def new_frontend_op(root, name):
    """<Operator>: an operator of the ONNX importer, with a test"""
    camel(name)
    scaffold = named(root, name, lower=name.lower())
    folder = "lib/Frontend/ONNX/"
    if re.search(r'op\("%s"' % name, "".join(f.read_text() for f in (root / folder).glob("*.cpp"))):
        raise Refusal("the importer has %s already" % name)
    scaffold.new(folder + name + ".cpp", "frontend-op.cpp")
    scaffold.insert_before(folder + "Table.h", r"^} // namespace", "void add%s(Table &table);\n\n" % name)
    scaffold.insert_before(folder + "Table.cpp", r"^    return all;", "    add%s(all);\n" % name)
    scaffold.add_words(folder + "CMakeLists.txt", "OrchestraOnnx", "SOURCES", name + ".cpp")
    scaffold.new("test/Frontend/ONNX/%s.test" % scaffold.values["stem"], "frontend-op.test")
    return scaffold


def new_subcommand(root, name):
    """<Name>: a subcommand of the tool orchestra, with both tests"""
    camel(name)
    scaffold = named(root, name)
    folder = "tools/orchestra/"
    scaffold.new(folder + name + ".cpp", "subcommand.cpp")
    scaffold.insert_before(
        folder + "Tool.h", r"^void addCompletion\(", "void add%s(CLI::App &app, Tool &tool);\n" % name
    )
    scaffold.insert_before(folder + "main.cpp", r"^  addCompletion\(", "  add%s(app, tool);\n" % name)
    scaffold.add_words(folder + "CMakeLists.txt", "orchestra", "SOURCES", name + ".cpp")
    for suffix in ("", "-invalid"):
        test = "test/tools/orchestra/%s%s.test" % (scaffold.values["stem"], suffix)
        scaffold.new(test, "subcommand%s.test" % suffix)
    return scaffold


def new_runtime_device(root, name):
    """<Name>: a device driver of the runtime, from the null device; the device tests run on it"""
    camel(name)
    scaffold = named(root, name)
    lower = name.lower()
    null = scaffold.read("runtime/devices/null/NullDevice.cpp")
    text = null.replace("orchestraNullDriver", "orchestra%sDriver" % name)
    text = text.replace("NullDevice.cpp - A device that stores nothing", "%sDevice.cpp - The driver %s" % (name, lower))
    text = re.sub(r'"null"', '"%s"' % lower, text).replace("device 'null'", "device '%s'" % lower)
    text = re.sub(r"^// Template: .*\n", "", text, flags=re.M)
    path = "runtime/devices/%s/%sDevice.cpp" % (lower, name)
    if scaffold.exists(path):
        raise Refusal("%s exists already" % path)
    scaffold.edit(path, pad_header(text))
    scaffold.insert_before(
        "runtime/CMakeLists.txt", r"^  devices/null/NullDevice.cpp$", "  devices/%s/%sDevice.cpp\n" % (lower, name)
    )
    registry = "runtime/lib/Device.cpp"
    scaffold.insert_before(
        registry, r"^extern const orch_driver orchestraNullDriver;", "extern const orch_driver orchestra%sDriver;\n" % name
    )
    old = scaffold.read(registry)
    count = re.search(r"std::atomic<uint32_t> count\{(\d+)\};", old)
    if not count:
        raise Refusal("%s: found no count of drivers" % registry)
    old = old.replace(count.group(0), "std::atomic<uint32_t> count{%d};" % (int(count.group(1)) + 1))
    scaffold.edit(registry, re.sub(r"(&orchestraNullDriver)\};", r"\1, &orchestra%sDriver};" % name, old))
    tests = "runtime/test/DeviceTest.cpp"
    scaffold.edit(tests, scaffold.read(tests).replace('testing::Values("cpu", "null"', 'testing::Values("cpu", "%s", "null"' % lower))
    return scaffold


def new_error(root, name):
    """<slug>: the page of an error"""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise Refusal("'%s' is not of the form some-words" % name)
    scaffold = named(root, name)
    scaffold.values["stem"] = name
    scaffold.new("docs/errors/%s.md" % name, "error.md")
    return scaffold


KINDS = {
    "pass": new_pass,
    "op": new_op,
    "conversion": new_conversion,
    "strategy": new_strategy,
    "target": new_target,
    "frontend-op": new_frontend_op,
    "runtime-device": new_runtime_device,
    "subcommand": new_subcommand,
    "error": new_error,
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", nargs="?", help="what to make; --list shows the kinds")
    parser.add_argument("name", nargs="?")
    parser.add_argument("--list", action="store_true", help="list the kinds")
    parser.add_argument("--root", type=Path, default=HERE.parent, help="tree to write into")
    options = parser.parse_args()
    if options.list:
        for kind, make in KINDS.items():
            print("%-14s %s" % (kind, make.__doc__))
        return 0
    if options.kind not in KINDS:
        parser.error("kind is one of: %s" % ", ".join(KINDS))
    if not options.name:
        parser.error("%s wants a name: %s" % (options.kind, KINDS[options.kind].__doc__))
    try:
        scaffold = KINDS[options.kind](options.root.resolve(), options.name)
    except Refusal as refusal:
        print("new.py: error: %s" % refusal, file=sys.stderr)
        return 1
    scaffold.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
