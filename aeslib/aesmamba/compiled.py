"""The selective scan in C: `scan.c` built by the machine's own compiler on first use, called through ctypes.

It is kept in a folder of the user's cache that nobody else can write; where there is none, each process builds its own.
It is optional. Without a compiler, or where what was built does not give what torch gives, `load` says why and
`aeslib.aesmamba.scan` goes on in pure torch. `AESLIB_COMPILED=0` turns it off.

Letters: L steps · B batch · K independent scans · D channels · N states · T steps of a chunk.
"""

import ctypes
import os
import shutil
import stat
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aeslib.code import content, digest
from aeslib.errors import StateError
from aeslib.paths import cache_home, writing

SOURCE = Path(__file__).with_name("scan.c")
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-w")
COMPILERS = ("gcc", "clang", "cc")
LANES = 16
"""Channels that `scan.c` works on at once (its W)."""
PATIENCE = 60
"""Seconds that a compiler may take; a tenth of one is usual."""


@cache
def load() -> tuple[ctypes.CDLL | None, str]:
    """The library, None where there is none, and one line about it: what built it, or why pure torch is used."""
    if os.environ.get("AESLIB_COMPILED", "1") == "0":
        return None, "pure torch: AESLIB_COMPILED is 0"
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        return None, f"pure torch: no C compiler ({', '.join(COMPILERS)})"
    try:
        return open_library(compiler), f"compiled by {Path(compiler).name}"
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"pure torch: {Path(compiler).name} could not build {SOURCE.name} ({type(error).__name__})"


def open_library(compiler: str) -> ctypes.CDLL:
    """Return the library from the cache folder, else one that is built in a temporary folder and removed once loaded.

    Raises:
        OSError: when neither folder can be written or the library cannot be loaded.
        SubprocessError: when the compiler fails.
    """
    try:
        return ctypes.CDLL(str(build(compiler, private_folder(cache_home() / "compiled"))))
    except (StateError, OSError):  # the cache is read-only, full or not ours alone
        with tempfile.TemporaryDirectory(prefix="aeslib-") as folder:
            return ctypes.CDLL(str(build(compiler, Path(folder))))


def private_folder(folder: Path) -> Path:
    """Make a folder that only this user can write; what is loaded from it runs with this user's rights.

    Raises:
        StateError: when it, or a folder above it, belongs to or can be changed by somebody else, or it is a link.
    """
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink():
        raise StateError(f"{folder} is a link; expected a folder of your own.")
    for place in (folder, *folder.resolve().parents):
        status = place.stat()
        shared = status.st_mode & 0o022 and (place == folder or not status.st_mode & stat.S_ISVTX)
        if shared or status.st_uid not in {os.geteuid(), 0}:
            raise StateError(f"{place} can be changed by others; expected a folder that only you can write.")
    return folder


def build(compiler: str, folder: Path) -> Path:
    """Return the shared library in `folder`, built when this source, compiler and processor are new to it.

    Its name holds the digest of what it was built from and of its own content. One that is a link, belongs to somebody
    else or has another content is built anew.

    Raises:
        OSError: when a folder cannot be written.
        StateError: when the disk is full or the folder read-only.
        SubprocessError: when the compiler fails.
    """
    source = content(SOURCE)

    def run(*options: str, text: bytes = b"") -> bytes:
        command = [compiler, *FLAGS, *options]
        return subprocess.run(command, check=True, input=text, capture_output=True, timeout=PATIENCE).stderr

    plan = run("-###", "-E", "-x", "c", os.devnull)  # what would be run: it names the version and the processor
    stem = f"scan-{digest(source, plan)}"
    ready = next(filter(is_intact, folder.glob(f"{stem}-*.so")), None)
    if ready is not None:
        return ready
    with tempfile.TemporaryDirectory(prefix=f".{stem}-", dir=folder) as place:
        library = Path(place) / "scan.so"
        run("-shared", "-fPIC", "-x", "c", "-", "-o", str(library), text=source)
        return library.replace(folder / f"{stem}-{digest(library)}.so")


def is_intact(library: Path) -> bool:
    """Whether a library is this user's own file, writable by nobody else, with the content that its name says."""
    status = library.lstat()
    private = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return private and library.stem.endswith(f"-{digest(library)}")


def suits(*tensors: Tensor) -> bool:
    """Whether the library can work on these: float32 in main memory, none empty."""
    return all(t.device.type == "cpu" and t.dtype == torch.float32 and t.numel() for t in tensors)


def chunk(states: int) -> int:
    """Steps of a chunk: the states that are kept take at most twice the room of the sequence (N 16)."""
    return min(8, max(4, states // 2))


class CompiledScan(torch.autograd.Function):
    """`aeslib.aesmamba.scan.selective_scan` by the library; all arguments `suits`."""

    @staticmethod
    def forward(ctx: Any, library: ctypes.CDLL, *args: Tensor) -> Tensor:
        args = tuple(t.contiguous() for t in args)
        u, _, A, *_ = args
        (L, B, K, D), N = u.shape, A.shape[1]
        y, starts = torch.empty_like(u), u.new_empty(-(-L // chunk(N)), B, K, N, D)
        _call(library.forward, *args, y, starts, u.new_empty(2 * N, LANES), L, B, K, D, N, chunk(N))
        ctx.save_for_backward(*args, starts)
        ctx.library = library
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        *args, starts = ctx.saved_tensors
        (L, B, K, D), N = args[0].shape, args[2].shape[1]
        du, ddelta, dA, dB, dC, dskip = found = [torch.zeros_like(t) if k in (2, 5) else torch.empty_like(t)
                                                 for k, t in enumerate(args)]  # fmt: skip
        carry, room = torch.zeros_like(starts[0]), starts.new_empty(N * (4 * chunk(N) + 4), LANES)
        _call(ctx.library.backward, *args, starts, dy.contiguous(), du, ddelta, dA, dB, dC, dskip, carry, room,
              L, B, K, D, N, chunk(N))  # fmt: skip
        return None, *found


def _call(function: Any, *args: Tensor | int) -> None:
    """Call into the library: tensors go as addresses, whole numbers as sizes."""
    function(*(ctypes.c_void_p(a.data_ptr()) if isinstance(a, Tensor) else ctypes.c_ssize_t(a) for a in args))
