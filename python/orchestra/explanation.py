# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which node of the model became which kernel, and what it costs: `program.explain()`."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class KernelCall:
    """One call of a kernel in a run."""

    nodes: tuple[str, ...]  #: of the user's model
    kernel: str  #: named by its content: equal names are equal code
    seconds: float  #: the quickest of the measured runs
    flops: float | None  #: None: depends on sizes that only a run knows
    bytes: float | None  #: memory that must be read and written at least
    roofline: float | None  #: the time that this machine allows, over the time it took
    device: str = ""  #: of a program that was planned for several


@dataclasses.dataclass(frozen=True)
class Explanation:
    """A measured program. `print` shows a table."""

    seconds: float  #: of a run, the quickest
    threads: int
    peak_gflops: float  #: multiply-adds of f32 count two
    peak_gbytes: float  #: a second, from memory
    calls: tuple[KernelCall, ...]

    def slowest(self, count: int = 10) -> tuple[KernelCall, ...]:
        """The calls that take longest, the longest first."""
        return tuple(sorted(self.calls, key=lambda call: -call.seconds)[:count])

    def __str__(self) -> str:
        lines = [
            f"{self.seconds * 1e6:.1f} us, {self.threads} threads; this machine: "
            f"{self.peak_gflops:.0f} GFLOP/s, {self.peak_gbytes:.0f} GB/s; roof = share of what it allows",
            "   call         us   share   GFLOP/s      GB/s    roof  nodes",
        ]
        for index, call in enumerate(self.calls):
            share = 100 * call.seconds / self.seconds if self.seconds else 0.0
            roof = "?" if call.roofline is None else f"{call.roofline:.0%}"
            rates = [_rate(amount, call.seconds) for amount in (call.flops, call.bytes)]
            lines.append(
                f"{index:7} {call.seconds * 1e6:10.1f} {share:6.1f}% {rates[0]:>9} {rates[1]:>9} {roof:>7}  "
                f"{' + '.join(call.nodes) or call.kernel}"
            )
        return "\n".join(lines)


def _rate(amount: float | None, seconds: float) -> str:
    return "?" if amount is None or seconds <= 0 else f"{amount / seconds / 1e9:.1f}"


def roofline(flops: float, amount: float, seconds: float, gflops: float, gbytes: float) -> float | None:
    """The least time that the machine's limits allow, divided by the time taken.

    >>> roofline(2e9, 1e6, 0.02, 100.0, 10.0)
    1.0
    """
    if flops < 0 or amount < 0 or seconds <= 0 or gflops <= 0 or gbytes <= 0:
        return None
    return max(flops / gflops, amount / gbytes) / 1e9 / seconds
