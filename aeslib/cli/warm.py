"""Notebooks of a local run as forks of one process that has already imported what they import.

Starting Python, papermill and a kernel and importing torch takes seconds; forking a process that has done so takes
none. `serving` starts that process for a run; `ask` hands it the command of one notebook, for which it forks twice: one
child runs papermill, the other waits to become the kernel. Whoever asked and is gone takes what works for it along.
"""

import ast
import builtins
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from select import select
from types import SimpleNamespace

from aeslib import code
from aeslib.cli.process import LOGGING, SOMEBODY, STARTER, kill_tree, stop
from aeslib.cli.scratch import scratch_folder

DOOR = "AESLIB_WARM"
"""Names the socket of the process that forks, in the environment of a run's jobs."""
ALWAYS = ("aeslib.cli.engine", "aeslib.cli.kernel", "ipykernel.kernelapp")
"""What every notebook needs."""
LARGEST = 1 << 20
"""Bytes of a request: a command with its environment."""


# --- the run's side ---


@contextlib.contextmanager
def serving(notebooks: Sequence[Path], keep: Sequence[int]) -> Iterator[dict[str, str]]:
    """While the block runs, the environment it yields lets `ask` find a process that forks, where that pays.

    What jobs leave in their folder for temporary files goes with the block, also where they are killed.

    Args:
        notebooks: that will run here; empty on a cluster, whose machines have temporary folders of their own.
        keep: file descriptors that everything started here keeps open.
    """
    if not notebooks:
        yield {}
        return
    with scratch_folder() as folder:
        own = {"TMPDIR": str(folder)}
        if sys.platform != "linux" or len(notebooks) < 2:  # elsewhere such forks are not safe
            yield own
            return
        command = [sys.executable, "-m", __name__, f"{folder}/door", *ALWAYS, *shared(notebooks)]
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, pass_fds=keep, env=os.environ | LOGGING | own,
        )  # fmt: skip
        try:
            yield {DOOR: f"{folder}/door"} | own
        finally:
            stop(server)


def shared(notebooks: Iterable[Path]) -> list[str]:
    """Modules that at least two of these notebooks import, sorted."""
    seen = Counter(name for path in notebooks for name in modules(path))
    return sorted(name for name, times in seen.items() if times > 1)


def modules(path: Path) -> set[str]:
    """Modules that the cells of a notebook import, functions aside; none when it is not Python."""
    try:
        body = ast.parse(code.notebook_source(path)).body
    except SyntaxError:
        return set()
    found = {alias.name for node in body if isinstance(node, ast.Import) for alias in node.names}
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {node.module, *filter(code.module_file, within)}
    return found


# --- the job's side ---


def ask(words: Sequence[str]) -> int | None:
    """Let the process that forks run `python -m aeslib WORDS` in this one's place; gives its exit code.

    None when there is no such process: then this one has to do it.
    """
    if DOOR not in os.environ:
        return None
    environment = {name: value for name, value in os.environ.items() if name != DOOR} | {STARTER: SOMEBODY}
    request = json.dumps({"words": list(words), "folder": os.getcwd(), "environment": environment}).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        try:
            line.connect(os.environ[DOOR])
            socket.send_fds(line, [request], [1, 2])
            answer = line.recv(1)
        except OSError:  # it is gone and has not begun, or the environment is too long to send
            return None
        return answer[0] if answer else 1  # empty: it was killed at work


# --- the process that forks ---


def serve(door: str, names: Iterable[str]) -> None:
    """Import, then fork for each request until whoever holds the other end of our standard input is gone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as entrance:
        entrance.bind(door)
        entrance.listen(128)
        with like_a_kernel(), killed_with_parent():  # importing takes seconds in which nobody looks at standard input
            for name in names:
                with contextlib.suppress(Exception):  # the notebook that needs it will say what is wrong
                    import_module(name)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for these children
        while sys.stdin not in select([entrance, sys.stdin], [], [])[0]:
            line = entrance.accept()[0]
            if os.fork() == 0:
                entrance.close()
                work(line)
            line.close()
    kill_tree(os.getpid(), root=False)


@contextlib.contextmanager
def killed_with_parent() -> Iterator[None]:
    """Let the system kill this process when the one that started it ends during the block, however it ends (Linux)."""
    set_signal = partial(ctypes.CDLL(None).prctl, 1)  # PR_SET_PDEATHSIG
    set_signal(signal.SIGKILL)
    if sys.stdin in select([sys.stdin], [], [], 0)[0]:  # it ended before
        os._exit(1)
    try:
        yield
    finally:
        set_signal(0)


@contextlib.contextmanager
def like_a_kernel() -> Iterator[None]:
    """Packages that are imported in the block find what they look for to learn whether they are in a kernel."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # matplotlib
    vars(builtins)["get_ipython"] = lambda: SimpleNamespace(kernel=None)  # pandas
    try:
        yield
    finally:
        del os.environ["MPLBACKEND"], vars(builtins)["get_ipython"]


def work(line: socket.socket) -> None:
    """In a child: do what is asked over `line`, answer with the exit code, and end."""
    result = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        request, streams, _, _ = socket.recv_fds(line, LARGEST, 2)
        asked = json.loads(request)
        for place, stream in enumerate([os.open(os.devnull, os.O_RDONLY), *streams]):
            os.dup2(stream, place)
            os.close(stream)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])

        from aeslib.cli import kernel, main

        kernel.offer(kernel.Waiting(line.fileno()))
        threading.Thread(target=end_with, args=(line,), daemon=True).start()
        result = main(asked["words"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        with contextlib.suppress(OSError):
            line.send(bytes([result]))
        os._exit(result)


def end_with(line: socket.socket) -> None:
    """End this process and its children when the one that asked is gone."""
    line.recv(1)
    kill_tree(os.getpid(), root=False)
    os._exit(1)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
