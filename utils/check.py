#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every test suite of the project and adds up their results.

Each suite is a command that writes a JUnit file; what counts is that file, not
the exit code alone. The last line is always `N passed, N failed, N skipped`.
Exit code 1: a test failed, a suite broke, or a suite ran nothing.

    utils/check.py                    all suites
    utils/check.py lit unit           some of them
    utils/check.py lit --filter Foo   tests whose name matches
"""

import argparse
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIT = "/usr/lib/llvm-22/bin/lit"


class Result:
    """What a suite did: counts, names of failures, reasons of skips."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []  # (test, reason)


def read_junit(path, result):
    """Adds the cases of a JUnit file (of lit, ctest or pytest) to `result`."""
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = "%s.%s" % (case.get("classname", ""), case.get("name", ""))
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            result.failures.append(name)
        elif skipped is not None and "Test not selected" in (skipped.get("message") or ""):
            continue  # left out by --filter
        elif skipped is not None:
            result.skips.append((name, skip_reason(skipped)))
        elif case.get("status") in ("notrun", "disabled"):
            result.skips.append((name, "not run"))
        elif case.get("status") == "fail":
            result.failures.append(name)
        else:
            result.passed += 1


def skip_reason(element):
    text = element.get("message") or (element.text or "").strip()
    return " ".join(text.split()) or "no reason given"


class Suite:
    def __init__(self, name, what, present, command, read=None):
        self.name = name
        self.what = what
        self.present = present  # whether the project has this suite
        self.command = command  # function (results path, options) -> argv
        self.read = read or read_junit  # function (results path, Result)


def lit_command(junit, options):
    argv = [sys.executable, LIT, "-v" if options.verbose else "-sv", "--no-progress-bar"]
    argv += ["-j%d" % options.jobs, "--xunit-xml-output=%s" % junit]
    if options.filter:
        argv += ["--filter", options.filter]
    return argv + [str(options.build / "test")]


def ctest_command(junit, options):
    argv = ["ctest", "--test-dir", str(options.build), "-j%d" % options.jobs]
    argv += ["--output-on-failure", "--output-junit", str(junit)]
    if not options.verbose:
        argv.append("-Q")
    if options.filter:
        argv += ["-R", options.filter]
    return argv


def pytest_command(folder):
    def command(junit, options):
        argv = [sys.executable, "-m", "pytest", "-q", "--junitxml=%s" % junit]
        argv += ["-p", "no:cacheprovider", "--no-header", "--tb=short"]
        if options.filter:
            argv += ["-k", options.filter]
        return argv + [str(folder)]

    return command


def script_command(script, *words):
    """A script of this folder that takes --build and --junit."""

    def command(junit, options):
        argv = [sys.executable, str(ROOT / "utils" / script), *words]
        if script != "house.py":
            argv += ["--build", str(options.build)]
        return argv + ["--junit", str(junit)]

    return command


CONFORMANCE = ROOT / "conformance" / "onnx"
# Cases of the ONNX suite that `make check` runs; `make conformance` runs all.
CONFORMANCE_SAMPLE = 150


def conformance_command(results, options):
    argv = [sys.executable, str(CONFORMANCE / "run.py"), "--sample", str(CONFORMANCE_SAMPLE)]
    argv += ["--workers", str(options.jobs), "--out", str(results)]
    if options.filter:
        argv += ["--include", options.filter]
    return argv + ["--orchestra", str(options.build / "bin" / "orchestra")]


def read_conformance(path, result):
    """What expected.json says will not pass is a skip, if it ends as it says."""
    known = {}
    expected = CONFORMANCE / "expected.json"
    if expected.exists():
        for status, reasons in json.loads(expected.read_text())["not_passing"].items():
            for reason, cases in reasons.items():
                known.update({case: (status, reason) for case in cases})
    for case, verdict in json.loads(path.read_text()).items():
        status, reason = known.get(case, ("pass", ""))
        if verdict["status"] != status:
            result.failures.append(
                "conformance.%s: expected %s, got %s %s"
                % (case, status, verdict["status"], verdict["reason"])
            )
        elif status == "pass":
            result.passed += 1
        else:
            result.skips.append(("conformance." + case, "%s: %s" % (status, reason)))


