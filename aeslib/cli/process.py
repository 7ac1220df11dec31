"""What every process of a run shares: its environment, dying with its parent, measuring itself."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aeslib.errors import StateError
from aeslib.numerics import THREADS
from aeslib.paths import ROOT, cache_home, writing
from aeslib.schema import skip_iri_grammar

MEMORY = {"hugetlb": 1, "mmap_threshold": 32 << 20, "trim_threshold": 1 << 30, "top_pad": 32 << 20}
"""Tunables of glibc's malloc: large pages, and memory that is freed stays with the process for the next step of a
training. Otherwise a step of a small network spends a tenth of its time on giving memory back and taking it again."""
FOLDERS = (
    "AESLIB_RESULTS", "AESLIB_ARTIFACTS", "AESLIB_DATA", "AESLIB_WEIGHTS", "AESLIB_TASTE", "XDG_CACHE_HOME",
)  # fmt: skip
"""Folders that the user may name, from the folder that a command starts in."""
LOGGING = {"PYTHONIOENCODING": "utf-8:backslashreplace"}
"""Environment of processes that write logs: these are UTF-8, whatever the terminal takes."""
STARTER = "AESLIB_RUN_STARTER"
"""Set for the processes of a run to the number of the process that starts them: they end when it is gone."""
SOMEBODY = "0"
"""In its place where the starter is not known beforehand: on a cluster, in a fork."""


def own_environment() -> None:
    """Make this process and its children independent of the user's settings, and repeatable.

    One thread a process (the run uses several processes), this project's code, this environment's own kernel, no
    start-up files.
    """
    os.environ.update(THREADS)
    os.environ["GLIBC_TUNABLES"] = ":".join(f"glibc.malloc.{name}={value}" for name, value in MEMORY.items())
    os.environ.update(PYTHONHASHSEED="0", PYTHONNOUSERSITE="1", JUPYTER_PREFER_ENV_PATH="1")
    os.environ.update(AESLIB_HOME=str(ROOT), PYTHONPATH=search_path())
    for name in FOLDERS:
        if os.environ.get(name):
            os.environ[name] = os.path.abspath(Path(os.environ[name]).expanduser())  # jobs start in other folders
    home = cache_home() / "jupyter"
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        os.environ[name] = str(home / name.lower())
        with writing(home):
            home.parent.mkdir(parents=True, exist_ok=True)
            home.mkdir(mode=0o700, exist_ok=True)
            Path(os.environ[name]).mkdir(exist_ok=True)
    refuse_foreign_files(home)
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "MPLBACKEND", "MATPLOTLIBRC"):
        os.environ.pop(name, None)
    skip_iri_grammar()


def refuse_foreign_files(folder: Path) -> None:
    """Raise `StateError` when the folder or something in it is another user's: Jupyter runs the Python files there."""
    for path in (folder, *folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # another job's, which removed it
            if path.lstat().st_uid != os.geteuid():
                raise StateError(
                    f"{path} belongs to another user, and Jupyter would run what lies there; "
                    "remove it, or name a cache folder of your own with XDG_CACHE_HOME."
                )


def search_path() -> str:
    """Return PYTHONPATH for the processes of a run: they import the code that runs here, wherever they start."""
    package = str(Path(__file__).parents[2])
    others = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place not in {"", package}]
    return os.pathsep.join([package, *others])


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def kill_tree(pid: int, *, root: bool = True) -> None:
    """End a process's descendants, and with `root` the process itself, at once."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in [*([parent] if root else []), *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def die_with_starter(poll: float = 0.25) -> None:
    """In a process of a run: end with its children within `poll` seconds of its parent's end, however that came.

    A parent that ended while this process was starting counts, too.
    """
    starter, parent = os.environ.get(STARTER), os.getppid()
    if starter is None:
        return
    if starter not in {str(parent), SOMEBODY}:
        os._exit(1)
    os.environ[STARTER] = SOMEBODY  # of what this process starts

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(poll)
        kill_tree(os.getpid(), root=False)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@dataclass
class Peak:
    """Peak memory, in MB."""

    mb: float = 0.0


@contextlib.contextmanager
def peak_memory(poll: float = 0.2) -> Iterator[Peak]:
    """Watches, while the block runs, what this process takes on top of what it had, and all of its children."""
    import psutil

    peak, over, own = Peak(), threading.Event(), psutil.Process()
    had = own.memory_info().rss

    def measure() -> None:
        total = -had
        for process in [own, *own.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        peak.mb = max(peak.mb, total / 2**20)

    def watch() -> None:
        while not over.wait(poll):
            measure()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
        measure()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a child with everything that it started, and wait for it."""
    kill_tree(process.pid)
    process.wait()
