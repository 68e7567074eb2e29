# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the scripts beside this file share: the files of the project, by kind,
those that a change touches, and results in the form that utils/check.py reads."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CPP = (".cpp", ".h", ".c", ".hpp")
CODE = CPP + (".td", ".py", ".sh", ".cmake", ".mlir", ".pdll")


def git(*arguments):
    """Lines that git prints in the project's root; none if git fails."""
    run = subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True
    )
    return [line for line in run.stdout.split("\n") if line] if run.returncode == 0 else []


# Folders that git ignores, for a tree without git (a release archive).
IGNORED = {".git", ".venv", ".cache", ".models", "__pycache__"}


def all_files():
    """Every file of the project, tracked or new, relative to its root."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard")
    if not listed:
        for folder, folders, names in os.walk(ROOT):
            folders[:] = [f for f in folders if f not in IGNORED and not f.startswith("build")]
            listed += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return sorted(Path(name) for name in set(listed) if (ROOT / name).is_file())


def changed_files():
    """What differs from the branch we left, or on that branch from the commit
    before; with everything not committed yet. The branches of a merge were
    looked at before they were merged."""
    base = "HEAD" if git("rev-parse", "--verify", "-q", "HEAD^2") else "HEAD~1"
    for upstream in ("origin/main", "main"):
        fork = git("merge-base", "HEAD", upstream)
        if fork and fork != git("rev-parse", "HEAD"):
            base = fork[0]
            break
    names = git("diff", "--name-only", base)
    names += git("ls-files", "--others", "--exclude-standard")
    return sorted(Path(name) for name in set(names) if (ROOT / name).is_file())


def read(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


class Checks:
    """Collects the outcome of named checks, prints them, writes a JUnit file."""

    def __init__(self, suite):
        self.suite = suite
        self.cases = []  # (name, kind, lines); kind: passed, failed, skipped

    def add(self, name, problems):
        """Check `name` passed if `problems` is empty."""
        self.cases.append((name, "failed" if problems else "passed", list(problems)))

    def skip(self, name, reason):
        self.cases.append((name, "skipped", [reason]))

    def finish(self, junit=None):
        """Prints the failures; returns the exit code."""
        failed = 0
        for name, kind, lines in self.cases:
            if kind == "failed":
                failed += 1
                print("%s:" % name)
                for line in lines:
                    print("  %s" % line)
        print("%s: %d checks, %d failed" % (self.suite, len(self.cases), failed))
        if junit:
            self.write(junit)
        return 1 if failed else 0

    def write(self, junit):
        root = ElementTree.Element("testsuite", name=self.suite)
        for name, kind, lines in self.cases:
            case = ElementTree.SubElement(
                root, "testcase", classname=self.suite, name=name
            )
            if kind != "passed":
                tag = "failure" if kind == "failed" else "skipped"
                ElementTree.SubElement(case, tag, message=" ".join(lines)[:2000])
        ElementTree.ElementTree(root).write(junit, encoding="utf-8")
