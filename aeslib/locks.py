"""Locks of results and artifacts folders: one run at a time writes results, and nothing is removed under a run."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from aeslib.errors import StateError
from aeslib.paths import artifacts_dir, writing


def alive(pid: str) -> bool:
    """Tell whether a process of that number runs."""
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def folder_lock(folder: Path, *, shared: bool = False, patience: float = 10) -> Iterator[int]:
    """Hold the lock of a results or artifacts folder; yield its file descriptor for children to keep open.

    Args:
        folder: is made when it is not there.
        shared: others may hold the lock, too, if they share it.
        patience: seconds that remains of a killed run get to end.

    Raises:
        StateError: when a living process holds the lock.
    """
    until = time.monotonic() + patience
    while True:
        with _open_lock(folder) as lock:
            try:
                fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                if _living(lock) or time.monotonic() > until:
                    raise StateError(_busy(folder, lock)) from None
            else:
                if _is_at(lock, folder):  # else `clean` took the folder away meanwhile
                    others = _living(lock) if shared else []
                    with writing(folder):
                        _write(lock, [*others, str(os.getpid())])
                    yield lock.fileno()
                    _write(lock, [pid for pid in _living(lock) if pid != str(os.getpid())])
                    return
        time.sleep(0.1)


def _open_lock(folder: Path) -> TextIO:
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / ".lock").open("a+")


def _is_at(lock: TextIO, folder: Path) -> bool:
    """Tell whether an open lock file is still the one of its folder."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(lock.fileno()), os.stat(folder / ".lock"))
    return False


def _pids(lock: TextIO) -> list[str]:
    """Return the numbers of the processes that a lock file names."""
    lock.seek(0)
    return lock.read().split()


def _living(lock: TextIO) -> list[str]:
    """Return the numbers of the processes that a lock file names and that run."""
    return [pid for pid in _pids(lock) if alive(pid)]


def _write(lock: TextIO, pids: list[str]) -> None:
    """Name the processes that hold a lock in its file."""
    lock.truncate(0)
    lock.write(" ".join(pids))
    lock.flush()


def _busy(folder: Path, lock: TextIO) -> str:
    """Say who holds a lock, and what to do."""
    if pids := _living(lock):
        place = f"uses {folder}" if folder == artifacts_dir(folder.name) else "is going on"
        return f"another run of {folder.name!r} {place} (process {', '.join(pids)}); wait for it or stop it."
    return (
        f"processes of an ended run (process {', '.join(_pids(lock)) or 'unknown'}) still use {folder}; "
        f"`fuser {folder / '.lock'}` lists them: stop them, then run again."
    )
