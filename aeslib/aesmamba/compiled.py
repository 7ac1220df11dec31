"""The selective scan in C: `scan.c` built by the machine's own compiler on first use, called through ctypes.

It is optional. Without a compiler, or where what was built does not give what torch gives, `load` says why and
`aeslib.aesmamba.scan` goes on in pure torch. `AESLIB_COMPILED=0` turns it off.

Letters: L steps · B batch · K independent scans · D channels · N states · T steps of a chunk.
"""

import ctypes
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aeslib.code import digest
from aeslib.paths import atomic_path, cache_home

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
        return ctypes.CDLL(str(build(compiler))), f"compiled by {Path(compiler).name}"
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"pure torch: {Path(compiler).name} could not build {SOURCE.name} ({type(error).__name__})"


def build(compiler: str) -> Path:
    """The shared library in the user's cache folder, built when this source, compiler and processor are new to it.

    Raises:
        OSError: when a folder cannot be written.
        SubprocessError: when the compiler fails.
    """

    def run(*options: str) -> bytes:
        return subprocess.run(
            [compiler, *FLAGS, *options], check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE
        ).stderr

    plan = run("-###", "-E", "-x", "c", os.devnull)  # what would be run: it names the version and the processor
    made = cache_home() / "compiled" / f"scan-{digest(SOURCE, plan)}.so"
    if not made.is_file():
        with atomic_path(made) as temporary:
            run("-shared", "-fPIC", str(SOURCE), "-o", str(temporary))
    return made


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