def has_ctests(build):
    run = subprocess.run(
        ["ctest", "--test-dir", str(build), "-N"], capture_output=True, text=True
    )
    return run.returncode == 0 and "Total Tests: 0" not in run.stdout


def all_suites(build):
    python_tests = ROOT / "test" / "python"
    return [
        Suite("house", "rules of the house", True, script_command("house.py")),
        Suite("docs", "generated pages", True, script_command("docs.py", "--check")),
        Suite("scaffolds", "what utils/new.py writes", True, script_command("scaffolds.py")),
        Suite("lit", "IR and tools", True, lit_command),
        Suite("unit", "C++ units, runtime", has_ctests(build), ctest_command),
        Suite(
            "python",
            "Python, end to end",
            any(python_tests.glob("**/test_*.py")),
            pytest_command(python_tests),
        ),
        Suite(
            "conformance",
            "a sample of the ONNX suite",
            (CONFORMANCE / "run.py").exists(),
            conformance_command,
            read_conformance,
        ),
        Suite("hygiene", "changed files", True, script_command("lint.py", "--changed")),
    ]


def run_suite(suite, options):
    """Runs one suite; returns its Result, with a failure if it broke."""
    results = options.build / "check" / (suite.name + ".xml")
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    environment = dict(os.environ, ORCHESTRA_BUILD_DIR=str(options.build))
    environment["XDG_CACHE_HOME"] = str(options.build / "check" / "cache")
    print("== %s: %s" % (suite.name, suite.what), flush=True)
    start = time.monotonic()
    code = subprocess.run(
        suite.command(results, options), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL
    ).returncode
    result = Result()
    try:
        suite.read(results, result)
    except (OSError, ValueError, xml.etree.ElementTree.ParseError) as error:
        result.failures.append("%s: wrote no results (%s)" % (suite.name, error))
    if code != 0 and not result.failures:
        result.failures.append("%s: ended with exit code %d" % (suite.name, code))
    ran = result.passed + len(result.failures) + len(result.skips)
    if ran == 0 and not options.filter:
        result.failures.append("%s: ran no test" % suite.name)
    print(
        "   %d passed, %d failed, %d skipped in %.1f s"
        % (result.passed, len(result.failures), len(result.skips), time.monotonic() - start),
        flush=True,
    )
    return result


def print_skips(skips):
    """One line a reason, with how many tests it covers and one of them."""
    by_reason = {}
    for name, reason in skips:
        by_reason.setdefault(reason, []).append(name)
    for reason, names in sorted(by_reason.items()):
        more = "" if len(names) == 1 else " and %d more" % (len(names) - 1)
        print("skipped: %s%s: %s" % (names[0], more, reason))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("suites", nargs="*", help="suites to run; all if none is named")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--filter", help="run only tests whose name matches")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    options.build = options.build.resolve()

    suites = all_suites(options.build)
    unknown = set(options.suites) - {suite.name for suite in suites}
    if unknown:
        parser.error(
            "no suite '%s'; there are: %s"
            % ("', '".join(sorted(unknown)), ", ".join(suite.name for suite in suites))
        )
    total = Result()
    for suite in suites:
        if options.suites and suite.name not in options.suites:
            continue
        if not suite.present:
            if options.suites:
                total.failures.append("%s: the project has no such tests" % suite.name)
            continue
        result = run_suite(suite, options)
        total.passed += result.passed
        total.failures += result.failures
        total.skips += result.skips

    print_skips(total.skips)
    for name in total.failures:
        print("failed: %s" % name)
    print(
        "%d passed, %d failed, %d skipped"
        % (total.passed, len(total.failures), len(total.skips))
    )
    return 1 if total.failures or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
