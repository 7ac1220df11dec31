"""The library's files as they were when this process first imported it.

A result belongs to the code in memory, and a file may be edited while a kernel or a run lives. So keys are made from
this snapshot and never from the disk, and `aeslib.code.unchanged` says when the two are no longer the same.
"""

import os

PACKAGE = os.path.dirname(os.path.realpath(__file__))


def read_files(folder: str) -> dict[str, bytes]:
    """Return the content of every file below a folder, caches of bytecode left out, by its path."""
    contents = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                contents[path] = file.read()
    return contents


FILES: dict[str, bytes] = globals().get("FILES") or read_files(PACKAGE)
"""Path of every file of the package → its content; a module that is reloaded does not change it."""
