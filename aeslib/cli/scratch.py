"""Folders for a run's temporary files and sockets: short paths, locked while in use, removed also after a kill."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aeslib.errors import StateError

PREFIX = "aeslib-"
LOCK = ".lock"
"""File in each folder; its owner holds the lock on it, and the system releases the lock when the owner dies."""
LONGEST_SOCKET = 103
"""Bytes that the path of a socket may have (104 with its end on macOS, 108 on Linux)."""
SHORT_PLACES = ("/tmp", "/var/tmp", "/dev/shm")


@contextmanager
def scratch_folder(room: int = 48) -> Iterator[Path]:
    """Yield a new folder for temporary files, in the user's temporary folder; it is removed at the end.

    Its path is short enough for sockets: where the user's folder has a long one, a link in a short place leads to it.

    Args:
        room: bytes that paths below the folder need.

    Raises:
        StateError: when no folder for temporary files can be written.
    """
    remove_remains()
    with _locked_folder([_user_place()]) as folder:
        if len(os.fsencode(folder)) + room <= LONGEST_SOCKET:
            yield folder
            return
        with _locked_folder(SHORT_PLACES) as beside:
            link = beside / "t"
            link.symlink_to(folder)
            yield link


def remove_remains() -> None:
    """Remove the folders that killed processes of this user left behind: nobody holds their locks."""
    places = {_user_place(), *map(Path, SHORT_PLACES)}
    for folder in [path for place in places for path in place.glob(f"{PREFIX}*")]:
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with (folder / LOCK).open("r+") as lock:  # a folder without this file is not ours
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


def _user_place() -> Path:
    """Return the user's temporary folder: `$TMPDIR`, or what the system offers where that cannot be written."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise StateError(f"{error.strerror}; set TMPDIR to a folder that can be written.") from error


@contextmanager
def _locked_folder(places: Iterable[str | Path]) -> Iterator[Path]:
    """Yield a new folder in the first place that can be written; it is removed at the end."""
    folder = _new_folder(places)
    try:
        with (folder / f"{LOCK}-").open("w") as lock:
            with suppress(OSError):  # a file system without locks: the folder is left alone after a kill
                fcntl.flock(lock, fcntl.LOCK_EX)
                os.rename(lock.name, folder / LOCK)  # only now, so that nobody else locks it first
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder(places: Iterable[str | Path]) -> Path:
    """Return a new folder, readable by this user only, in the first place that can be written."""
    for place in places:
        with suppress(OSError):
            return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    raise StateError(f"no folder for sockets can be made in {', '.join(map(str, places))}; free or unlock one of them.")
