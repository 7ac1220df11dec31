"""The environment in .venv, for run_all.sh: `relocate OLD NEW` after a move, `check` after an installation.

Needs only the standard library.
"""

import os
import re
import sys
from importlib import metadata
from pathlib import Path

LONGEST_SHEBANG = 127
"""Bytes that every system reads of a script's first line."""


def relocate(old: str, new: str) -> None:
    """Change the path of the environment in its own scripts, from `old` to `new`, where it lies now."""
    for path in sorted((Path(new) / "bin").iterdir()):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if content.startswith(b"#!") or path.name.lower().startswith("activate"):
                changed = _shebang(content.replace(os.fsencode(old), os.fsencode(new)))
                if changed != content:
                    _replace(path, changed)


def _shebang(script: bytes) -> bytes:
    """Return a script whose first line the system can read: long ones, and blanks, need a line for the shell."""
    first, _, rest = script.partition(b"\n")
    command = first.removeprefix(b"#!")
    if not command.startswith(b"/") or b"python" not in command.rpartition(b"/")[2]:
        return script
    if len(first) <= LONGEST_SHEBANG and b" " not in command:
        return script
    return b"#!/bin/sh\n'''exec' \"" + command + b'" "$0" "$@"\n\' \'\'\'\n' + rest


def _replace(path: Path, content: bytes) -> None:
    """Write a file anew: it may be a hard link to that of another folder."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.chmod(path.stat().st_mode)
    beside.replace(path)


def missing() -> list[str]:
    """Return what aeslib needs and this environment lacks, or has in another version, as NAME==VERSION."""
    try:
        requirements = metadata.requires("aeslib") or []
    except metadata.PackageNotFoundError:
        return ["aeslib"]
    pins = [re.fullmatch(r"([\w.-]+)(?:\[.*\])?==([^;\s]+)", line) for line in requirements]
    return [f"{pin[1]}=={pin[2]}" for pin in pins if pin and _version(pin[1]) != pin[2]]


def _version(name: str) -> str:
    """Return the version of an installed package without its build ("+cpu"); empty when it is not installed."""
    try:
        return metadata.version(name).partition("+")[0]
    except metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    if sys.argv[1] == "relocate":
        relocate(*sys.argv[2:])
    elif lacking := missing():
        sys.exit(
            f"run_all.sh: pip or uv ended well, but {sys.prefix} lacks {', '.join(lacking)}. A setting may lead them "
            "elsewhere (target, prefix, root, python, system); see `pip config list` and uv.toml."
        )
