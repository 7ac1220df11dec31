"""Arrays that are computed once and kept on disk. One that is no longer as it was left is made again."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from aeslib.code import unchanged
from aeslib.numerics import one_thread
from aeslib.paths import atomic_path, exclusive, write_text


def as_left(path: Path) -> str:
    """Size and time of an array's file, noted when it is finished."""
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}"


def kept(path: Path, make: Callable[[Path], None], files: Sequence[Path] = ()) -> np.ndarray:
    """The array in the file `path`, read-only and memory-mapped.

    Args:
        path: a name that tells everything that the array depends on, ending in `.npy`.
        make: writes the array to the path that it is given, when there is none or it was changed since. Two processes
            that want the same one wait for each other. It runs with one thread, so that their number changes nothing.
        files: of the library, whose contents the name stands for.

    Raises:
        StateError: when one of `files` has changed since this process imported the library; nothing is kept then.
    """
    seal = path.with_suffix(".seal")

    def whole() -> bool:
        try:
            return seal.read_text(encoding="utf-8") == as_left(path)
        except (OSError, UnicodeDecodeError):
            return False

    if not whole():
        with exclusive(path.with_suffix(".lock")):
            if not whole():
                for left in path.parent.glob(f".{path.stem[:80]}-*"):  # by processes that were killed
                    left.unlink()
                with atomic_path(path) as temporary, unchanged(files), one_thread():
                    make(temporary)
                write_text(seal, as_left(path))
    return np.load(path, mmap_mode="r", allow_pickle=False)
