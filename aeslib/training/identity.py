"""Digests by content: they tell data, objectives and models apart, in this process and in any other."""

import hashlib
import json
import sys
import sysconfig
from collections.abc import Mapping, Set
from functools import cache, partial, singledispatch
from pathlib import Path
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aeslib.code import PACKAGE, digest

PLAIN = (bool, int, float, complex, str, bytes, np.generic, type(None))
DESCRIBED = (*PLAIN, tuple, frozenset, Mapping, np.ndarray, Tensor, FunctionType, MethodType, partial)
"""Kinds of globals that count for a function. A list or a set may be a log that grows while the function is used."""
SAMPLE = 64
"""Rows of a memory-mapped array that are read for its digest; all of them may be a whole disk."""


def identity(value: object) -> str:
    """Return a digest of a value's content: of arrays, objects with their fields, functions with their closures.

    A function counts by its name, its bytecode, its defaults and its closure. One that no installed package brings (of
    a notebook or script) also counts by the globals that it reads, and an object of such a class by its methods:
    those of the kinds in `DESCRIBED`, not lists and other objects, which may change while they are used.
    """
    return _describe(value, {})


def array_identity(array: np.ndarray) -> str:
    """Return a digest of an array's dtype, shape and bytes; of a memory-mapped one also of the file's name.

    Of a memory-mapped array `SAMPLE` rows are read, evenly spread: its file's name is expected to change with it.
    """
    name = ""
    if isinstance(array, np.memmap) and array.filename:
        name = Path(array.filename).name
        if array.ndim and len(array) > SAMPLE:
            array = array[np.linspace(0, len(array) - 1, SAMPLE).astype(int)]
    head = [name, str(array.dtype), array.shape]
    if array.dtype.hasobject:
        return digest(json.dumps([head, array.tolist()], default=repr))
    raw = hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest(json.dumps(head), raw.digest())


def _describe(value: Any, seen: dict[int, tuple[Any, str]]) -> str:
    """Return a plain value as text and any other as a digest; `seen` holds what was met before, so that cycles end."""
    if isinstance(value, PLAIN):
        return repr(value)
    if id(value) not in seen:
        seen[id(value)] = value, "cycle"  # the value is held, so that no later object takes its id
        kind = type(value)
        parts = [_describe(part, seen) for part in _parts(value)]
        seen[id(value)] = value, digest(json.dumps([kind.__module__, kind.__qualname__, *parts]))
    return seen[id(value)][1]


@singledispatch
def _parts(value: Any) -> list[Any]:
    """Return what a value consists of: here, the fields of any object."""
    slots = [getattr(value, name, None) for name in getattr(value, "__slots__", ())]
    kind = type(value)
    if not _is_installed(kind.__module__):
        slots += [method for _, method in sorted(vars(kind).items()) if isinstance(method, FunctionType)]
    if hasattr(value, "__dict__"):
        return [*slots, vars(value)]
    return slots or ([] if " at 0x" in repr(value) else [repr(value)])


@_parts.register
def _(value: np.ndarray) -> list[Any]:
    return [array_identity(value)]


@_parts.register
def _(value: Tensor) -> list[Any]:
    raw = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return [str(value.dtype), *value.shape, array_identity(raw.numpy())]


@_parts.register(Mapping)
def _(value: Mapping[Any, Any]) -> list[Any]:
    return [part for name in sorted(value, key=repr) for part in (name, value[name])]


@_parts.register(list)
@_parts.register(tuple)
def _(value: list[Any]) -> list[Any]:
    return list(value)


@_parts.register(Set)
def _(value: Set[Any]) -> list[Any]:
    return sorted(map(repr, value))


@_parts.register(type)
@_parts.register(ModuleType)
@_parts.register(BuiltinFunctionType)
def _(value: Any) -> list[Any]:
    return [getattr(value, "__module__", None), getattr(value, "__qualname__", value.__name__)]


@_parts.register
def _(value: FunctionType) -> list[Any]:
    cells = list(value.__closure__ or ())
    own = [value.__module__, value.__qualname__, value.__code__, value.__defaults__, value.__kwdefaults__, cells]
    return own + ([] if _is_installed(value.__module__) else [_globals_of(value)])


@cache
def _is_installed(module: str | None) -> bool:
    """Tell whether a module belongs to Python, this library or an installed package, not to a notebook or script."""
    file = None if module == "__main__" else getattr(sys.modules.get(module or ""), "__file__", None)
    if module in sys.builtin_module_names or file is None:
        return module in sys.builtin_module_names
    places = {PACKAGE, *(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib"))}
    return any(Path(file).resolve().is_relative_to(place) for place in places)


def _globals_of(function: FunctionType) -> dict[str, Any]:
    """Return the globals that a function's code names, also in functions inside it, which `identity` can describe."""
    codes, names = [function.__code__], set[str]()
    while codes:
        code = codes.pop()
        names |= set(code.co_names)
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    found = {name: function.__globals__[name] for name in names & function.__globals__.keys()}
    return {name: value for name, value in found.items() if isinstance(value, DESCRIBED)}


@_parts.register
def _(value: CellType) -> list[Any]:
    try:
        return [value.cell_contents]
    except ValueError:  # it is still empty
        return []


@_parts.register
def _(value: CodeType) -> list[Any]:
    return [value.co_code, value.co_names, value.co_consts]


@_parts.register
def _(value: MethodType) -> list[Any]:
    return [value.__func__, value.__self__]


@_parts.register(partial)
def _(value: Any) -> list[Any]:
    return [value.func, value.args, value.keywords]


@_parts.register
def _(value: np.random.Generator) -> list[Any]:
    return [value.bit_generator.state]


@_parts.register
def _(value: torch.Generator) -> list[Any]:
    return [value.get_state()]
