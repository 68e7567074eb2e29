# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a run returns: a tuple of arrays that also knows their names.

Why a tuple: one output is `program(x)[0]`, several are `logits, cache = program(x)`; and the
order is the model's, as in every other tool. Why names as well: a model's outputs are called
things like "/head/Softmax_output_0", which no attribute can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, SupportsIndex, overload

import numpy

Array = numpy.ndarray[Any, numpy.dtype[Any]]


class Outputs(tuple[Array, ...]):
    """The outputs of one run, by place and by name.

    >>> result = outputs_class(("low", "high"))((numpy.zeros(2), numpy.ones(2)))
    >>> low, high = result
    >>> result["high"] is result[1] is high
    True
    >>> result.names
    ('low', 'high')
    """

    __slots__ = ()
    names: ClassVar[tuple[str, ...]] = ()  #: in the model's order

    @overload
    def __getitem__(self, key: SupportsIndex | str, /) -> Array: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[Array, ...]: ...
    def __getitem__(self, key: SupportsIndex | str | slice, /) -> Array | tuple[Array, ...]:
        if not isinstance(key, str):
            return super().__getitem__(key)
        try:
            return super().__getitem__(self.names.index(key))
        except ValueError:
            raise KeyError(f"no output is called {key!r}; there are: {', '.join(self.names)}") from None

    def keys(self) -> tuple[str, ...]:
        """The names; with it, `dict(result)` and `program(**result)` work."""
        return self.names

    def items(self) -> Iterator[tuple[str, Array]]:
        """Pairs of name and array."""
        return zip(self.names, self)

    def asdict(self) -> dict[str, Array]:
        """The arrays by name."""
        return dict(self.items())

    def __repr__(self) -> str:
        parts = (f"{name}: {array.dtype}{list(array.shape)}" for name, array in self.items())
        return f"Outputs({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.names, tuple(self))



def outputs_class(names: tuple[str, ...]) -> type[Outputs]:
    """The class of one program's outputs, as `collections.namedtuple` makes one."""
    return type("Outputs", (Outputs,), {"__slots__": (), "names": names, "__module__": __name__})


def _rebuild(names: tuple[str, ...], arrays: tuple[Array, ...]) -> Outputs:
    return outputs_class(names)(arrays)
