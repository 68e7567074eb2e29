# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running measured programs: exit code, output, wall time and peak memory of each."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class Outcome:
    """How one program ended. `reason` is empty when it did well."""

    seconds: float
    peak_rss_bytes: int
    stdout: str
    reason: str

    def json(self) -> dict[str, Any]:
        """The object it printed: all of stdout, or else its last line that is one."""
        for text in (self.stdout, *reversed(self.stdout.splitlines())):
            try:
                value = json.loads(text)
            except ValueError:
                continue
            if isinstance(value, dict):
                return value
        raise ValueError("it printed no JSON object")


def last_words(stderr: str) -> str:
    """The line of stderr that says most: the first error, else the last line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for line in lines:
        if "error" in line.lower():
            return line[:300]
    return lines[-1][:300] if lines else ""


def run(command: list[str], timeout: float, env: dict[str, str] | None = None) -> Outcome:
    """Runs to the end or to the timeout; never raises for what the program does."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.monotonic()
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        except OSError as error:
            return Outcome(0, 0, "", f"cannot start {command[0]}: {error.strerror}")
        ended, status, usage = os.wait4(child.pid, os.WNOHANG)
        while not ended:  # wait4 gives the peak memory of this child alone
            ended, status, usage = os.wait4(child.pid, os.WNOHANG)
            if not ended and time.monotonic() - start > timeout:
                os.killpg(child.pid, signal.SIGKILL)
                _, status, usage = os.wait4(child.pid, 0)
                child.returncode = -signal.SIGKILL
                return Outcome(time.monotonic() - start, usage.ru_maxrss * 1024, "", f"ran over {timeout:g} s")
            if not ended:
                time.sleep(0.002)
        seconds = time.monotonic() - start
        code = child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        reason = ""  # said with the program's own words
        if code < 0:
            reason = f"killed by {signal.Signals(-code).name}"
        elif code:
            reason = f"exit code {code}"
        words = last_words(err.read()) if reason else ""
        reason += f": {words}" if words else ""
        return Outcome(seconds, usage.ru_maxrss * 1024, out.read(), reason)


@contextlib.contextmanager
def alone(path: pathlib.Path) -> Iterator[None]:
    """Holds the machine-wide lock of the timings, so that two never overlap."""
    with open(path, "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
