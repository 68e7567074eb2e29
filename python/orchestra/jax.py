# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of JAX, compiled by Orchestra: `jit` in place of `jax.jit`.

    import orchestra.jax

    @orchestra.jax.jit
    def predict(weights, image):
        ...

    predict(weights, image)  # pytrees of jax arrays, as jax.jit has them

What JAX traced is handed over as StableHLO; arrays go in and out without a copy, through DLPack.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.export
import numpy

import orchestra.program
from orchestra.errors import CompileError, Fault
from orchestra.program import Program

__all__ = ["Compiled", "Function", "compile", "jit"]


class Compiled:
    """One compiled computation with the pytrees of the function it was made of."""

    __slots__ = ("_dtypes", "_kept", "_out", "exported", "program")

    program: Program  #: for `explain`, `save` and the flat inputs
    exported: jax.export.Exported

    def __init__(self, exported: jax.export.Exported, options: dict[str, Any]) -> None:
        """For `compile` and `jit`."""
        if exported.ordered_effects or exported.unordered_effects:
            raise CompileError(
                f"{exported.fun_name}: error: the function has side effects, which a compiled program has not "
                "[unsupported-form]\n  help: remove jax.debug.print, io_callback and the like",
                Fault.INPUT,
            )
        self.exported = exported
        self.program = orchestra.program.compile(exported, **options)
        self._kept = exported.module_kept_var_idx
        self._dtypes = [None if _is_key(aval) else numpy.dtype(aval.dtype) for aval in exported.in_avals]
        self._out = [_giver(aval) for aval in exported.out_avals]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, tree = jax.tree_util.tree_flatten((args, kwargs))
        if tree != self.exported.in_tree:
            raise TypeError(f"the arguments are {tree}, the function was compiled for {self.exported.in_tree}")
        return self.call_flat(leaves)

    def call_flat(self, leaves: Sequence[Any]) -> Any:
        """Runs with the leaves of the arguments."""
        inputs = [_take(leaves[i], self._dtypes[i]) for i in self._kept]
        outputs = self.program(*inputs)
        return jax.tree_util.tree_unflatten(
            self.exported.out_tree, [give(array) for give, array in zip(self._out, outputs, strict=True)]
        )

    def __repr__(self) -> str:
        return f"<orchestra.jax.Compiled {self.exported.fun_name!r}>"


