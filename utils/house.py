#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the rules of the house that a machine can check (CONTRIBUTING.md).

Each rule is a function named `rule_...` that yields problems as text; its first
docstring line says what it asks. `utils/house.py --list` shows all."""

import argparse
import os
import re
import sys

import project
import size
from project import read

# Nothing that a person made outgrows this; models and pictures included.
LARGEST_FILE = 200 * 1024


def code_files(*suffixes):
    return [path for path in project.all_files() if path.suffix in suffixes]


def under(path, *folders):
    return path.parts[0] in folders


def test_texts():
    """(path, text) of every lit test."""
    return [
        (path, read(path))
        for path in project.all_files()
        if path.parts[0] == "test" and path.suffix in (".mlir", ".test", ".ll", ".py")
    ]


def rule_licence():
    """Every source file names the licence in its first lines."""
    scripts = {".cpp", ".h", ".c", ".td", ".py", ".sh", ".cmake", ".pdll"}
    for path in project.all_files():
        wanted = path.suffix in scripts or (under(path, "strategies") and path.suffix == ".mlir")
        if wanted and "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception" not in "".join(
            read(path).splitlines(True)[:12]
        ):
            yield "%s: no licence line in the first 12 lines" % path


def rule_size():
    """No source file has more than 1,200 lines, no file but generated pages more than 200 KB."""
    for lines, path in size.sizes():
        if lines > size.ALLOWED:
            yield "%s: %d lines" % (path, lines)
    for path in project.all_files():
        number = (project.ROOT / path).stat().st_size
        if number > LARGEST_FILE and "docs/generated/" not in str(path):
            yield "%s: %d KB" % (path, number // 1024)


def rule_artefacts():
    """No build product or leftover is in the tree."""
    bad = (".o", ".so", ".a", ".pyc", ".orig", ".rej", ".log", ".npz.bak")
    for path in project.all_files():
        if path.suffix in bad or path.name.startswith(("orchestra-crash-", "orch_k_")):
            yield "%s" % path


def passes():
    """(pass name, file) of every pass that the project declares."""
    for path in code_files(".td"):
        for name in re.findall(r'\bPass<\s*"([\w-]+)"', read(path)):
            yield name, path


def rule_pass_tests():
    """Every pass has a test of what it does and one of what it refuses or leaves."""
    tests = []
    for path, text in test_texts():
        # A RUN line may go on after a backslash.
        runs = " ".join(re.findall(r"RUN:(.*)", text))
        tests.append((path, runs, text))
    for name, path in passes():
        used = re.compile(r"(?<![\w-])-{0,2}%s(?![\w-])" % re.escape(name))
        users = [(run, text) for _, run, text in tests if used.search(run)]
        if not any("CHECK" in text for _, text in users):
            yield "%s: pass '%s' has no test that checks its output" % (path, name)
        negative = ("expected-error", "CHECK-NOT", "expected-remark")
        if not any(
            any(word in text for word in negative) or "not " in run for run, text in users
        ):
            yield "%s: pass '%s' has no test of what it refuses or leaves alone" % (path, name)


def rule_op_tests():
    """Every op of a dialect of ours is in a test of its dialect."""
    for path in code_files(".td"):
        text = read(path)
        dialect = re.search(r'let name = "(\w+)";', text)
        if not dialect or "Dialect" not in path.parts:
            continue
        folder = os.path.join("test", *path.parts[path.parts.index("Dialect") : -1])
        tests = "\n".join(t for p, t in test_texts() if str(p).startswith(folder + "/"))
        for name in re.findall(r'^def\s+\w+\s*:\s*\w*Op<\s*"([\w.]+)"', text, re.M):
            if "%s.%s" % (dialect.group(1), name) not in tests:
                yield "%s: op '%s' is in no test under %s" % (path, name, folder)


SLUG = re.compile(r"\[([a-z0-9]+(?:-[a-z0-9]+)+)\]")
# fail("shape-mismatch", ...), addProblem({"shape-mismatch", ...
HANDED_OVER = re.compile(
    r'\b(?:fail|refuse|addProblem|Problem \w+|slug)\s*[({]+\s*"([a-z0-9]+(?:-[a-z0-9]+)+)"'
)


def used_slugs():
    """(slug, file) of the error slugs that code names in a string."""
    for path in code_files(".cpp", ".h", ".c", ".py"):
        if not under(path, "lib", "include", "tools", "runtime", "python"):
            continue
        if path.parts[:2] == ("runtime", "test"):
            continue  # names no error that the code does not
        text = re.sub(r"^\s*//.*$", "", read(path), flags=re.M)
        for string in re.findall(r'"((?:[^"\\\n]|\\.)*)"', text):
            for slug in SLUG.findall(string):
                yield slug, path
        # A slug handed over as the first argument: fail("shape-mismatch", ...).
        for slug in re.findall(HANDED_OVER, text):
            yield slug, path


def rule_error_pages():
    """Every error slug has a page in docs/errors, every page the three parts."""
    pages = {path.stem for path in project.all_files() if str(path.parent) == "docs/errors"}
    missing = {}
    for slug, path in used_slugs():
        if slug not in pages:
            missing.setdefault(slug, path)
    for slug, path in sorted(missing.items()):
        yield "%s: error [%s] has no page docs/errors/%s.md" % (path, slug, slug)
    for page in sorted(pages - {"README"}):
        text = read(os.path.join("docs", "errors", page + ".md"))
        if not text.startswith("# "):
            yield "docs/errors/%s.md: does not begin with a title" % page
        for part in ("## What it means", "## What to do"):
            if part not in text:
                yield "docs/errors/%s.md: has no section '%s'" % (page, part)


def rule_disabled_tests():
    """No test is switched off without naming an issue."""
    off = re.compile(
        r"\bDISABLED_\w+|\bXFAIL:|UNSUPPORTED:\s*(?:\*|true)|pytest\.mark\.(?:skip\b|xfail)"
        r"|pytest\.skip\(\s*\)|GTEST_SKIP\(\)\s*;"
    )
    for path in project.all_files():
        if not under(path, "test", "unittests", "runtime", "conformance", "python"):
            continue
        if path.suffix not in (".mlir", ".test", ".cpp", ".c", ".py", ".ll"):
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            if off.search(line) and not re.search(r"#\d+", line):
                yield "%s:%d: %s" % (path, number, line.strip())


def rule_local_paths():
    """No file names a folder of one person's machine."""
    local = re.compile(r"(?<![\w.$}])/(?:work/|home/(?!user\b)|Users/|root/|mnt/)[\w.]")
    for path in project.all_files():
        if path.suffix in (".onnx", ".png", ".npz", ".npy", ".jpg", ".svg"):
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            if local.search(line):
                yield "%s:%d: %s" % (path, number, line.strip()[:100])


