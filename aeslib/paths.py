"""Where things are, and how they are written: atomically, and never outside their folder."""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aeslib.errors import DataError, StateError

ROOT = Path(os.environ.get("AESLIB_HOME") or Path(__file__).resolve().parent.parent)
"""The project's folder (the one that holds `notebooks/`); `AESLIB_HOME` overrides it."""


PACKAGE = Path(__file__).resolve().parent


def check_folder() -> None:
    """Raise `StateError` where the code that runs is not that of the project folder, or of the folder one works in.

    A copied environment, a PYTHONPATH or another installed aeslib would otherwise run the code of one folder on the
    notebooks of another.
    """
    here = Path.cwd()
    for folder in (ROOT, here, here.parent):
        package = folder / "aeslib"
        if (package / "paths.py").is_file() and (folder / "notebooks").is_dir() and not package.samefile(PACKAGE):
            raise StateError(
                f"the code of {PACKAGE.parent} was to run in the project folder {folder}. Run `./run_all.sh lab` or "
                f"another word in {folder} once: it sets its environment up for this folder. "
                "PYTHONPATH and AESLIB_HOME must not name another copy."
            )


def cache_home() -> Path:
    """The user's cache folder for this project: `$XDG_CACHE_HOME/aeslib` or `~/.cache/aeslib`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aeslib"


def data_root() -> Path:
    """Where data sets lie, one folder per card key: `$AESLIB_DATA`, else `data/` in the cache folder."""
    named = os.environ.get("AESLIB_DATA")
    return Path(named).expanduser().resolve() if named else cache_home() / "data"


def weights_home() -> Path:
    """Where published weights are kept: `weights/` in the cache folder."""
    return cache_home() / "weights"


def named_weights() -> Path | None:
    """The folder that `$AESLIB_WEIGHTS` names, where weights are looked for first and nothing is written."""
    named = os.environ.get("AESLIB_WEIGHTS")
    return Path(named).expanduser().resolve() if named else None


def results_dir(profile: str) -> Path:
    """`results/PROFILE`: tables, figures, executed notebooks and the report."""
    return Path(os.environ.get("AESLIB_RESULTS") or ROOT / "results") / profile


def artifacts_dir(profile: str) -> Path:
    """`artifacts/PROFILE`: trained runs and caches that results are made from."""
    return Path(os.environ.get("AESLIB_ARTIFACTS") or ROOT / "artifacts") / profile


def answers_dir() -> Path:
    """Return the folder of what users answer in the Taste Lab, which `clean` never removes.

    It is `$AESLIB_TASTE`, else `aeslib/taste` in `$XDG_DATA_HOME` (default `~/.local/share`).
    """
    if named := os.environ.get("AESLIB_TASTE"):
        return Path(named).expanduser().resolve()
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "aeslib" / "taste"


def folder_names() -> dict[str, str]:
    """Map this machine's folders to the short names that files meant for others carry; inner folders come first."""
    weights = named_weights()
    names = {
        data_root(): "AESLIB_DATA",
        **({weights: "AESLIB_WEIGHTS"} if weights else {}),
        results_dir(""): "results",
        artifacts_dir(""): "artifacts",
        ROOT: ".",
        Path.home(): "~",
    }
    spellings = {str(path): name for folder, name in names.items() for path in (folder.absolute(), folder.resolve())}
    return {folder: spellings[folder] for folder in sorted(spellings, key=len, reverse=True) if folder != "/"}


def portable(value: Any) -> Any:
    """Return JSON-like `value` with short names in place of this machine's folders in all its texts (not in its keys).

    `/home/ada/aeslib/data_cards/ava.md` becomes `data_cards/ava.md`, another file of that home `~/notes.txt`. Base64
    stays as it is: a folder counts only where a path can begin, also behind a colour code or `file://`.
    """
    return _shortened(value, folder_names())


def _shortened(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_shortened(part, names) for part in value]
    if not isinstance(value, str):
        return value
    for folder, name in names.items():
        if folder in value:
            path = r"((?:^|(?<![\w+/.~-]))|\x1b\[[0-9;]*m|file://)" + re.escape(folder)
            value = re.sub(f"{path}/", r"\1" if name == "." else rf"\1{name}/", value)
            value = re.sub(rf"{path}(?![\w-])(?!\.\w)", rf"\1{name}", value)
    return value


REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
"""What the system answers when a disk is full or a folder may not be written."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise `StateError` where the block cannot write to `path`: the disk is full, read-only or somebody else's."""
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        raise StateError(
            f"{path} cannot be written: {error.strerror}. Make room, or name other folders with AESLIB_RESULTS, "
            "AESLIB_ARTIFACTS, AESLIB_TASTE and XDG_CACHE_HOME; what is finished is kept."
        ) from error


def reserve(path: Path) -> None:
    """Take the room that a sparse file claims: a full disk is an error now, not a dead process at some later page."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
            except OSError as error:
                if error.errno in REFUSED:  # others: an empty file, or a file system that cannot do this
                    raise


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that becomes `path` when the block ends well and vanishes when it does not.

    A reader sees the old file or the new one, never half of one, also after `kill -9`.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:80]}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """Return `folder / (stem + suffix)`, or with the first number after `stem` under which no file lies yet."""
    path, number = folder / f"{stem}{suffix}", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}{suffix}", number + 1
    return path


def rescue_answers(results: Path) -> list[Path]:
    """Move Taste Lab answers that earlier versions kept among results to `answers_dir() / "earlier"`.

    Args:
        results: a folder of `results_dir`.

    Returns:
        The new paths, named after the results folder and the old file; an existing file is never replaced.
    """
    moved = []
    for path in sorted(results.glob("taste-lab*.json")):
        target = free_path(answers_dir() / "earlier", f"{results.name}-{path.stem}", ".json")
        with atomic_path(target) as temporary:
            shutil.copy2(path, temporary)
        path.unlink()
        moved.append(target)
    return moved


def state(path: Path | str) -> str:
    """What changes whenever a file does: its size, and the times of its content and of its entry in the disk's index.

    The last cannot be set by hand, so that a file copied over another with its old time is told apart, too.
    """
    try:
        found = os.stat(path)
    except OSError:
        return "missing"
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def walk(folder: Path | str, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[tuple[str, list[str]]]:
    """Yield every folder below, itself included, with the sorted names of its files; links to folders are followed.

    A link to a folder that it lies in is left alone, so that circles end. Folders that cannot be read are left out.
    """
    try:
        status = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    mark = (status.st_dev, status.st_ino)
    if mark not in above:
        folders = [entry for entry in entries if os.path.isdir(entry.path)]  # False for a link to itself
        yield str(folder), [entry.name for entry in entries if entry not in folders]
        for entry in folders:
            yield from walk(entry.path, above | {mark})


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file `path` while the block runs; others wait. The kernel lets go when a process dies."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def claimed(path: Path, key: str, *, wait: bool) -> Iterator[bool]:
    """Hold the claim on `key`, one of many kept in the file `path`; the kernel lets go when a process dies.

    Yields whether it is ours: False, without `wait`, when another process holds it. One claim of a file at a time.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("a")
    place = int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big")
    with opened as claims:
        try:
            fcntl.lockf(claims, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, place)
        except BlockingIOError:
            yield False
            return
        yield True


def inside(folder: Path, name: str) -> Path:
    """`folder / name`, refused when it would leave `folder` (`..`, absolute, or through a link)."""
    if "\x00" in name or not (target := (folder / name).resolve()).is_relative_to(folder.resolve()):
        raise DataError(f"{name!r} points outside {folder}; names must stay inside their folder.")
    return target
