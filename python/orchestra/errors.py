# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What goes wrong, as exceptions that carry the whole diagnostic.

Every exception of this package that is not a plain `TypeError` or `ValueError` about a
call's arguments is an `OrchestraError`. Its text is what the command line prints: what is
wrong, where in the user's model, why, and what to do next. A compilation reports all
independent problems at once; `diagnostics` has them one by one.
"""

from __future__ import annotations

import dataclasses
import enum
import re


class Fault(enum.IntEnum):
    """Whose fault an error is. The values are the exit codes of the command line."""

    INPUT = 1  #: the model or the data
    USAGE = 2  #: the call
    INTERNAL = 3  #: a bug of Orchestra
    ENVIRONMENT = 4  #: a device, a tool, memory, a disk


@dataclasses.dataclass(frozen=True)
class Diagnostic:
    """One problem.

    >>> Diagnostic.parse("m.onnx:/Add_3: error: sizes differ [shape-mismatch]\\n  note: 2 and 3")[0].where
    'm.onnx:/Add_3'
    """

    where: str  #: the node in the user's model, or a file, or ""
    message: str  #: what is wrong, without the slug
    slug: str  #: its short name, which has a page in docs/errors
    notes: tuple[str, ...] = ()
    help: tuple[str, ...] = ()

    @staticmethod
    def parse(text: str) -> tuple[Diagnostic, ...]:
        """The problems that a text in the form of the command line has."""
        found: list[Diagnostic] = []
        for line in text.split("\n"):
            first = re.match(r"(?:(.*?): )?error: (.*?)(?: \[([a-z0-9-]+)\])?$", line)
            extra = re.match(r"\s+(note|help): (.*)$", line)
            if extra and found and extra[1] == "note":
                found[-1] = dataclasses.replace(found[-1], notes=(*found[-1].notes, extra[2]))
            elif extra and found:
                found[-1] = dataclasses.replace(found[-1], help=(*found[-1].help, extra[2]))
            elif first and not line.startswith("  "):
                found.append(Diagnostic(first[1] or "", first[2], first[3] or ""))
        return tuple(found)


class OrchestraError(Exception):
    """Something that Orchestra was asked for did not work. `str()` is the whole text."""

    text: str  #: the whole diagnostic, of several lines
    fault: Fault
    diagnostics: tuple[Diagnostic, ...]

    def __init__(self, text: str, fault: int = Fault.INTERNAL) -> None:
        super().__init__(text, int(fault))
        self.text = text
        self.fault = Fault(fault)
        self.diagnostics = Diagnostic.parse(text)

    @property
    def slug(self) -> str:
        """The short name of the first problem, such as "shape-mismatch"; "" if it has none."""
        return self.diagnostics[0].slug if self.diagnostics else ""

    def __str__(self) -> str:
        return self.text


class CompileError(OrchestraError):
    """A model was not compiled."""


class LoadError(OrchestraError):
    """A compiled model was not loaded."""


class SaveError(OrchestraError):
    """A compiled model was not written."""


class RunError(OrchestraError):
    """A run did not end well."""


class InputError(RunError, ValueError):
    """What was given to a run does not fit the model."""


class CompileWarning(UserWarning):
    """What a compilation found odd, by Python's own `warnings`."""