def rule_todos():
    """A note of work left names an issue; nothing is marked as not to be submitted."""
    # Written in two parts, so that this file does not report itself.
    marks = re.compile("TO" + r"DO(?!\(#\d+\))|FIX" + "ME|DO NOT " + "SUBMIT")
    for path in project.all_files():
        if path.suffix in project.CODE + (".txt",):
            for number, line in enumerate(read(path).splitlines(), 1):
                if marks.search(line):
                    yield "%s:%d: %s" % (path, number, line.strip()[:100])


def rule_links():
    """Every relative link in a Markdown file leads somewhere."""
    link = re.compile(r"\]\(([^)\s]+)\)")
    for path in code_files(".md"):
        text = re.sub(r"```.*?```", "", read(path), flags=re.S)
        for target in link.findall(text):
            if re.match(r"[a-z]+:|#", target):
                continue
            there = project.ROOT / path.parent / target.split("#")[0]
            if not there.exists():
                yield "%s: no such file: %s" % (path, target)


def rule_run_lines():
    """Every lit test has a RUN line."""
    for path, text in test_texts():
        if path.suffix in (".mlir", ".test", ".ll") and "Inputs" not in path.parts:
            if "RUN:" not in text:
                yield "%s" % path


def rules():
    found = sorted(name for name in globals() if name.startswith("rule_"))
    return [(name[5:].replace("_", "-"), globals()[name]) for name in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("rules", nargs="*", help="rules to check; all if none is named")
    parser.add_argument("--list", action="store_true", help="list the rules")
    parser.add_argument("--junit", help="also write the results to this file")
    options = parser.parse_args()
    known = dict(rules())
    if options.list:
        for name, rule in known.items():
            print("%-16s %s" % (name, rule.__doc__.split("\n")[0]))
        return 0
    for name in options.rules:
        if name not in known:
            parser.error("no rule '%s'; there are: %s" % (name, ", ".join(known)))
    checks = project.Checks("house")
    for name in options.rules or known:
        checks.add(name, list(known[name]()))
    return checks.finish(options.junit)


if __name__ == "__main__":
    sys.exit(main())
