"""Companion library to five image-aesthetics papers. Import what you need from its modules; nothing is loaded here.

`aeslib.check(exercise, answer)` is the one name of its own: it says whether an exercise of a chapter is solved.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

import_module(f"{__name__}.snapshot")  # before any other module is read; named so, no run depends on it


def __getattr__(name: str) -> Any:
    if name == "check":
        return import_module(f"{__name__}.exercises").check  # named so, no run depends on the exercises
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
