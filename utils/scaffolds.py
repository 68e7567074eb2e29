#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tries every scaffold of utils/new.py in a copy of the tree.

By default each kind is written, its .td files go through mlir-tblgen, and its
sources are compiled with the flags and precompiled header of the present build
(seconds). With --full the copy is configured, built and tested (minutes)."""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import new
import project
from project import ROOT

SAMPLES = [
    ("pass", "Transforms/ScaffoldedPass"),
    ("op", "Orchestra/ScaffoldedOp"),
    ("conversion", "ScaffoldToMade"),
    ("strategy", "scaffolded_machine"),
    ("target", "Scaffolded"),
    ("frontend-op", "MaxRoiPool"),
    ("runtime-device", "Scaffolded"),
    ("subcommand", "Scaffolded"),
    ("error", "scaffolded-error"),
]


def run(argv, cwd, **options):
    done = subprocess.run([str(w) for w in argv], cwd=cwd, capture_output=True, text=True, **options)
    return [] if done.returncode == 0 else (done.stdout + done.stderr).strip().splitlines()[-30:]


def copy_tree(tree):
    for path in project.all_files():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target)


def pass_group(tree, td):
    """The name that CMake gives the group of passes of `td`."""
    folder = Path("lib", *td.parts[2:-1])
    text = (tree / folder / "CMakeLists.txt").read_text()
    return re.search(r"Passes\.td\s+\"Passes\.h\.inc\|-gen-pass-decls\|-name[|=](\w+)", text).group(1)


class QuickBuild:
    """Compiles single files of the copy as the present build compiles its own."""

    def __init__(self, tree, build):
        self.tree, self.build = tree, build
        self.out = tree / "build"
        database = self.database = json.loads((build / "compile_commands.json").read_text())
        wanted = str(ROOT / new.REGISTRATION)
        # This source may use every room, so its flags serve them all.
        self.entry = next(entry for entry in database if entry["file"] == wanted)
        shutil.copytree(build / "gen", self.out / "gen")
        for room in new.ROOMS:
            root = self.out / "rooms" / room / "orchestra"
            root.mkdir(parents=True)
            (root / room).symlink_to(tree / "include" / "orchestra" / room)

    def nearest(self, source):
        """A command of the present build for a source like this one."""
        top = Path(source).parts[0]
        if top == "lib":
            return self.entry
        beside = {"tools": "tools/orchestra/main.cpp", "runtime": "runtime/lib/Device.cpp"}
        return next(e for e in self.database if e["file"] == str(ROOT / beside[top]))

    def tablegen(self, td):
        """Runs mlir-tblgen on `td` for what lib/ includes of it."""
        place = td.relative_to("include")
        room = place.parts[1]
        out = self.out / "gen" / room / place.parent
        out.mkdir(parents=True, exist_ok=True)
        if td.name == "Passes.td":
            jobs = [("Passes.h.inc", ["-gen-pass-decls", "-name", pass_group(self.tree, td)])]
        else:
            jobs = [(td.stem + ".h.inc", ["-gen-op-decls"]), (td.stem + ".cpp.inc", ["-gen-op-defs"])]
        problems = []
        for name, flags in jobs:
            problems += run(
                ["/usr/lib/llvm-22/bin/mlir-tblgen", *flags, "-I", "include", "-I", "/usr/lib/llvm-22/include",
                 td, "-o", out / name], self.tree)  # fmt: skip
        return problems

    def compile(self, source):
        entry = self.nearest(source)
        words = shlex.split(entry["command"])
        # A launcher (ccache) stands before the compiler.
        words = words[next(i for i, w in enumerate(words) if "clang" in os.path.basename(w)) :]
        for flag in ("-o", "-c"):
            at = words.index(flag)
            del words[at : at + 2]
        changed = [
            word.replace("%s/rooms/" % self.build, "%s/rooms/" % self.out).replace(
                "%s/gen/" % self.build, "%s/gen/" % self.out
            )
            for word in words
        ]
        for room in new.ROOMS:
            changed += ["-I%s/rooms/%s" % (self.out, room), "-I%s/gen/%s" % (self.out, room)]
        changed.append("-I%s" % (self.tree / source).parent)
        return run([*changed, "-fsyntax-only", self.tree / source], entry["directory"])


def quick(tree, build, checks, written):
    if not (build / "compile_commands.json").exists():
        checks.skip("compile", "there is no build in %s" % build)
        return
    builder = QuickBuild(tree, build)
    paths = sorted({path for paths in written.values() for path in paths})
    for path in paths:
        if path.endswith(".td"):
            checks.add("tablegen " + path, builder.tablegen(Path(path)))
    for path in paths:
        compiled = path.startswith(("lib/", "tools/", "runtime/lib/", "runtime/devices/"))
        if compiled and path.endswith(".cpp"):
            checks.add("compile " + path, builder.compile(path))


def full(tree, checks, jobs):
    (tree / ".venv").symlink_to(ROOT / ".venv")
    if (ROOT / ".cache").exists():
        (tree / ".cache").symlink_to(ROOT / ".cache")
    for name, argv in (
        ("configure", ["cmake", "--preset", "default"]),
        ("build", ["ninja", "-C", "build", "-j%d" % jobs]),
        ("test", [sys.executable, "utils/check.py", "lit", "--filter", "caffold|made|multinomial"]),
        ("runtime", ["ctest", "--test-dir", "build", "-R", "Device"]),
        ("house", [sys.executable, "utils/house.py"]),
    ):
        problems = run(argv, tree)
        checks.add(name, problems)
        if problems:
            break


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--full", action="store_true", help="configure, build and test the copy")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--junit", help="also write the results to this file")
    options = parser.parse_args()
    checks = project.Checks("scaffolds")
    untried = sorted(set(new.KINDS) - {kind for kind, _ in SAMPLES})
    checks.add("every-kind-is-tried", ["no sample of: " + ", ".join(untried)] if untried else [])
    with tempfile.TemporaryDirectory(prefix="orchestra-scaffolds-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        written = {}
        for kind, name in SAMPLES:
            try:
                scaffold = new.KINDS[kind](tree, name)
                scaffold.write(quiet=True)
                written[kind] = list(scaffold.texts)
                checks.add("write " + kind, [])
            except new.Refusal as refusal:
                checks.add("write " + kind, [str(refusal)])
        if options.full:
            full(tree, checks, options.jobs)
        else:
            quick(tree, options.build.resolve(), checks, written)
        return checks.finish(options.junit)


if __name__ == "__main__":
    sys.exit(main())
