"""Errors that people meet. Each message says what came, what was expected and how to mend it."""

import difflib
from collections.abc import Iterable


class AeslibError(Exception):
    """Base of every error that aeslib raises on purpose."""


class DataError(AeslibError):
    """A card, label file, image or cache is missing, damaged or contradicts itself."""


class ParameterError(AeslibError, ValueError):
    """A parameter, option or name is unknown or has a value that cannot be used."""


class StateError(AeslibError):
    """Something that should have been computed before is not there, or belongs to another version."""


def unknown(kind: str, name: object, known: Iterable[str]) -> ParameterError:
    """The error for a misspelt name: names it, the nearest right one, and all the known ones."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return ParameterError(f"no {kind} named {name!r}.{hint} Known: {', '.join(names)}.")