class Function:
    """What `jit` returns: call it as the function that it wraps."""

    def __init__(
        self,
        function: Callable[..., Any],
        static_argnums: int | Iterable[int] | None,
        static_argnames: str | Iterable[str] | None,
        options: dict[str, Any],
    ) -> None:
        """For `jit`."""
        functools.update_wrapper(self, function)
        self._jitted: Any = jax.jit(function, static_argnums=static_argnums, static_argnames=static_argnames)
        self._static_nums, self._static_names = _statics(function, static_argnums, static_argnames)
        self._options = options
        self._compiled: dict[Any, Compiled] = {}
        self._lock = threading.Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        key, leaves = self._key(args, kwargs)
        if key is None:  # inside of jax.grad, vmap or another jit, which this is a part of
            return self._jitted(*args, **kwargs)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compile(key, args, kwargs)
        return compiled.call_flat(leaves)

    def compiled(self, *args: Any, **kwargs: Any) -> Compiled:
        """What runs for such arguments, compiled if it has not been; `jax.ShapeDtypeStruct` will do."""
        key, _ = self._key(args, kwargs)
        if key is None:
            raise TypeError("the arguments are being traced")
        return self._compiled.get(key) or self._compile(key, args, kwargs)

    def cache_size(self) -> int:
        """How many programs there are, one for each kind of arguments."""
        return len(self._compiled)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method: the first argument is the object, to be static."""
        return self if instance is None else functools.partial(self, instance)

    def _key(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, list[Any]]:
        """What decides which program runs, None while tracing; the leaves of what is not static."""
        statics: tuple[Any, ...] = ()
        if self._static_nums or self._static_names:
            count = len(args)
            places = {i + count if i < 0 else i for i in self._static_nums}
            named = tuple(sorted((name, value) for name, value in kwargs.items() if name in self._static_names))
            statics = (tuple((i, args[i]) for i in sorted(places) if i < count), named)
            args = tuple(value for i, value in enumerate(args) if i not in places)
            kwargs = {name: value for name, value in kwargs.items() if name not in self._static_names}
        leaves, tree = jax.tree_util.tree_flatten((args, kwargs))
        kinds = []
        for leaf in leaves:
            if isinstance(leaf, jax.core.Tracer):
                return None, leaves
            kinds.append(_kind(leaf))
        return (tree, tuple(kinds), statics, jax.config.jax_enable_x64), leaves

    def _compile(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Compiled:
        with self._lock:
            compiled = self._compiled.get(key)
            if compiled is None:
                exported = jax.export.export(self._jitted, platforms=["cpu"])(*args, **kwargs)
                compiled = self._compiled[key] = Compiled(exported, self._options)
            return compiled


def jit(
    function: Callable[..., Any] | None = None,
    /,
    *,
    static_argnums: int | Iterable[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    **options: Any,
) -> Any:
    """`jax.jit`, with Orchestra as its compiler.

    The function is traced at the first call with arguments of a kind (tree, shapes, types, values of
    static arguments) and compiled for them; later calls run the program. Arguments are pytrees of jax
    or NumPy arrays and numbers, results are pytrees of jax arrays on the CPU.

    - `static_argnums`, `static_argnames`: as `jax.jit` has them.
    - `options`: those of `orchestra.compile`, such as `threads`.

    Inside of another transformation (`jax.grad`, `jax.vmap`, `jax.jit`) the function is JAX's own, as
    the whole is compiled there. For gradients, compile the gradient:
    `orchestra.jax.jit(jax.grad(loss))`.

    >>> import jax.numpy as jnp
    >>> jit(lambda x: {"sum": x.sum()})(jnp.arange(4.0))
    {'sum': Array(6., dtype=float32)}
    """
    if function is None:
        return functools.partial(jit, static_argnums=static_argnums, static_argnames=static_argnames, **options)
    return Function(function, static_argnums, static_argnames, options)


def compile(exported: jax.export.Exported, **options: Any) -> Compiled:
    """Compiles what `jax.export` exported, to be called as `exported.call` is.

    Dimensions that the export left open by a name ("batch") stay open. `options` are those of
    `orchestra.compile`, which makes a program of flat inputs of it.

    >>> import jax, jax.export, jax.numpy as jnp
    >>> exported = jax.export.export(jax.jit(jnp.sin))(jax.ShapeDtypeStruct((2,), "float32"))
    >>> compile(exported)(jnp.zeros(2))
    Array([0., 0.], dtype=float32)
    """
    return Compiled(exported, options)


def _statics(
    function: Callable[..., Any],
    nums: int | Iterable[int] | None,
    names: str | Iterable[str] | None,
) -> tuple[tuple[int, ...], frozenset[str]]:
    """Places and names of static arguments; what is given by one is found by the other."""
    places = () if nums is None else (nums,) if isinstance(nums, int) else tuple(nums)
    words = () if names is None else (names,) if isinstance(names, str) else tuple(names)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return places, frozenset(words)
    by_place = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_name = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    if nums is None:
        places = tuple(by_place.index(word) for word in words if word in by_place)
    elif names is None:
        found = (by_place[i] for i in places if -len(by_place) <= i < len(by_place))
        words = tuple(name for name in found if name in by_name)
    return places, frozenset(words)


def _kind(leaf: Any) -> Any:
    """What a program depends on of an argument."""
    if isinstance(leaf, (jax.Array, numpy.ndarray, jax.ShapeDtypeStruct)):
        return leaf.shape, leaf.dtype, getattr(leaf, "weak_type", False)
    return jax.typeof(leaf)


#: Names of kinds of random keys, by their types.
_KEY_KINDS = {"key<fry>": "threefry2x32", "key<rbg>": "rbg", "key<urbg>": "unsafe_rbg"}


def _is_key(aval: Any) -> bool:
    return bool(jax.dtypes.issubdtype(aval.dtype, jax.dtypes.prng_key))


def _take(leaf: Any, dtype: numpy.dtype[Any] | None) -> Any:
    """An argument as the program takes it. Complex numbers are pairs of real ones there."""
    if dtype is None:
        leaf = jax.random.key_data(leaf)
    elif not isinstance(leaf, jax.Array) or leaf.dtype != dtype:
        leaf = numpy.asarray(leaf, dtype)
    elif dtype.kind == "c":
        leaf = numpy.asarray(leaf)
    if dtype is not None and dtype.kind == "c":
        part = numpy.dtype(f"f{dtype.itemsize // 2}")
        return numpy.ascontiguousarray(leaf).view(part).reshape(*leaf.shape, 2)
    return leaf


def _giver(aval: Any) -> Callable[[numpy.ndarray[Any, Any]], Any]:
    """Makes a result of what the program returned."""
    if _is_key(aval):
        implementation = _KEY_KINDS.get(str(aval.dtype))
        if implementation is None:
            raise TypeError(f"random keys of the kind {aval.dtype} cannot be results")
        return lambda array: jax.random.wrap_key_data(jax.numpy.asarray(array), impl=implementation)
    dtype = numpy.dtype(aval.dtype)
    if dtype.kind == "c":
        return lambda array: jax.numpy.asarray(array.view(dtype).reshape(array.shape[:-1]))
    if dtype.kind == "V" or dtype.isbuiltin == 0 or not dtype.isnative:  # bfloat16: NumPy's DLPack does not know it
        return lambda array: jax.numpy.asarray(array)
    return lambda array: jax.dlpack.from_dlpack(array)
