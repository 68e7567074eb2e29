#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the slow checks of hygiene: formatting, headers that stand alone, clang-tidy.

    utils/lint.py                 everything (minutes)
    utils/lint.py --changed       files that differ from main, or from the last commit
    utils/lint.py lib/Driver/*    these files
    utils/lint.py --fix           reformat instead of complaining"""

import argparse
import concurrent.futures
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import project
from project import ROOT

# With --changed, tidying stops after as many files: `make lint` does them all.
MOST_TIDIED = 6


def run(argv, cwd=ROOT):
    done = subprocess.run(argv, capture_output=True, text=True, cwd=cwd)
    return done.returncode, (done.stdout + done.stderr).strip().splitlines()


def is_ours(path):
    """C and C++ that clang-format and clang-tidy look at; tests hold odd input."""
    return path.suffix in project.CPP and path.parts[0] not in ("test", "conformance")


def format_files(paths, fix):
    tool = shutil.which("clang-format-22")
    if not tool:
        return None, "clang-format-22 is not installed"
    if not paths:
        return [], None
    names = [str(path) for path in paths]
    if fix:
        return run([tool, "-i", *names])[1], None
    code, lines = run([tool, "--dry-run", "-Werror", *names])
    wrong = sorted({line.split(":")[0] for line in lines if ": error: " in line})
    if code and not wrong:
        return lines, None
    return ["%s: not formatted; run make format" % name for name in wrong], None


class Compilation:
    """The commands by which the build compiles, to compile headers alone."""

    def __init__(self, build):
        self.by_file = {}
        database = build / "compile_commands.json"
        if database.exists():
            for entry in json.loads(database.read_text()):
                self.by_file[entry["file"]] = entry

    def command_for_header(self, header):
        """The flags of a source that may include `header`: the nearest of its room."""
        room = header.parts[2] if header.parts[:2] == ("include", "orchestra") else None
        best, nearest = None, (-1, -1)
        for name, entry in sorted(self.by_file.items()):
            try:
                source = Path(name).relative_to(ROOT)
            except ValueError:
                continue
            same_room = room and source.parts[:2] == ("lib", room)
            beside = not room and source.parent == header.parent
            if not (same_room or beside):
                continue
            # include/orchestra/Target/NVIDIA/X.h goes with lib/Target/NVIDIA.
            shared = len(os.path.commonprefix([header.parts[2:-1], source.parts[1:-1]]))
            # Sources of one folder may be of several libraries: HostEntry.h goes
            # with HostEntry.cpp.
            alike = len(os.path.commonprefix([header.stem, source.stem]))
            if (shared, alike) > nearest:
                best, nearest = entry, (shared, alike)
        return best

    def is_source(self, path):
        return str(ROOT / path) in self.by_file


def header_argv(header, entry):
    """The command of `entry`, changed to compile only `header`."""
    words = shlex.split(entry["command"])
    # A launcher (ccache) stands before the compiler.
    start = next(i for i, word in enumerate(words) if "clang" in os.path.basename(word))
    kept = [words[start]]
    skip = 0
    for i, word in enumerate(words[start + 1 :], start + 1):
        if skip:
            skip -= 1
            continue
        if word in ("-o", "-c", "-include", "-include-pch", "-MF", "-MT"):
            skip = 1
            continue
        if word == "-Xclang":
            following = words[i + 1] if i + 1 < len(words) else ""
            if following in ("-include", "-include-pch"):
                skip = 3  # -Xclang -include -Xclang FILE
                continue
            if following in ("-emit-pch", "-fno-pch-timestamp"):
                skip = 1
                continue
        if word in ("-MD", "-MMD", "-Winvalid-pch", "-fpch-instantiate-templates"):
            continue
        kept.append(word)
    return kept + ["-fsyntax-only", "-x", "c++-header", str(header)]


def check_header(header, compilation):
    """Problems of compiling one header alone."""
    if header.parts[0] == "runtime":
        return runtime_header(header)
    entry = compilation.command_for_header(header)
    if entry is None:
        return []
    code, lines = run(header_argv(ROOT / header, entry), cwd=entry["directory"])
    return ["%s does not stand alone:" % header] + lines[:12] if code else []


def runtime_header(header):
    """The runtime's public headers are C11 and C++17, .hpp only the latter."""
    if header.parts[1] != "include":
        return []
    problems = []
    flags = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I", "runtime/include"]
    languages = [("c++-header", "-std=c++17")]
    if header.suffix == ".h":
        languages.append(("c-header", "-std=c11"))
    for language, standard in languages:
        code, lines = run(["clang-22", *flags, standard, "-x", language, str(header)])
        if code:
            problems += ["%s is not %s:" % (header, standard[5:])] + lines[:12]
    return problems


def tidy(path, build):
    code, lines = run(["clang-tidy-22", "-p", str(build), "--quiet", str(path)])
    lines = [line for line in lines if not line.endswith("warnings generated.")]
    return lines if code else []


def in_parallel(function, items, jobs):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return [line for lines in pool.map(function, items) for line in lines]


def python_tools(checks):
    """ruff and mypy, where they are installed."""
    for name, argv in (
        ("ruff", ["check", "-q", "utils", "python", "benchmarks", "conformance", "examples"]),
        ("mypy", ["--strict", "python/orchestra"]),
    ):
        tool = shutil.which(name, path=str(ROOT / ".venv/bin") + os.pathsep + os.environ["PATH"])
        present = [word for word in argv if "-" in word or word == "check" or (ROOT / word).exists()]
        if not tool:
            checks.skip(name, "%s is not installed (pip install %s)" % (name, name))
        elif name == "mypy" and not (ROOT / "python/orchestra").exists():
            checks.skip(name, "there is no Python package")
        else:
            code, lines = run([tool, *present])
            checks.add(name, lines[:60] if code else [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--changed", action="store_true", help="only changed files")
    parser.add_argument("--fix", action="store_true", help="reformat, check nothing")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--junit", help="also write the results to this file")
    options = parser.parse_args()

    if options.files:
        files = [Path(os.path.relpath(path.resolve(), ROOT)) for path in options.files]
    else:
        files = project.changed_files() if options.changed else project.all_files()
    files = [path for path in files if is_ours(path)]
    checks = project.Checks("hygiene")

    problems, missing = format_files(files, options.fix)
    if options.fix:
        return 0 if not missing else sys.exit(missing)
    if missing:
        checks.skip("clang-format", missing)
    else:
        checks.add("clang-format", problems)

    compilation = Compilation(options.build)
    headers = [path for path in files if path.suffix in (".h", ".hpp")]
    checks.add(
        "headers-stand-alone",
        in_parallel(lambda path: check_header(path, compilation), headers, options.jobs),
    )

    sources = [path for path in files if compilation.is_source(path)]
    if not shutil.which("clang-tidy-22"):
        checks.skip("clang-tidy", "clang-tidy-22 is not installed")
    else:
        if options.changed and len(sources) > MOST_TIDIED:
            left = len(sources) - MOST_TIDIED
            checks.skip(
                "clang-tidy-rest",
                "%d more changed files are left to make lint" % left,
            )
            sources = sources[:MOST_TIDIED]
        checks.add(
            "clang-tidy",
            in_parallel(lambda path: tidy(path, options.build), sources, options.jobs),
        )
    if not options.changed and not options.files:
        python_tools(checks)
    return checks.finish(options.junit)


if __name__ == "__main__":
    sys.exit(main())
